"""Do the conflicts that are found exist, and do the pairs that are cleared work? Real pairs of real commits.

    python -m bench pairs --history NAME=REPOSITORY... [--count N] [--near N] [--static] [--verbose]

Two commits near each other in a project's history, each with tests of its own, are put on one base (the
parent of the earlier one) by three-way merge. A pair counts if each side alone passes the test files that it
touches. The combination is then tested with both sides' test files, which says whether the two truly work.
Prints, of the pairs that merge textually, how many work and how many of those a proven edge forbids (the aim:
at most 5 in 100), and how many do not work and are cleared all the same. `--static` runs no tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from assay.delta.testnames import is_test_path
from assay.model.candidate import Base, Candidate, Oid
from assay.model.report import Confidence, Conflict
from assay.patchset.combine import Combined, combine
from assay.patchset.graph import graph
from assay.repo.diff import changes
from assay.repo.merge import Merged, merge
from assay.repo.repository import Repository
from bench.projects import PROJECTS, Project, checkout

_SECONDS = 300


@dataclass(frozen=True)
class Feature:
    """A commit that changes code and tests."""

    commit: str
    title: str
    tree: str
    parent_tree: str


@dataclass
class Score:
    """What came of a project's pairs."""

    pairs: int = 0
    alone: int = 0
    textual: int = 0
    works: int = 0
    forbidden: list[str] = field(default_factory=list)
    suspected_works: int = 0
    broken: int = 0
    caught: int = 0
    suspected: int = 0
    admitted: list[str] = field(default_factory=list)
    edges: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def main(argv: list[str]) -> int:
    """Run it; exits 1 if more than one of twenty working pairs was forbidden."""
    parser = argparse.ArgumentParser(prog="python -m bench pairs", description=__doc__)
    parser.add_argument("--history", action="append", default=[], metavar="NAME=REPOSITORY")
    parser.add_argument("--count", type=int, default=12, help="pairs per project")
    parser.add_argument("--near", type=int, default=6, help="how many feature commits lie between at most")
    parser.add_argument("--static", action="store_true", help="run no tests: every pair is taken to work")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(argv)
    known = {project.name: project for project in PROJECTS}
    heads = ("pairs", "alone", "text", "works", "false", "maybe", "broken", "caught", "missed", "plan ms")
    print(f"{'project':<16}{''.join(f'{head:>9}' for head in heads)}")
    total = Score()
    for each in options.history:
        name, _, place = each.partition("=")
        with tempfile.TemporaryDirectory(prefix="assay-pairs-") as scratch:
            project = known[name] if not options.static else Project(name, "", "")
            score = _project(project, Path(place), Path(scratch), options)
        _show(name, score, options.verbose)
        total.works += score.works
        total.forbidden += score.forbidden
    if total.works:
        print(f"admitted of those that work: {1 - len(total.forbidden) / total.works:.1%} of {total.works}")
    return 1 if len(total.forbidden) * 20 > total.works else 0


def _show(name: str, score: Score, verbose: bool) -> None:
    cells = (
        score.pairs,
        score.alone,
        score.textual,
        score.works,
        len(score.forbidden),
        score.suspected_works,
        score.broken,
        score.caught,
        len(score.admitted),
        round(1000 * score.seconds / max(1, score.pairs)),
    )
    print(f"{name:<16}{''.join(f'{cell:>9}' for cell in cells)}", flush=True)
    for line in (*(f"false edge: {w}" for w in score.forbidden), *(f"missed: {w}" for w in score.admitted)):
        print(f"    {line}")
    if verbose:
        for words, count in score.edges.most_common():
            print(f"    {count} x {words}")


def _project(project: Project, mirror: Path, scratch: Path, options: argparse.Namespace) -> Score:
    objects = scratch / "objects.git"
    # Merges write trees: into a repository of our own that borrows the mirror's objects.
    pygit2.init_repository(str(objects), bare=True)
    (objects / "objects" / "info").mkdir(exist_ok=True)
    (objects / "objects" / "info" / "alternates").write_text(f"{mirror.resolve() / 'objects'}\n")
    repo = Repository(pygit2.Repository(str(objects)), None, None)
    runs = _Runs(repo, project, scratch / "tree") if not options.static else None
    score = Score()
    for a, b in _pairs(pygit2.Repository(str(mirror)), repo, project, options.near):
        if score.textual + score.works + score.broken >= options.count and options.count:
            break
        _judge(score, repo, a, b, runs)
    return score


