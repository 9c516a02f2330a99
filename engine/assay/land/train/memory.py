"""What a train has done so far on its branch, read back from the ledger: the one place where it is kept.

Promises: what was landed or evicted by a train that was killed at any instant is known to the next, since
its journal says who is about to land before the branch moves, and an eviction before it is told; whether a
landing that was cut short stands, recovery has decided from the branch by then. Who has passed alone is
known with the verdict, so that nobody is graded alone again because a train was killed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.candidate import Base, Candidate, Record
from assay.model.verdict import Decision, Verdict

COMMAND = "land"
EVICTED, ABOARD, BOARDED, ALONE, TASKS = "evicted", "aboard", "boarded", "alone", "tasks"
"""Names in the journal: of who was taken out of the queue, who is about to land, whose tree is known, who
passed alone as which candidate, and the tasks of those about to land."""


class Origin(Record, frozen=True, kw_only=True):
    """The first tip that a car could be applied to, and the tree that it made of it."""

    base: Base
    tree: str


class Alone(Record, frozen=True, kw_only=True):
    """A car that passed by itself: as which candidate, on the tip that this is based on, under a policy of
    this digest, and what its verdict was."""

    policy: str
    candidate: Candidate
    verdict: Verdict


class Memory:
    """Who has left the queue for good, by key; where those in it come from, and what is known of each alone;
    which tasks are done, by the name of who did them."""

    def __init__(self) -> None:
        self.landed: set[str] = set()
        self.evicted: dict[str, str] = {}
        self.origins: dict[str, Origin] = {}
        self.alone: dict[str, Alone] = {}
        self.tasks: dict[str, str] = {}

    def left(self, key: str) -> bool:
        """Whether this one has landed or was evicted."""
        return key in self.landed or key in self.evicted


def recall(ledger: Ledger, ref: str) -> Memory:
    """What the trains on a branch have done. For after recovery, and with no other train running there."""
    memory = Memory()
    passed: dict[str, tuple[str, str, str]] = {}
    for one in ledger.transactions(command=COMMAND):
        if one.payload.get("watch") and one.payload.get("onto") == ref:
            digest = str(one.payload.get("policy_digest", ""))
            for key, candidate in _read(ledger, one.id, memory).items():
                passed.setdefault(key, (digest, one.id, candidate))
    for key, (digest, transaction, candidate) in passed.items():
        if not memory.left(key) and (known := _alone(ledger, digest, transaction, candidate)) is not None:
            memory.alone[key] = known
    return memory


def _read(ledger: Ledger, transaction: str, memory: Memory) -> dict[str, str]:
    """Take one leg into the memory; who passed alone on it, by key, as which candidate."""
    steps = ledger.steps(transaction)
    published = any(step.state is State.PUBLISHED for step in steps)
    passed: dict[str, str] = {}
    for step in steps:
        payload: dict[str, Any] = step.payload or {}
        for key, origin in payload.get(BOARDED, {}).items():
            memory.origins[key] = msgspec.convert(origin, Origin)
        memory.evicted.update(payload.get(EVICTED, {}))
        passed.update(payload.get(ALONE, {}))
        if published:
            memory.landed.update(payload.get(ABOARD, ()))
            memory.tasks.update(payload.get(TASKS, {}))
    return passed


def _alone(ledger: Ledger, digest: str, transaction: str, name: str) -> Alone | None:
    """The verdict on a candidate of an earlier leg, if the ledger still has all of it."""
    verdict = ledger.verdict_of(transaction, name)
    found = next((one for one in ledger.candidates(transaction) if one.kept.candidate.id == name), None)
    if verdict is None or found is None or verdict.decision is not Decision.ACCEPTED:
        return None
    return Alone(policy=digest, candidate=found.kept.candidate, verdict=verdict)
