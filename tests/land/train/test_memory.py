"""What the next train knows of the ones before it, from the ledger alone."""

from __future__ import annotations

import msgspec
import pytest

from assay.land.train.memory import ABOARD, ALONE, BOARDED, EVICTED, TASKS, Origin, recall
from assay.ledger.states import State
from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import GateResult, Outcome
from assay.model.verdict import Decision, Verdict

REF = "refs/heads/main"
ORIGIN = Origin(base=Base(commit=Oid("1" * 40), tree=Oid("2" * 40)), tree="3" * 40)


def journal(ledger, *ends, onto=REF, watch=True):
    """A leg that boards a, b and c, evicts b, and is about to land a."""
    run = ledger.begin("land", {"onto": onto, "watch": watch})
    ledger.step(run, State.GRADING, {BOARDED: {"a": msgspec.to_builtins(ORIGIN)}})
    ledger.step(run, State.GRADED)
    ledger.step(run, State.VERIFYING, {EVICTED: {"b": "why"}})
    ledger.step(run, State.VERIFIED, {ABOARD: ["a"]})
    for end in ends:
        ledger.step(run, end)


@pytest.mark.parametrize(
    ("ends", "landed"),
    [
        ([], set()),
        ([State.PUBLISHING], set()),
        ([State.PUBLISHING, State.ROLLED_BACK], set()),
        ([State.PUBLISHING, State.PUBLISHED], {"a"}),
        ([State.PUBLISHING, State.PUBLISHED, State.DONE], {"a"}),
        ([State.INTERRUPTED], set()),
    ],
)
def test_a_car_has_landed_once_the_journal_says_that_it_is_published(ledger, ends, landed):
    journal(ledger, *ends)
    memory = recall(ledger, REF)
    assert memory.landed == landed
    assert memory.evicted == {"b": "why"}
    assert memory.origins == {"a": ORIGIN}
    assert memory.left("b")
    assert memory.left("a") == bool(landed)


@pytest.mark.parametrize("other", [{"onto": "refs/heads/other"}, {"watch": False}])
def test_other_branches_and_plain_landings_are_not_the_trains(ledger, other):
    journal(ledger, State.PUBLISHING, State.PUBLISHED, **other)
    memory = recall(ledger, REF)
    assert not memory.left("a")
    assert not memory.left("b")


def test_who_passed_alone_is_known_with_the_verdict_unless_it_has_left(ledger):
    base = ORIGIN.base
    gate = GateResult(gate="tests", outcome=Outcome.PASSED, reason="", detail={"own_passed": ["t::new"]})
    run = ledger.begin("land", {"onto": REF, "watch": True, "policy_digest": "p"})
    for name in "ab":
        car = Candidate(id=f"id-{name}", name=name, source="", base=base, tree=Oid(name * 40))
        ledger.candidate(run, car, None)
        ledger.gate_result(run, car.id, gate)
        ledger.verdict(
            run,
            Verdict(candidate=car.id, decision=Decision.ACCEPTED, reason="", rejected_by=None, gates=(gate,)),
        )
    ledger.step(run, State.GRADED, {ALONE: {"a": "id-a", "b": "id-b", "c": "id-gone"}})
    ledger.step(run, State.VERIFYING, {EVICTED: {"b": "why"}})
    alone = recall(ledger, REF).alone
    assert set(alone) == {"a"}
    assert (alone["a"].policy, alone["a"].candidate.base) == ("p", base)
    assert alone["a"].verdict.gates[0].detail == {"own_passed": ["t::new"]}


def test_a_task_is_done_once_it_is_published(ledger):
    for ends, done in (((), {}), ((State.PUBLISHING, State.PUBLISHED), {"task": "a.patch"})):
        run = ledger.begin("land", {"onto": REF, "watch": True})
        for state in (State.GRADING, State.GRADED, State.VERIFYING):
            ledger.step(run, state)
        ledger.step(run, State.VERIFIED, {ABOARD: ["a"], TASKS: {"task": "a.patch"}})
        for end in ends:
            ledger.step(run, end)
        assert recall(ledger, REF).tasks == done
