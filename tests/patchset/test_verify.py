from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.patchset.support import Lab, lines

from assay.gates.fingerprint import fingerprint
from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import Finding, GateResult, Severity, failed, infra, passed
from assay.model.report import Conflict, ConflictKind, GateReport, PatchSet
from assay.model.verdict import Decision, Verdict, fold
from assay.patchset.combine import Combined, combine
from assay.patchset.conflicts import find
from assay.patchset.select import worth
from assay.patchset.verify import Question, verify
from assay.repo.repository import Repository

pytestmark = pytest.mark.anyio


class Grader:
    """Grades combined trees by a rule on the names in them; remembers what it was asked."""

    def __init__(self, lab: Lab, rule: Callable[[set[str]], GateResult]) -> None:
        self.lab = lab
        self.rule = rule
        self.asked: list[tuple[Oid, tuple[str, ...]]] = []

    async def __call__(self, asked: Sequence[Question]) -> list[Verdict]:
        self.asked += [(tree, tuple(member.name for member in members)) for tree, members in asked]
        return [verdict("set", self.rule({member.name for member in members})) for _, members in asked]

    async def run(self, people: Sequence[Candidate], *, thorough: bool = True, **options: Any) -> PatchSet:
        return await verify(
            self,
            self.lab.repo,
            self.lab.base,
            people,
            find(self.lab.repo, self.lab.base, people),
            worth(people, ()),
            [verdict(person.id, good()) for person in people if thorough],
            report=reports,
            **options,
        )


def good() -> GateResult:
    return passed("tests", evidence={"tests": 1})


def bad(*tests: str) -> GateResult:
    return failed("tests", "tests newly fail", detail={"newly_failing": list(tests)})


def verdict(candidate: str, result: GateResult) -> Verdict:
    decision, reason, gate = fold(["tests"], [result])
    return Verdict(candidate=candidate, decision=decision, reason=reason, rejected_by=gate, gates=(result,))


def reports(results: Any) -> tuple[GateReport, ...]:
    return tuple(
        GateReport(
            gate=r.gate,
            outcome=r.outcome.value,
            reason=r.reason,
            seconds=0,
            cpu_seconds=0,
            cached=False,
            resource=None,
            skip=None,
            findings=(),
            evidence=r.evidence,
            detail=r.detail,
        )
        for r in results
    )


def disjoint(lab: Lab, count: int) -> list[Candidate]:
    return [lab.candidate(f"c{n}", {f"new{n}": b"%d\n" % n}) for n in range(count)]


async def test_a_good_set_is_graded_once_and_accepted(lab: Lab) -> None:
    grader = Grader(lab, lambda names: good())
    found = await grader.run(disjoint(lab, 5))
    assert found.verdict is Decision.ACCEPTED
    assert found.members == tuple(f"id-c{n}" for n in range(5))
    assert [members for _, members in grader.asked] == [("c0", "c1", "c2", "c3", "c4")]
    assert found.tree == grader.asked[0][0]
    assert [gate.gate for gate in found.gates] == ["tests"]


async def test_a_set_of_one_is_not_graded_again(lab: Lab) -> None:
    grader = Grader(lab, lambda names: bad())
    (person,) = disjoint(lab, 1)
    found = await grader.run([person])
    assert (found.members, found.tree, found.verdict) == ((person.id,), person.tree, Decision.ACCEPTED)
    assert grader.asked == []


async def test_nothing_to_choose_from_gives_no_verdict(lab: Lab) -> None:
    found = await Grader(lab, lambda names: good()).run([])
    assert (found.members, found.tree, found.verdict) == ((), None, None)


