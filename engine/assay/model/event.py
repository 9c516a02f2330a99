"""Progress events: what a run tells whoever watches it, as it happens.

Promises: events carry no result that the report does not; a run with no observer behaves the same.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.model.candidate import Record
from assay.model.outcome import GateResult
from assay.model.verdict import Verdict


class Planned(Record, frozen=True, kw_only=True):
    """The run knows its candidates (`id`, `name`) and gates, in order."""

    candidates: tuple[tuple[str, str], ...]
    gates: tuple[str, ...]


class Preparing(Record, frozen=True, kw_only=True):
    """Something shared is being made ready (checkout, prepare step, base tests)."""

    what: str


class GateStarted(Record, frozen=True, kw_only=True):
    """A gate began to run for a candidate."""

    candidate: str
    gate: str


class GateEnded(Record, frozen=True, kw_only=True):
    """A gate answered."""

    candidate: str
    result: GateResult


class Decided(Record, frozen=True, kw_only=True):
    """A candidate has its verdict."""

    verdict: Verdict


class Stage(Record, frozen=True, kw_only=True):
    """The run moved on to another stage (grading, choosing a set, verifying it, publishing)."""

    name: str


Event = Planned | Preparing | GateStarted | GateEnded | Decided | Stage
Observer = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """The observer that watches nothing."""
