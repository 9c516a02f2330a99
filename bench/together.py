"""Two hundred real candidates on a real repository: what their own tests say, and how often they are asked.

    python -m bench together REPOSITORY --base REV --python PYTHON --kept DIRECTORY [--count N] [--apart]
        [--all] [-- PYTEST ARGUMENTS...]

The candidates are later commits of the project moved onto one base, earlier ones undone, and copies of its
test files (`fleet`); those count that pass the project's tests alone. PYTHON has what the tests need. Each
tree is run once and its answer kept in DIRECTORY, so that a run that was stopped goes on.

Prints what planning takes, and for the engine, one by one, and plain bisection: runs (trees asked that are
no candidate's own) and what lands. The last two ask a rule made of the groups that the engine found, and what
they land is run then to see that the rule holds; with `--all` every tree of theirs is run. `--apart` parts
the suspected pairs of meaning, as the `agent` policy does. Exits 1 if a set that does not pass would land, or
if less than 60 in 100 runs are saved against one by one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import anyio
from msgspec.structs import replace

from assay.model.candidate import Base, Candidate
from assay.model.outcome import failed, passed
from assay.model.report import Confidence, Conflict, ConflictKind, PatchSet
from assay.model.verdict import Decision, Verdict, fold
from assay.patchset.graph import graph
from assay.patchset.owntests import with_own_tests
from assay.patchset.select import choose
from assay.patchset.union import Unions
from assay.patchset.verify import Question, verify
from assay.repo.repository import Repository
from bench import fleet
from bench.strategies import bisection, one_by_one, optimum
from bench.suite import Answer, Suite

_SAVED = 0.6


class Asked:
    """Verdicts on sets from a project's tests, and the trees that were asked."""

    def __init__(self, suite: Suite, base: Answer, people: Sequence[Candidate]) -> None:
        self._suite = suite
        self._base = base
        self.own = {one.id: self._verdict(one.id, str(one.tree)) for one in people}
        self._alone = {one.tree for one in people}
        self.trees: set[str] = set()

    def of(self, tree: str, members: Sequence[str]) -> Verdict:
        """What the gates would say of a tree, with its members' own tests."""
        if tree not in self._alone:
            self.trees.add(tree)
        return with_own_tests(self._verdict("set", tree), [self.own[member] for member in members])

    def _verdict(self, name: str, tree: str) -> Verdict:
        answer = self._suite.of(tree)
        newly = sorted(set(answer.failed) - set(self._base.failed))
        own = sorted(set(answer.passed) - set(self._base.passed) - set(self._base.failed))
        detail: dict[str, object] = {"newly_failing": newly, "own_passed": own}
        what = (
            failed("tests", "tests newly fail", detail=detail)
            if newly
            else passed("tests", evidence={"tests": len(answer.passed)}, detail=detail)
        )
        decision, reason, gate = fold(["tests"], [what])
        return Verdict(candidate=name, decision=decision, reason=reason, rejected_by=gate, gates=(what,))


