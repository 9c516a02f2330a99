"""What a train tells as it happens, and what came of all of it, as data."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from assay.model.candidate import Record
from assay.model.errors import Exit


class What(StrEnum):
    """What happened."""

    LANDED = "landed"
    EVICTED = "evicted"
    PUT_OFF = "put-off"
    MOVED = "moved"
    TOUCHED = "touched"
    """What others have pushed may have to do with this one: it is graded alone anew."""
    WAITS = "waits"
    """It lets others go first with which it does not go together."""
    PROBLEM = "problem"


class Told(Record, frozen=True, kw_only=True):
    """One thing that happened: to which candidate (its name, and its key in the queue; empty where it was to
    none), why, and the branch's commit after it."""

    what: What
    name: str = ""
    key: str = ""
    why: str = ""
    commit: str = ""


Teller = Callable[[Told], None]


class Summary(Record, frozen=True, kw_only=True):
    """How a train ended that had nothing left to do: how many landed, were evicted, and are undecided."""

    landed: int
    evicted: int
    undecided: int

    @property
    def exit_code(self) -> Exit:
        """A rejection outranks an inconclusive answer: it is known, not missing."""
        if self.evicted:
            return Exit.REJECTED
        return Exit.INCONCLUSIVE if self.undecided else Exit.ACCEPTED
