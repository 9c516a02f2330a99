"""What it takes to find the best set of many candidates that works together.

    python -m bench landing REPOSITORY... [--count N] [--broken K] [--flaky SHARE] [--seed S]

Commits of a project's main line, each moved onto one common base by three-way merge, are the candidates;
where they are too few, others are added that write one line of such a commit otherwise. How the conflicts
among them are found is timed. What tests say of combinations is a rule, drawn by the seed: K pairs and one
group of three that each break a test of their own when all of it is in, and a test that fails by chance. The
same rule answers

- this engine's search (`patchset.verify`, which merges every combination it asks about),
- one by one: each candidate on top of those that passed, in order,
- plain bisection: all left over on top of those that passed; what fails is halved until one is left.

Prints the runs of each, the value landed by each, and the best value there is, which a search of its own
finds that shares nothing with the engine's. Exits 1 if less than 60 in 100 runs are saved against one by one.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pygit2

from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import failed, passed
from assay.model.report import Confidence
from assay.model.verdict import Verdict, fold
from assay.patchset.graph import graph
from assay.patchset.select import Worth, choose
from assay.patchset.verify import Question, verify
from assay.repo.diff import changes
from assay.repo.merge import Merged, merge
from assay.repo.repository import Repository
from assay.repo.trees import edit
from bench.strategies import bisection, merges, one_by_one, optimum

_FILES = 30
"""Commits that touch more files are no candidates."""
_SAVED = 0.6


@dataclass
class Rule:
    """What tests say of a set of candidates: each group breaks its own test; one test fails by chance."""

    groups: dict[str, frozenset[str]]
    flaky: float
    dice: random.Random
    runs: int = 0
    sets: list[frozenset[str]] = field(default_factory=list)

    def fails(self, members: Iterable[str]) -> list[str]:
        """The tests that fail on this set: one run."""
        self.runs += 1
        there = frozenset(members)
        self.sets.append(there)
        shown = [test for test, group in self.groups.items() if group <= there]
        # The tests gate runs what fails once more: chance has to strike twice.
        return shown + ["chance"] * (self.dice.random() < self.flaky**2)


def main(argv: list[str]) -> int:
    """Run it; exits 1 if too little was saved anywhere, or if something broken would have landed."""
    parser = argparse.ArgumentParser(prog="python -m bench landing", description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--broken", type=int, default=8, help="pairs that break a test together")
    parser.add_argument(
        "--flaky", type=float, default=0.1, help="share of runs in which a test fails by chance"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    worst = 0
    for place in options.repositories:
        with tempfile.TemporaryDirectory(prefix="assay-landing-") as scratch:
            worst = max(worst, _project(place, Path(scratch), options))
    return worst


def _project(place: Path, scratch: Path, options: argparse.Namespace) -> int:
    repo, base, people = candidates(place, scratch / "objects.git", options.count)
    started, cpu = time.monotonic(), time.process_time()
    known = graph(repo, base, people)
    dice = random.Random(options.seed)
    worths = {one.id: Worth(value=float(dice.randint(1, 9))) for one in people}
    choice = choose(people, known.edges, worths)
    took = time.monotonic() - started, time.process_time() - cpu
    print(f"{place}: {len(people)} candidates, {sum(1 for _ in repo.files(base.tree))} files")
    print(f"  planned in {took[0]:.1f} s ({took[1]:.1f} s of CPU): {len(known.proven)} proven conflicts, "
          f"{len(known.suspected)} suspected, {len(choice.members)} chosen")  # fmt: skip
    groups = _groups(choice.members, options.broken, dice)

    def rule() -> Rule:
        return Rule(groups, options.flaky, random.Random(options.seed))

    ours = rule()
    cpu = time.process_time()
    landed = anyio.run(_search, repo, base, people, known.edges, worths, ours)
    took = time.process_time() - cpu, 0.0
    apart = [frozenset((c.a, c.b)) for c in known.edges if c.confidence is Confidence.PROVEN]
    order = [one.id for one in people]
    bad = 0
    results = {"one by one": one_by_one, "plain bisection": bisection}
    best = optimum(order, {key: worth.value for key, worth in worths.items()}, [*apart, *groups.values()])
    value = sum(worths[member].value for member in landed)
    broken = any(group <= set(landed) for group in (*groups.values(), *apart))
    print(f"  this engine      {ours.runs:4} runs, value {value:g} of {best:g} "
          f"({value / best:.1%}), {took[0]:.1f} s of CPU for merging and choosing")  # fmt: skip
    for name, how in results.items():
        other = rule()
        members = how(order, lambda landed, one: merges(landed, one, apart), other.fails)
        got = sum(worths[member].value for member in members)
        saved = 1 - ours.runs / other.runs
        bad += how is one_by_one and saved < _SAVED
        print(f"  {name:<16} {other.runs:4} runs, value {got:g} ({got / best:.1%}); {saved:.0%} saved")
    if broken:
        print("  SOMETHING BROKEN WOULD HAVE LANDED")
    return int(bad > 0 or broken)


def candidates(place: Path, objects: Path, count: int) -> tuple[Repository, Base, list[Candidate]]:
    """So many changes of a project's main line on one base, the oldest of them first."""
    mirror = pygit2.Repository(str(place))
    pygit2.init_repository(str(objects), bare=True)
    (objects / "objects" / "info").mkdir(exist_ok=True)
    (objects / "objects" / "info" / "alternates").write_text(f"{Path(mirror.path).resolve() / 'objects'}\n")
    repo = Repository(pygit2.Repository(str(objects)), None, None)
    walker = mirror.walk(mirror.head.target)
    walker.simplify_first_parent()
    line = [commit for _, commit in zip(range(4 * count), walker, strict=False)]
    base = Base(commit=None, tree=Oid(str(line[-1].tree_id)))
    people: dict[str, Candidate] = {}
    for commit in reversed(line[:-1]):
        one = _moved(repo, base, commit) if len(people) < count else None
        if one is not None:
            people.setdefault(str(one.tree), one)
    dice, real = random.Random(count), list(people.values())
    for number in range(8 * count):
        again = _again(repo, base, dice.choice(real), number) if len(people) < count else None
        if again is not None:
            people.setdefault(str(again.tree), again)
    return repo, base, list(people.values())


