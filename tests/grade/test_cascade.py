"""One candidate through the gates: the order never decides, and what is known is not asked again."""

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.grade.fakes import FakeBench, FakeGate, make_candidate

from assay.grade.cascade import cascade
from assay.grade.slots import Slots
from assay.model.errors import Unsound
from assay.model.outcome import Outcome, Skip, infra
from assay.model.verdict import Decision

NAMES = ("apply", "lint", "tests", "mine")


def asked(bench, gates, order=None, *, fresh=False):
    async def work():
        return await cascade(bench, gates, make_candidate("c"), Slots(1), order=order, fresh=fresh)

    return anyio.run(work)


def answering(**answers):
    """Gates of all names, which answer as told or pass."""
    return [
        FakeGate(
            name, c=infra(name, "no disk") if answers.get(name) == "infra" else answers.get(name, "pass")
        )
        for name in NAMES
    ]


def skips(verdict):
    return {result.gate for result in verdict.gates if result.skip is Skip.NOT_REACHED}


@given(
    st.dictionaries(st.sampled_from(NAMES[1:]), st.sampled_from(["pass", Outcome.FAILED, "infra"])),
    st.permutations(NAMES[1:]),
)
@settings(deadline=None, max_examples=40)
def test_the_order_decides_nothing(answers, order):
    first = asked(FakeBench(NAMES), answering(**answers))
    other = asked(FakeBench(NAMES), answering(**answers), ("apply", *order))
    assert other.decision is first.decision
    assert [result.gate for result in other.gates] == list(NAMES)
    rejecting = [name for name, answer in answers.items() if answer is Outcome.FAILED]
    assert (other.rejected_by in rejecting) if rejecting else other.rejected_by is None


def test_the_first_rejection_ends_it():
    gates = answering(mine=Outcome.FAILED)
    verdict = asked(FakeBench(NAMES), gates, ("apply", "mine", "tests", "lint"))
    assert verdict.rejected_by == "mine"
    assert skips(verdict) == {"lint", "tests"}
    assert gates[2].ran == []


def test_invariant_6_blame_fairly_trouble_of_the_machine_does_not_hide_a_rejection():
    verdict = asked(FakeBench(NAMES), answering(lint="infra", mine=Outcome.FAILED))
    assert (verdict.decision, verdict.rejected_by) == (Decision.REJECTED, "mine")


def test_where_the_patch_does_not_apply_nothing_else_is_asked():
    for answer in (Outcome.FAILED, "infra"):
        gates = answering(apply=answer)
        verdict = asked(FakeBench(NAMES), gates, ("tests", "mine", "lint", "apply"))
        assert skips(verdict) == set(NAMES[1:])
        assert [gate.ran for gate in gates[1:]] == [[], [], []]


def test_a_gate_is_not_asked_where_one_that_it_needs_did_not_pass():
    gates = answering(lint="infra")
    gates[3].needs = ("lint",)
    verdict = asked(FakeBench(NAMES), gates)
    assert verdict.decision is Decision.INCONCLUSIVE
    assert skips(verdict) == {"mine"}
    assert gates[2].ran == ["c"]


def test_a_rejection_that_is_known_spares_every_other_gate():
    bench = FakeBench(NAMES)
    first = asked(bench, answering(mine=Outcome.FAILED), ("apply", "mine", "lint", "tests"))
    gates = answering(mine=Outcome.FAILED)
    again = asked(bench, gates)
    assert (again.decision, again.rejected_by, again.reason) == (
        first.decision,
        first.rejected_by,
        first.reason,
    )
    assert again.cached
    assert [gate.ran for gate in gates] == [["c"], [], [], []]


def test_a_gate_whose_version_cannot_be_told_yet_is_asked_when_its_turn_comes():
    gates = answering(lint=Outcome.FAILED)

    async def unsound(_toolbox):
        raise Unsound("no interpreter")

    gates[2].version = unsound
    assert asked(FakeBench(NAMES), gates).rejected_by == "lint"