def _pairs(
    mirror: pygit2.Repository, repo: Repository, project: Project, near: int
) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs on a common base, the latest first: each side is the tree with its change alone."""
    features = list(_features(mirror, repo, project))
    places = ((newer, newer + distance) for distance in range(1, near + 1) for newer in range(len(features)))
    for newer, older in places:
        if older >= len(features):
            continue
        late, early = features[newer], features[older]
        base = Base(commit=None, tree=Oid(early.parent_tree))
        moved = merge(repo, late.parent_tree, early.parent_tree, late.tree)
        if isinstance(moved, Merged) and moved.tree not in (base.tree, early.tree):
            yield (
                _candidate(repo, base, early, Oid(early.tree)),
                _candidate(repo, base, late, moved.tree),
            )


def _candidate(repo: Repository, base: Base, feature: Feature, tree: Oid) -> Candidate:
    return Candidate(
        id=feature.commit[:10],
        name=feature.commit[:10],
        source=feature.title,
        base=base,
        tree=tree,
        changes=changes(repo, base.tree, tree),
    )


def _features(mirror: pygit2.Repository, repo: Repository, project: Project) -> Iterator[Feature]:
    """Commits on the main line before the release that the environment was made for; of a project that has
    none here, before its newest commit."""
    names = (f"v{project.old}", project.old, f"{project.old}.0")
    tag = next((name for name in names if f"refs/tags/{name}" in mirror.references), "HEAD")
    walker = mirror.walk(mirror.revparse_single(tag).peel(pygit2.Commit).id)
    walker.simplify_first_parent()
    for count, commit in enumerate(walker):
        if count > 1500 or not commit.parents:
            return
        before, after = str(commit.parents[0].tree_id), str(commit.tree_id)
        paths = [change.path for change in changes(repo, before, after) if change.new_blob]
        python = [path for path in paths if path.endswith(".py")]
        tests = [path for path in python if is_test_path(path)]
        if tests and len(python) > len(tests) and len(paths) < 30:
            yield Feature(str(commit.id), commit.message.splitlines()[0], after, before)


def _judge(score: Score, repo: Repository, a: Candidate, b: Candidate, runs: _Runs | None) -> None:
    score.pairs += 1
    if runs is not None and not (runs.passes(a.tree, a) and runs.passes(b.tree, b)):
        return
    score.alone += 1
    started = time.process_time()
    edges = graph(repo, a.base, [a, b]).edges
    score.seconds += time.process_time() - started
    edge = edges[0] if edges else None
    combined = combine(repo, a.base, [a, b])
    if not isinstance(combined, Combined):
        score.textual += 1
        return
    words = _words(a, b, edge)
    if edge is not None:
        score.edges[f"{edge.confidence} {words}"] += 1
    proven = edge is not None and edge.confidence is Confidence.PROVEN
    if runs is None or runs.passes(combined.tree, a, b):
        score.works += 1
        if proven:
            score.forbidden.append(words)
        score.suspected_works += edge is not None and not proven
        return
    score.broken += 1
    if proven:
        score.caught += 1
    elif edge is not None:
        score.suspected += 1
    else:
        score.admitted.append(words)


def _words(a: Candidate, b: Candidate, edge: Conflict | None) -> str:
    titles = f"{a.name} ({a.source[:40]}) and {b.name} ({b.source[:40]})"
    return f"{edge.kind} at {edge.where}: {edge.why}" if edge is not None else f"{titles}: no edge"


class _Runs:
    """Plain pytest in a directory with one tree in it, its answers kept."""

    def __init__(self, repo: Repository, project: Project, place: Path) -> None:
        self._repo = repo
        self._python = checkout(project).repo / ".venv" / "bin" / "python"
        self._place = place
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}

    def passes(self, tree: str | None, *owners: Candidate) -> bool:
        """Whether the test files that these candidates touch pass on a tree."""
        assert tree is not None
        paths = {c.path for owner in owners for c in owner.changes if c.new_blob and is_test_path(c.path)}
        tests = tuple(sorted(p for p in paths if p.endswith(".py") and "conftest" not in p))
        if (tree, tests) not in self._known:
            self._known[tree, tests] = bool(tests) and self._run(tree, tests)
        return self._known[tree, tests]

    def _run(self, tree: str, tests: tuple[str, ...]) -> bool:
        shutil.rmtree(self._place, ignore_errors=True)
        for entry in self._repo.files(tree):
            path = self._place / entry.path
            if entry.mode & 0o170000 == 0o100000:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._repo.blob(entry.blob))
        environ = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))},
            "PYTHONPATH": f"{self._place / 'src'}:{self._place}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        argv = [str(self._python), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir"]
        try:
            done = subprocess.run(
                [*argv, str(self._place), *tests],
                cwd=self._place,
                env=environ,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0