def main(argv: list[str]) -> int:
    """Run it."""
    words = argv[argv.index("--") + 1 :] if "--" in argv else ["tests"]
    parser = argparse.ArgumentParser(prog="python -m bench together", description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--base", required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args(argv[: argv.index("--")] if "--" in argv else argv)
    options.kept = options.kept.absolute()
    options.kept.mkdir(parents=True, exist_ok=True)
    tree = options.kept / "tree"
    tree.mkdir(exist_ok=True)
    repo = fleet.beside(options.repository, options.kept / "objects.git")
    base = fleet.base_of(repo, options.repository, options.base)
    suite = Suite(repo, options.python.absolute(), words, tree, options.kept / "answers.jsonl")
    people, tried = _accepted(repo, base, suite, options)
    files = sum(1 for _ in repo.files(base.tree))
    print(f"{options.repository}: {files} files, {tried} candidates tried, {len(people)} pass alone")
    return _compare(repo, base, people, Asked(suite, suite.of(base.tree), people), options)


def _accepted(
    repo: Repository, base: Base, suite: Suite, options: argparse.Namespace
) -> tuple[list[Candidate], int]:
    """So many candidates that pass alone, and how many were tried for that."""
    known = suite.of(base.tree)
    suite.leave_out(known.failed)
    sound = _files(known.passed) - _files(known.failed)
    every: Iterator[Candidate] = chain(
        fleet.later(repo, base, options.repository, options.base),
        fleet.undone(repo, base, options.repository, options.base),
        fleet.copies(repo, base, sorted(sound)),
    )
    found: dict[str, Candidate] = {}
    tried = 0
    for one in every:
        if len(found) == options.count:
            break
        tried += 1
        if not set(suite.of(str(one.tree)).failed) - set(known.failed):
            found.setdefault(str(one.tree), one)
    return list(found.values()), tried


def _files(tests: Sequence[str]) -> set[str]:
    return {test.split("::")[0] for test in tests}


def _compare(
    repo: Repository, base: Base, people: list[Candidate], asked: Asked, options: argparse.Namespace
) -> int:
    cpu = time.process_time()
    known = graph(repo, base, people)
    edges = [_enforced(edge) if options.apart else edge for edge in known.edges]
    choice = choose(people, edges, {})
    print(f"  planned in {time.process_time() - cpu:.1f} s of CPU: {len(known.proven)} proven conflicts, "
          f"{len(known.suspected)} suspected, {len(choice.members)} chosen")  # fmt: skip
    cpu = time.process_time()
    found = anyio.run(_search, repo, base, people, edges, asked)
    ours = len(asked.trees)
    print(f"  this engine      {ours:4} runs, {len(found.members)} land ({found.verdict}), "
          f"{time.process_time() - cpu:.1f} s of CPU for merging and choosing")  # fmt: skip
    groups = [frozenset((edge.a, edge.b)) for edge in edges if edge.confidence is Confidence.PROVEN]
    groups += [frozenset(group.members) for group in found.failing]
    for group in found.failing:
        print(f"    {' and '.join(group.members)}: {group.where} (of {len(group.tests)})")
    best = optimum([one.id for one in people], {one.id: 1.0 for one in people}, groups)
    print(f"    at most {best:g} can land, by all conflicts that are known: {len(found.members) / best:.1%}")
    bad = found.verdict is not Decision.ACCEPTED
    unions = Unions(repo, base, people)
    for name, how in {"one by one": one_by_one, "plain bisection": bisection}.items():
        fails = _Fails(unions, asked, groups)
        landed = how([one.id for one in people], _merging(unions), fails if options.all else fails.by_rule)
        holds = options.all or not fails(landed)
        saved = 1 - ours / fails.runs
        bad |= how is one_by_one and saved < _SAVED
        note = "" if options.all else ", by rule" if holds else ", by a rule THAT DOES NOT HOLD"
        print(f"  {name:<16} {fails.runs:4} runs{note}, {len(landed)} land; {saved:.0%} saved")
    return int(bad)


def _enforced(edge: Conflict) -> Conflict:
    meant = edge.kind is ConflictKind.SEMANTIC and edge.followed
    return replace(edge, confidence=Confidence.PROVEN) if meant else edge


async def _search(
    repo: Repository, base: Base, people: list[Candidate], edges: list[Conflict], asked: Asked
) -> PatchSet:
    async def grade(questions: Sequence[Question]) -> list[Verdict]:
        return [asked.of(str(tree), [member.id for member in members]) for tree, members in questions]

    own = asked.own.values()
    return await verify(grade, repo, base, people, edges, {}, own, report=lambda results: ())


def _merging(unions: Unions) -> Callable[[Sequence[str], str], bool]:
    return lambda landed, one: not isinstance(unions.tree([*landed, one]), Conflict)


class _Fails:
    """Whether members fail together: by their tests, or by holding one of the groups."""

    def __init__(self, unions: Unions, asked: Asked, groups: list[frozenset[str]]) -> None:
        self._unions = unions
        self._asked = asked
        self._groups = groups
        self.runs = 0

    def __call__(self, members: Sequence[str]) -> bool:
        tree = self._unions.tree(members)
        assert not isinstance(tree, Conflict)
        self.runs += len(members) > 1
        return self._asked.of(tree, members).decision is not Decision.ACCEPTED

    def by_rule(self, members: Sequence[str]) -> bool:
        """The same, without a run."""
        self.runs += len(members) > 1
        there = frozenset(members)
        return any(group <= there for group in self._groups)
