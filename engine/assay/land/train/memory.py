"""What a train has done so far on its branch, read back from the ledger: the one place where it is kept.

Promises: what was landed or evicted by a train that was killed at any instant is known to the next, since
its journal says who is about to land before the branch moves, and an eviction before it is told; whether a
landing that was cut short stands, recovery has decided from the branch by then.
"""

from __future__ import annotations

from typing import Any

import msgspec

from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.candidate import Base, Record

COMMAND = "land"
EVICTED, ABOARD, BOARDED = "evicted", "aboard", "boarded"
"""Names in the journal: of who was taken out of the queue, who is about to land, and whose tree is known."""


class Origin(Record, frozen=True, kw_only=True):
    """The first tip that a car could be applied to, and the tree that it made of it."""

    base: Base
    tree: str


class Memory:
    """Who has left the queue for good, by key, and where those in it come from."""

    def __init__(self) -> None:
        self.landed: set[str] = set()
        self.evicted: dict[str, str] = {}
        self.origins: dict[str, Origin] = {}

    def left(self, key: str) -> bool:
        """Whether this one has landed or was evicted."""
        return key in self.landed or key in self.evicted


def recall(ledger: Ledger, ref: str) -> Memory:
    """What the trains on a branch have done. For after recovery, and with no other train running there."""
    memory = Memory()
    for one in ledger.transactions(command=COMMAND):
        if one.payload.get("watch") and one.payload.get("onto") == ref:
            _read(ledger, one.id, memory)
    return memory


def _read(ledger: Ledger, transaction: str, memory: Memory) -> None:
    steps = ledger.steps(transaction)
    published = any(step.state is State.PUBLISHED for step in steps)
    for step in steps:
        payload: dict[str, Any] = step.payload or {}
        for key, origin in payload.get(BOARDED, {}).items():
            memory.origins[key] = msgspec.convert(origin, Origin)
        memory.evicted.update(payload.get(EVICTED, {}))
        if published:
            memory.landed.update(payload.get(ABOARD, ()))