@pytest.mark.parametrize("count", [2, 3, 7, 16])
async def test_a_jointly_broken_pair_is_found_and_one_of_it_left_out(lab: Lab, count: int) -> None:
    pair = {"c0", f"c{count - 1}"}
    grader = Grader(lab, lambda names: bad("t::one", "t::two") if pair <= names else good())
    found = await grader.run(disjoint(lab, count))
    assert found.verdict is Decision.ACCEPTED
    assert len(found.members) == count - 1
    (conflict,) = found.conflicts
    assert (conflict.kind, conflict.where) == (ConflictKind.BEHAVIOURAL, "t::one")
    assert {conflict.a, conflict.b} == {f"id-{name}" for name in pair}
    assert "each accepted alone" in conflict.why and "t::one and 1 more" in conflict.why
    (left,) = found.left_out
    assert left.id == f"id-c{count - 1}"
    assert "c0" in left.why and "though each passes alone" in left.why
    trees = [tree for tree, _ in grader.asked]
    assert len(set(trees)) == len(trees)


async def test_a_group_of_three_loses_one_only(lab: Lab) -> None:
    trio = {"c1", "c3", "c4"}
    found = await Grader(lab, lambda names: bad("t::x") if trio <= names else good()).run(disjoint(lab, 6))
    assert found.verdict is Decision.ACCEPTED
    assert len(found.members) == 5
    assert all(name in found.conflicts[0].why for name in trio)


async def test_two_broken_pairs_are_learnt_one_after_the_other(lab: Lab) -> None:
    pairs = [{"c0", "c1"}, {"c0", "c2"}]
    grader = Grader(lab, lambda names: bad("t") if any(pair <= names for pair in pairs) else good())
    found = await grader.run(disjoint(lab, 4))
    assert found.members == ("id-c1", "id-c2", "id-c3")
    assert len(found.conflicts) == 2


async def test_mutual_enemies_end_with_one_of_them(lab: Lab) -> None:
    grader = Grader(lab, lambda names: bad("t") if len(names) > 1 else good())
    found = await grader.run(disjoint(lab, 8))
    assert found.verdict is Decision.ACCEPTED
    assert len(found.members) == 1
    assert len(grader.asked) < 60


async def test_textual_conflicts_are_settled_before_anything_is_graded(lab: Lab) -> None:
    people = [lab.candidate(word, {"a.py": lines(30, l4=word)}) for word in ("one", "two")]
    grader = Grader(lab, lambda names: bad("t"))
    found = await grader.run(people)
    assert found.members == ("id-one",)
    assert [left.id for left in found.left_out] == ["id-two"]
    assert grader.asked == []


async def test_invariant_6_an_inconclusive_set_blames_nobody(lab: Lab) -> None:
    grader = Grader(lab, lambda names: infra("tests", "the jail did not start"))
    people = disjoint(lab, 4)
    found = await grader.run(people)
    assert found.verdict is Decision.INCONCLUSIVE
    assert found.members == tuple(person.id for person in people)
    assert (found.left_out, found.conflicts) == ((), ())
    assert found.reason == "the jail did not start"
    assert len(grader.asked) == 2


async def test_invariant_6_an_inconclusive_search_blames_nobody(lab: Lab) -> None:
    def rule(names: set[str]) -> GateResult:
        return bad("t") if len(names) == 8 else infra("tests", "no answer")

    found = await Grader(lab, rule).run(disjoint(lab, 8))
    assert found.verdict is Decision.INCONCLUSIVE
    assert (len(found.members), found.left_out, found.conflicts) == (8, (), ())


async def test_one_inconclusive_answer_is_asked_again(lab: Lab) -> None:
    answers = iter([infra("tests", "hiccup"), good()])
    found = await Grader(lab, lambda names: next(answers)).run(disjoint(lab, 3))
    assert found.verdict is Decision.ACCEPTED


async def test_the_witness_falls_back_to_the_gate(lab: Lab) -> None:
    rule = lambda names: good() if len(names) < 2 else failed("tests", "broken")  # noqa: E731
    found = await Grader(lab, rule).run(disjoint(lab, 2))
    assert found.conflicts[0].where == "tests"
    assert "broken" in found.conflicts[0].why


