"""What a run has said so far, as a board of candidates and gates.

Promises: pure; no clock, no terminal. A board is one fold over events, and never grows with their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from assay.model.event import Decided, Event, GateEnded, GateStarted, Planned, Preparing, Stage
from assay.model.outcome import Outcome, Skip
from assay.model.verdict import Decision


class Cell(StrEnum):
    """One gate of one candidate, in a word that fits a column."""

    WAITING = ""
    RUNNING = "…"
    PASSED = "ok"
    FAILED = "FAIL"
    EXHAUSTED = "LIMIT"
    TAMPERED = "TAMPER"
    INFRA = "infra"
    SKIPPED = "–"


_CELLS = {
    Outcome.PASSED: Cell.PASSED,
    Outcome.FAILED: Cell.FAILED,
    Outcome.EXHAUSTED: Cell.EXHAUSTED,
    Outcome.TAMPERED: Cell.TAMPERED,
    Outcome.INFRA: Cell.INFRA,
    Outcome.SKIPPED: Cell.SKIPPED,
}


@dataclass
class Row:
    """One candidate. `since` is when its running gate started, in the caller's seconds."""

    name: str
    cells: dict[str, Cell] = field(default_factory=dict)
    running: str = ""
    since: float = 0.0
    decision: Decision | None = None
    touched: int = 0


@dataclass
class Board:
    """The whole run: gates in order, rows in the order of the candidates, and what it is busy with."""

    gates: tuple[str, ...] = ()
    rows: dict[str, Row] = field(default_factory=dict)
    stage: str = ""
    preparing: str = ""
    _events: int = 0

    def take(self, event: Event, now: float) -> None:
        """Fold in one event that happened at `now` (any steady clock's seconds)."""
        self._events += 1
        match event:
            case Planned(candidates=candidates, gates=gates):
                self.gates = gates
                for identity, name in candidates:
                    self._row(identity).name = name
            case Preparing(what=what):
                self.preparing = what
            case Stage(name=name):
                self.stage, self.preparing = name, ""
            case GateStarted(candidate=identity, gate=gate):
                row = self._row(identity)
                row.running, row.since = gate, now
                row.cells[gate] = Cell.RUNNING
            case GateEnded(candidate=identity, result=result):
                self.preparing = ""
                row = self._row(identity)
                row.running = ""
                quiet = result.skip in (Skip.NOT_REACHED, Skip.CANCELLED)
                row.cells[result.gate] = Cell.WAITING if quiet else _CELLS[result.outcome]
            case Decided(verdict=verdict):
                row = self._row(verdict.candidate)
                row.running, row.decision = "", verdict.decision

    def count(self, decision: Decision) -> int:
        """How many candidates have this verdict."""
        return sum(row.decision is decision for row in self.rows.values())

    @property
    def decided(self) -> int:
        """How many candidates have a verdict."""
        return sum(row.decision is not None for row in self.rows.values())

    def visible(self, room: int) -> tuple[Row, ...]:
        """At most `room` rows: those at work first, then the latest decided, then those that wait.

        They are given in the order of the candidates, so that rows do not jump about.
        """
        if len(self.rows) <= room:
            return tuple(self.rows.values())
        chosen = sorted(self.rows.values(), key=_interest)[: max(room, 0)]
        keep = {id(row) for row in chosen}
        return tuple(row for row in self.rows.values() if id(row) in keep)

    def _row(self, identity: str) -> Row:
        row = self.rows.setdefault(identity, Row(name=identity))
        row.touched = self._events
        return row


def _interest(row: Row) -> tuple[int, int]:
    if row.running:
        return (0, -row.touched)
    if row.decision is not None:
        return (1, -row.touched)
    return (2, row.touched)


def tally(board: Board) -> str:
    """`12 of 64 decided: 5 accepted, 6 rejected, 1 inconclusive`, leaving out what is none."""
    counts: Iterable[tuple[int, Decision]] = ((board.count(decision), decision) for decision in Decision)
    parts = ", ".join(f"{count} {decision}" for count, decision in counts if count)
    return f"{board.decided} of {len(board.rows)} decided" + (f": {parts}" if parts else "")
