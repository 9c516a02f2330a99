"""Is the selection of tests sound, and what does it save? Real projects, mutants and historic commits.

    python -m bench selection [--count N] [--files N] [--project NAME]... [--seed S]
                              [--history NAME=REPOSITORY]... [--commits N] [--verbose]

Per project, sources with one thing changed each (`--count`), and files that are deleted, moved, or come
(`--files`). For each change the whole suite is run by plain pytest in a copy of the tree. A change is
`missed`, so that it would be accepted wrongly, if tests fail there, and not on the base, of which none is
selected; and, where that run comes to no end, if a run of those selected looks green. `stray` are failing
tests that are not selected where others are: a file that one test leaves open can fail whichever test is
running when the garbage is collected. Prints the mean share of tests, and of the tests' seconds, that is
selected, and for how many changes everything is (`whole`; why, with `--verbose`); exits 1 if any change was
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pygit2

from assay.gates.testing import kinds, readmap, units
from assay.gates.testing.impact import Impact, impact
from assay.gates.testing.reads import ReadMap
from assay.grade.workbench import Workbench
from assay.ledger.ledger import Ledger
from assay.model.candidate import Base, Change, ChangeKind, Oid
from assay.policy.load import load, nothing_on_the_base
from assay.repo.diff import changes
from assay.repo.repository import Repository
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from bench.projects import PROJECTS, Checkout, checkout

_PLUGIN = """
import json, os
outcomes = {}
def pytest_runtest_logreport(report):
    if report.outcome == "failed" or (report.when == "call" and report.outcome == "passed"):
        outcomes[report.nodeid] = outcomes.get(report.nodeid, True) and report.outcome == "passed"
def pytest_collection_modifyitems(items):
    if os.environ["SELECTED"]:
        with open(os.environ["SELECTED"]) as stream:
            wanted = set(stream.read().splitlines())
        items[:] = [item for item in items if item.nodeid in wanted]
def pytest_sessionfinish(session):
    with open(os.environ["OUTCOMES"], "w") as stream:
        json.dump(outcomes, stream)
"""
_OPERATORS = {
    "==": "!=", "!=": "==", " < ": " >= ", " > ": " <= ", " <= ": " > ", " and ": " or ", " or ": " and ",
    " + ": " - ", " - ": " + ", "True": "False", "False": "True", " not ": " ", " is None": " is not None",
    " 0": " 1", " 1": " 2", "return ": "return None and ", "raise ": "return ", "self._": "self.__x_",
    " in ": " not in ", "if ": "if not ", "None": "0",
}  # fmt: skip
_MUTABLE = re.compile("|".join(re.escape(operator) for operator in sorted(_OPERATORS, key=len, reverse=True)))


@dataclass(frozen=True)
class Case:
    """One change: what it is called, the changes, and the bytes that they put in the tree."""

    name: str
    changes: tuple[Change, ...]
    blobs: Callable[[str], bytes]


@dataclass
class Score:
    """What came of a project's changes."""

    changes: int = 0
    whole: int = 0
    failing: int = 0
    killed: int = 0
    missed: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    tests: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    whys: dict[str, int] = field(default_factory=dict)