async def test_members_that_only_clash_as_a_group_are_parted_without_a_run(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(repo: Repository, base: Base, members: Sequence[Candidate]) -> Combined | Conflict:
        if {"c1", "c2", "c4"} <= {member.name for member in members}:
            kind, why = ConflictKind.TEXTUAL, "they do not merge"
            return Conflict(a="id-c4", b="id-c2", kind=kind, where="f", why=why)
        return combine(repo, base, members)

    monkeypatch.setattr("assay.patchset.verify.combine", clash)
    grader = Grader(lab, lambda names: good())
    found = await grader.run(disjoint(lab, 6))
    assert found.members == ("id-c0", "id-c1", "id-c2", "id-c3", "id-c5")
    assert "c1 and c2" in found.left_out[0].why
    assert len(grader.asked) == 1


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_whoever_passed_a_quick_look_only_is_looked_at_whole(lab: Lab, count: int) -> None:
    grader = Grader(lab, lambda names: bad("t::deep") if "c0" in names else good())
    found = await grader.run(disjoint(lab, count), thorough=False)
    assert found.members == tuple(f"id-c{n}" for n in range(1, count))
    assert found.verdict is (Decision.ACCEPTED if count > 1 else None)
    (left,) = found.left_out
    assert (left.id, left.why) == ("id-c0", "rejected when everything ran: tests newly fail")
    assert found.conflicts == ()


async def test_a_combination_without_a_members_own_test_is_not_good(lab: Lab) -> None:
    people = disjoint(lab, 2)

    def own(*tests: str) -> GateResult:
        return passed("tests", evidence={"tests": 1}, detail={"own_passed": list(tests)})

    grader = Grader(lab, lambda names: own("t::a"))
    found = await verify(
        grader,
        lab.repo,
        lab.base,
        people,
        (),
        worth(people, ()),
        [verdict(person.id, own(f"t::{word}")) for person, word in zip(people, "ab", strict=True)],
        report=reports,
    )
    (conflict,) = found.conflicts
    assert len(found.members) == 1 and (conflict.kind, conflict.where) == (ConflictKind.BEHAVIOURAL, "t::b")
    assert conflict.why.endswith("together t::b no longer passes")


async def test_a_quick_verdict_stands_for_nothing_but_its_own_tests(lab: Lab) -> None:
    (person,) = disjoint(lab, 1)
    quick = passed("tests", evidence={"tests": 1}, detail={"quick": True, "own_passed": ["t::a"]})
    full = passed("tests", evidence={"tests": 1}, detail={"own_passed": []})
    grader = Grader(lab, lambda names: full)
    args = (grader, lab.repo, lab.base, [person], (), worth([person], ()), [verdict(person.id, quick)])
    found = await verify(*args, report=reports)
    assert grader.asked == [(person.tree, (person.name,))] and found.members == ()
    assert "t::a passes on a member of the set alone" in found.left_out[0].why


async def test_suspected_pairs_are_asked_first_when_the_set_fails(lab: Lab) -> None:
    """Each side of a suspicion is in the set; no search goes through the others."""
    people = [lab.candidate(f"p{n}", {f"new{n}.py": b"x = 1\n"}) for n in range(8)]
    people.append(lab.candidate("unit", {"const.py": b"LIMIT = 3000\n"}))
    people.append(lab.candidate("user", {"use.py": b"from const import LIMIT\n\nX = LIMIT * 2\n"}))
    grader = Grader(lab, lambda names: bad("t::x") if {"unit", "user"} <= names else good())
    result = await grader.run(people)
    assert [(c.a, c.b) for c in result.suspected] == [("id-unit", "id-user")]
    assert [c.kind for c in result.conflicts] == [ConflictKind.BEHAVIOURAL]
    assert len(result.members) == 9
    assert grader.asked[1][1] == ("unit", "user")
    assert len(grader.asked) == 3


async def test_a_suspected_pair_that_passes_costs_nothing_more(lab: Lab) -> None:
    people = [
        lab.candidate("unit", {"const.py": b"LIMIT = 3000\n"}),
        lab.candidate("user", {"use.py": b"from const import LIMIT\n\nX = LIMIT * 2\n"}),
    ]
    grader = Grader(lab, lambda names: good())
    result = await grader.run(people)
    assert len(result.suspected) == 1 and len(result.members) == 2
    assert len(grader.asked) == 1


async def test_pairs_that_break_different_tests_are_hunted_in_the_same_runs(lab: Lab) -> None:
    broken = {"t::a": {"c1", "c20"}, "t::b": {"c3", "c17"}, "t::c": {"c5", "c22"}, "t::d": {"c9", "c12"}}

    def rule(names: set[str]) -> GateResult:
        failing = [test for test, pair in broken.items() if pair <= names]
        return bad(*failing) if failing else good()

    grader = Grader(lab, rule)
    found = await grader.run(disjoint(lab, 24))
    assert found.verdict is Decision.ACCEPTED and len(found.members) == 20
    told = {
        group.where: ({m.removeprefix("id-") for m in group.members}, group.tests) for group in found.failing
    }
    assert told == {test: (pair, (test,)) for test, pair in broken.items()}
    assert found.runs == len(grader.asked) <= 18
    trees = [tree for tree, _ in grader.asked]
    assert len(set(trees)) == len(trees)


async def test_a_group_that_failed_before_is_asked_before_the_whole_set(lab: Lab) -> None:
    pair = {"c2", "c9"}
    grader = Grader(lab, lambda names: bad("t::x") if pair <= names else good())
    found = await grader.run(disjoint(lab, 12), failed_before=[("id-c2", "id-c9"), ("id-c1", "id-c3")])
    asked = [set(names) for _, names in grader.asked]
    assert asked[:2] == [pair, {"c1", "c3"}]
    assert len(asked) == 3 and len(found.members) == 11
    (group,) = found.failing
    assert set(group.members) == {"id-c2", "id-c9"} and group.tests == ("t::x",)


async def test_invariant_6_what_comes_and_goes_blames_nobody(lab: Lab) -> None:
    dice = random.Random(1)
    first = iter([True])
    rule = lambda names: bad("t::chance") if next(first, False) or dice.random() < 0.4 else good()  # noqa: E731
    found = await Grader(lab, rule).run(disjoint(lab, 40))
    assert (found.verdict, found.left_out, found.conflicts) == (Decision.INCONCLUSIVE, (), ())
    assert found.reason == "t::chance comes and goes, whoever of the set is in"


async def test_a_failing_group_names_what_the_message_misses(tmp_path: Path) -> None:
    source = b"def fill(steps):\n    steps.register(1, 'old step')\n    steps.register(2, 'old-step')\n"
    lab = Lab(tmp_path / "other.git", {"steps.py": source})
    people = [lab.candidate("makes", {"steps.py": source.replace(b"old-step", b"new-step")})]
    people.append(lab.candidate("asks", {"asks.py": b"def ask(steps):\n    return steps.find('old-step')\n"}))
    message = "KeyError: 'old-step' in 'tests'"
    found = Finding(
        rule="tests/newly-failing",
        path="test_a.py",
        line=1,
        message=message,
        severity=Severity.ERROR,
        fingerprint=fingerprint("tests/newly-failing", "test_a.py::t"),
    )
    rule = lambda names: (  # noqa: E731
        replace(bad("test_a.py::t"), findings=(found,)) if {"makes", "asks"} <= names else good()
    )
    (group,) = (await Grader(lab, rule).run(people)).failing
    assert group.symbols[0] == "text:old-step"
    assert "text:tests" not in group.symbols


async def test_a_failing_group_names_the_symbols_that_it_is_about(lab: Lab) -> None:
    people = [lab.candidate(f"p{n}", {f"new{n}.py": b"x = 1\n"}) for n in range(6)]
    people.append(lab.candidate("price", {"price.py": b"def total():\n    return 1\n"}))
    people.append(lab.candidate("tax", {"tax.py": b"def rate():\n    return 2\n"}))
    people.append(
        lab.candidate("suite", {"tests/test_sum.py": b"from price import total\nfrom tax import rate\n"})
    )
    rule = lambda names: bad("tests/test_sum.py::t") if {"price", "suite"} <= names else good()  # noqa: E731
    (group,) = (await Grader(lab, rule).run(people)).failing
    assert set(group.members) == {"id-price", "id-suite"}
