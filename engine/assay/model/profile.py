"""The profile of a run: where its time went, what it did without, and what it would have cost without that.

Promises: pure records. Seconds of spans that ran side by side add up to more than the run took. What was
saved is an estimate from figures of this run and of what was remembered.
"""

from __future__ import annotations

from assay.model.candidate import Record


class Share(Record, frozen=True, kw_only=True):
    """One part: wall and CPU seconds, and how many times. CPU is 0 where it cannot be told apart."""

    what: str
    seconds: float
    cpu_seconds: float
    count: int


class BruteForce(Record, frozen=True, kw_only=True):
    """What grading every candidate by itself would have taken, one after another."""

    seconds: float
    cpu_seconds: float
    how: str


class ColdStarts(Record, frozen=True, kw_only=True):
    """Programs that were to be forks of a warm interpreter and were started cold: why, and how many."""

    why: str
    count: int


class LeftOut(Record, frozen=True, kw_only=True):
    """A module that warm interpreters do not import ahead of time, and what its import does."""

    module: str
    why: str


class Profile(Record, frozen=True, kw_only=True):
    """`cpu_seconds` are the engine's own and those of all it ran; `per_minute` are candidates."""

    seconds: float
    cpu_seconds: float
    candidates: int
    per_minute: float
    spent: tuple[Share, ...]
    saved: tuple[Share, ...]
    brute_force: BruteForce | None = None
    """None where nothing is known of the cost of the base's tests."""
    cold_starts: tuple[ColdStarts, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