def main(argv: list[str]) -> int:
    """Run the proof; exits 1 if a test was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench selection", description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="mutants per project")
    parser.add_argument("--files", type=int, default=10, help="files deleted, moved or added per project")
    parser.add_argument("--commits", type=int, default=10, help="historic commits per repository given")
    parser.add_argument("--project", action="append", default=[], help="only these projects")
    parser.add_argument("--history", action="append", default=[], metavar="NAME=REPOSITORY")
    parser.add_argument("--seed", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(argv)
    chosen = [project for project in PROJECTS if not options.project or project.name in options.project]
    histories = dict(each.split("=", 1) for each in options.history)
    heads = ("changes", "killed", "failing", "missed", "stray", "whole", "tests", "time")
    print(f"{'project':<24}{''.join(f'{head:>9}' for head in heads)}")
    missed = 0
    for project in chosen:
        ready = checkout(project)
        with tempfile.TemporaryDirectory(prefix="assay-selection-") as scratch:
            found = anyio.run(_mutants, ready, Path(scratch), options.count, options.files, options.seed)
            missed += _show(project.name, found, options.verbose)
            if project.name in histories and options.commits:
                found = anyio.run(
                    _history, ready, Path(scratch), Path(histories[project.name]), options.commits
                )
                missed += _show(f"{project.name} (history)", found, options.verbose)
    return 1 if missed else 0


def _show(name: str, score: Score, verbose: bool) -> int:
    mean = [sum(each) / max(1, len(each)) for each in (score.tests, score.seconds)]
    print(
        f"{name:<24}{score.changes:>9}{score.killed:>9}{score.failing:>9}{len(score.missed):>9}"
        f"{len(score.stray):>9}{score.whole:>9}{mean[0]:>9.0%}{mean[1]:>9.0%}",
        flush=True,
    )
    for each in score.missed[:20]:
        print(f"    missed: {each}")
    if verbose:
        for each in score.stray[:20]:
            print(f"    stray: {each}")
        for why, count in sorted(score.whys.items(), key=lambda item: -item[1]):
            print(f"    {count} x {why}")
    return len(score.missed)


async def _mutants(ready: Checkout, scratch: Path, count: int, files: int, seed: str) -> Score:
    repo = Repository(pygit2.Repository(str(ready.repo)), ready.repo, None)
    base = repo.head()
    score = Score()
    reads = await _learn(repo, base, scratch)
    plain = _Plain(ready, repo, base.tree, scratch / "tree")
    rng = random.Random(f"{ready.project.name}{seed}")
    for case in _mutations(repo, reads, base.tree, rng, count):
        _judge(score, reads, case, plain)
    for case in _rearrangements(repo, reads, base.tree, rng, files):
        _judge(score, reads, case, plain)
    return score


async def _history(ready: Checkout, scratch: Path, mirror: Path, count: int) -> Score:
    """The latest commits before the release that the environment was made for, each against its parent."""
    git = pygit2.Repository(str(mirror))
    repo = Repository(git, ready.repo, None)
    score = Score()
    for commit in _commits(git, ready, count):
        parent = commit.parents[0]
        base = Base(commit=Oid(str(parent.id)), tree=Oid(str(parent.tree_id)))
        tree = str(commit.tree_id)
        shutil.rmtree(scratch / "tree", ignore_errors=True)
        reads = await _learn(repo, base, scratch)
        plain = _Plain(ready, repo, base.tree, scratch / "tree")
        case = Case(f"{commit.id}"[:10], changes(repo, base.tree, tree), repo.blob)
        _judge(score, reads, case, plain)
    return score


def _commits(git: pygit2.Repository, ready: Checkout, count: int) -> Iterator[pygit2.Commit]:
    names = (f"v{ready.project.old}", ready.project.old, f"{ready.project.old}.0")
    tag = next(name for name in names if f"refs/tags/{name}" in git.references)
    found = 0
    for commit in git.walk(git.revparse_single(tag).peel(pygit2.Commit).id):
        if found == count:
            return
        if len(commit.parents) != 1:
            continue
        paths = [delta.new_file.path for delta in commit.tree.diff_to_tree(commit.parents[0].tree).deltas]
        if any(path.endswith(".py") for path in paths):
            found += 1
            yield commit


async def _learn(repo: Repository, base: Base, scratch: Path) -> ReadMap:
    found = probe(None, {**os.environ, "ASSAY_CACHE_DIR": str(scratch / "cache")})
    async with open_sandbox(found, lambda _call: None) as sandbox:
        with LayerStore.open(repo, found) as layers, Ledger.open(scratch / "ledger") as ledger:
            async with anyio.create_task_group() as tasks:
                bench = Workbench(
                    repo=repo,
                    base=base,
                    policy=load("default", default_pack="default", base_reader=nothing_on_the_base),
                    sandbox=sandbox,
                    layers=layers,
                    ledger=ledger,
                    tasks=tasks,
                    observer=lambda _event: None,
                    environ=os.environ,
                )
                reads = await readmap.learn(bench, base.tree)
                tasks.cancel_scope.cancel()
    return reads


def _judge(score: Score, reads: ReadMap, case: Case, plain: _Plain) -> None:
    now = plain.with_changes(case)
    found = impact(reads, case.changes, case.blobs)
    score.changes += 1
    if now is None:
        score.killed += 1
        some = plain.with_changes(case, found.tests) if found.tests is not None else None
        if some is not None and all(
            some.get(test) is fine for test, fine in plain.base.items() if test in some
        ):
            score.missed.append(f"{case.name}: that pytest comes to no end")
    else:
        failing = {test for test, fine in plain.base.items() if fine and not now.get(test, False)}
        score.killed += bool(failing)
        score.failing += len(failing)
        beside = {test for test in failing if found.tests is not None and not _selected(found, test)}
        if beside and beside == failing:
            score.missed.append(f"{case.name}: {min(beside)}")
        elif beside:
            score.stray += [f"{case.name}: {test}" for test in sorted(beside)]
    score.whole += found.tests is None
    score.tests.append(_share(reads, found, lambda _index: 1.0))
    score.seconds.append(_share(reads, found, lambda index: reads.seconds[index]))
    why = re.sub(r"\d+ of", "n of", found.why) if found.tests is None else "selected"
    score.whys[why] = score.whys.get(why, 0) + 1


def _selected(found: Impact, test: str) -> bool:
    return found.tests is None or test in found.tests or test.split("::", 1)[0] in found.files


def _share(reads: ReadMap, found: Impact, weight: Callable[[int], float]) -> float:
    if found.tests is None:
        return 1.0
    indices = range(len(reads.tests))
    chosen = sum(weight(index) for index in indices if reads.tests[index] in found.tests)
    return chosen / max(1e-9, sum(map(weight, indices)))


def _mutations(repo: Repository, reads: ReadMap, tree: str, rng: random.Random, count: int) -> Iterator[Case]:
    """Sources with one thing changed each, three of four in a function; those that parse."""
    sources = [path for path in sorted(reads.modules) if path not in set(reads.files)]
    sources = [path for path in sources if "test" not in path] or sources
    made = 0
    while made < count:
        path = rng.choice(sources)
        entry = repo.entry(tree, path)
        assert entry is not None
        text = repo.blob(entry.blob).decode()
        places = list(_MUTABLE.finditer(text))
        if not places:
            continue
        place = rng.choice(places)
        new = (text[: place.start()] + _OPERATORS[place.group()] + text[place.end() :]).encode()
        names = units.changed(text.encode(), new)
        if not names or (units.MODULE in names) != (made % 4 == 3):
            continue
        made += 1
        blobs = {"old": text.encode(), "new": new}
        change = Change(
            kind=ChangeKind.MODIFIED,
            path=path,
            old_path=path,
            old_mode=entry.mode,
            new_mode=entry.mode,
            old_blob="old",
            new_blob="new",
        )
        line = text.count("\n", 0, place.start()) + 1
        name = f"{path}:{line} {place.group().strip()!r} -> {_OPERATORS[place.group()].strip()!r}"
        yield Case(name, (change,), blobs.__getitem__)


def _rearrangements(
    repo: Repository, reads: ReadMap, tree: str, rng: random.Random, count: int
) -> Iterator[Case]:
    """Files that go, that are moved to another name, or that come: empty ones under names that the run looked
    for, or that modules of others have."""
    paths = [
        entry.path for entry in repo.files(tree) if kinds.plain(entry.mode) and not kinds.decides(entry.path)
    ]
    loaded = sorted(set(reads.modules) & set(paths))
    words = sorted({name.rpartition(".")[2] for name in reads.attempted | reads.loaded})
    for index in range(count):
        old = rng.choice(paths if index % 2 else loaded)
        directory, name = posixpath.split(rng.choice(loaded))
        new = posixpath.join(directory, f"{rng.choice(words)}.py" if index % 3 == 2 else f"moved_{name}")
        entry = repo.entry(tree, old)
        assert entry is not None
        gone = _change(ChangeKind.DELETED, old, entry.mode)
        come = _change(ChangeKind.ADDED, new, 0o100644)
        data = b"" if index % 3 == 2 else repo.blob(entry.blob)
        changed = ((gone,), (gone, come), (come,))[index % 3]
        if repo.entry(tree, new) is not None and come in changed:
            continue
        read = {"new": data, "old": repo.blob(entry.blob)}
        name = ", ".join(f"{change.path} is {change.kind}" for change in changed)
        yield Case(name, changed, lambda blob, read=read: read[blob] if blob in read else repo.blob(blob))


def _change(kind: ChangeKind, path: str, mode: int) -> Change:
    gone = kind is ChangeKind.DELETED
    return Change(
        kind=kind,
        path=path,
        old_path=path,
        old_mode=mode if gone else 0,
        new_mode=0 if gone else mode,
        old_blob="old" if gone else "",
        new_blob="" if gone else "new",
    )


class _Plain:
    """Plain pytest over a copy of a tree."""

    def __init__(self, ready: Checkout, repo: Repository, tree: str, place: Path) -> None:
        self._ready = ready
        self._place = place
        for entry in repo.files(tree):
            target = place / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode & 0o170000 == 0o100000:
                target.write_bytes(repo.blob(entry.blob))
                target.chmod(entry.mode & 0o777)
        (place.parent / "assay_bench_outcomes.py").write_text(_PLUGIN)
        self.base = self._run(None) or {}

    def with_changes(self, case: Case, select: Collection[str] | None = None) -> dict[str, bool] | None:
        """Whether each test passes with the changes, or each of `select`; None if pytest comes to no end. The
        copy is as before afterwards."""
        before: dict[Path, bytes | None] = {}
        for change in case.changes:
            for path in {change.old_path, change.path}:
                target = self._place / path
                before[target] = target.read_bytes() if target.exists() else None
            if change.old_path != change.path or not change.new_blob:
                (self._place / change.old_path).unlink(missing_ok=True)
            if change.new_blob:
                target = self._place / change.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(case.blobs(change.new_blob))
        try:
            return self._run(select)
        finally:
            for target, data in before.items():
                if data is None:
                    target.unlink(missing_ok=True)
                else:
                    target.write_bytes(data)

    def _run(self, select: Collection[str] | None) -> dict[str, bool] | None:
        outcomes = self._place.parent / "outcomes.json"
        outcomes.unlink(missing_ok=True)
        if select is not None:
            (self._place.parent / "selected.txt").write_text("\n".join(sorted(select)))
        source = self._place / "src" if (self._place / "src").is_dir() else self._place
        environ = {
            **os.environ,
            "PYTHONPATH": f"{source}{os.pathsep}{self._place.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "OUTCOMES": str(outcomes),
            "SELECTED": str(self._place.parent / "selected.txt") if select is not None else "",
        }
        python = str(self._ready.repo / ".venv" / "bin" / "python")
        argv = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "assay_bench_outcomes"]
        argv += ["--continue-on-collection-errors", "--maxfail=0", *self._ready.project.test_args]
        try:
            subprocess.run(
                argv, cwd=self._place, env=environ, capture_output=True, check=False, timeout=90,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        return json.loads(outcomes.read_text()) if outcomes.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
