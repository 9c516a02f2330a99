"""Progress for a log: one plain line per event.

Promises: nothing but printable text, one event one line; a log that cannot be written to any more does not
disturb the run.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.front.durations import words
from assay.model.event import Decided, Event, GateEnded, GateStarted, Planned, Preparing, Stage


class LineWriter:
    """An observer that says each event through `say` (which adds the program's name and escapes)."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._names: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        self._say(self._line(event))

    def _line(self, event: Event) -> str:
        match event:
            case Planned(candidates=candidates, gates=gates):
                self._names.update(candidates)
                many = "1 candidate" if len(candidates) == 1 else f"{len(candidates)} candidates"
                return f"{many}, gates: {', '.join(gates)}"
            case Preparing(what=what):
                return f"preparing: {what}"
            case Stage(name=name):
                return name
            case GateStarted(candidate=identity, gate=gate):
                return f"{self._name(identity)}: {gate} started"
            case GateEnded(candidate=identity, result=result):
                how = "cached" if result.cached else words(result.use.seconds)
                why = f": {result.reason}" if result.reason else ""
                return f"{self._name(identity)}: {result.gate} {result.outcome} ({how}){why}"
            case Decided(verdict=verdict):
                return f"{self._name(verdict.candidate)}: {verdict.decision}"

    def _name(self, identity: str) -> str:
        return self._names.get(identity, identity)