def _again(repo: Repository, base: Base, one: Candidate, number: int) -> Candidate | None:
    """The same change with one of its new lines written otherwise."""
    for change in one.changes:
        if not change.path.endswith(".py") or not change.new_blob or not change.old_blob:
            continue
        old = set(repo.blob(change.old_blob).splitlines())
        lines = repo.blob(change.new_blob).splitlines(keepends=True)
        for index, line in enumerate(lines):
            if line.strip() and line.rstrip(b"\n") not in old and b'"""' not in line:
                lines[index] = line.rstrip(b"\n") + b"  # %d\n" % number
                blob = repo.write_blob(b"".join(lines))
                assert one.tree is not None
                tree = edit(repo, one.tree, {change.path: (change.new_mode, blob)})
                name = f"{one.name}-{number}"
                touched = changes(repo, base.tree, tree)
                return Candidate(id=name, name=name, source="", base=base, tree=tree, changes=touched)
    return None


def _moved(repo: Repository, base: Base, commit: pygit2.Commit) -> Candidate | None:
    if not commit.parents:
        return None
    moved = merge(repo, Oid(str(commit.parents[0].tree_id)), base.tree, Oid(str(commit.tree_id)))
    if not isinstance(moved, Merged) or moved.tree == base.tree:
        return None
    touched = changes(repo, base.tree, moved.tree)
    if len(touched) > _FILES:
        return None
    name = str(commit.id)[:10]
    return Candidate(id=name, name=name, source="", base=base, tree=moved.tree, changes=touched)


def _groups(members: Sequence[str], count: int, dice: random.Random) -> dict[str, frozenset[str]]:
    """Groups that break a test each, of members that nothing else parts."""
    drawn = dice.sample(list(members), min(len(members), 2 * count + 3))
    found = {f"tests/test_{n}.py::test": frozenset(drawn[2 * n : 2 * n + 2]) for n in range(count)}
    return {**found, "tests/test_three.py::test": frozenset(drawn[2 * count :])}


async def _search(repo, base, people, edges, worths, rule: Rule) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    async def grade(asked: Sequence[Question]) -> list[Verdict]:
        return [_verdict("set", rule.fails([member.id for member in members])) for _, members in asked]

    own = [_verdict(one.id, []) for one in people]
    found = await verify(grade, repo, base, people, edges, worths, own, report=lambda results: ())
    return found.members


def _verdict(name: str, failing: Sequence[str]) -> Verdict:
    result = (
        failed("tests", "tests newly fail", detail={"newly_failing": list(failing)})
        if failing
        else passed("tests", evidence={"tests": 1})
    )
    decision, reason, gate = fold(["tests"], [result])
    return Verdict(candidate=name, decision=decision, reason=reason, rejected_by=gate, gates=(result,))
