"""What the next train knows of the ones before it, from the ledger alone."""

from __future__ import annotations

import msgspec
import pytest

from assay.land.train.memory import ABOARD, BOARDED, EVICTED, Origin, recall
from assay.ledger.states import State
from assay.model.candidate import Base, Oid

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
