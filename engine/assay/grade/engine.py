"""Grade many candidates at once: concurrency, equal trees once, early stop, deadline.

Promises: every candidate gets exactly one verdict, in the order given; candidates with equal trees are
graded once and share the answer; when `first` candidates are accepted, or the deadline passes, everything
still running is cancelled and cleaned up before this returns (invariant 10).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import anyio
import msgspec

from assay.gates.protocol import Gate, Toolbox
from assay.grade.cascade import not_graded, run_cascade
from assay.grade.repeat import repeated
from assay.grade.slots import Slots
from assay.model.candidate import Candidate
from assay.model.errors import AssayError
from assay.model.outcome import ResourceUse
from assay.model.verdict import Decision, Verdict

Recorder = Callable[[Verdict], Awaitable[None]]


class Bench(Toolbox, Protocol):
    """A toolbox that knows when a candidate is done with what it asked for."""

    def lease(self) -> AbstractContextManager[None]: ...


async def grade(
    toolbox: Bench,
    gates: Sequence[Gate],
    candidates: Sequence[Candidate],
    *,
    jobs: int,
    first: int = 0,
    seconds: float = 0.0,
    repeat: int = 1,
    record: Recorder,
) -> tuple[Verdict, ...]:
    """One verdict for each candidate, in the order given.

    `jobs` candidates run at a time (see `slots`); `first` > 0 stops once that many distinct trees are
    accepted; `seconds` > 0 stops after that wall time; with `repeat` > 1 each candidate is graded that often,
    and has a verdict if these agree (see `repeat`). `record` is awaited for each verdict before it counts
    (invariant 9). Raises the first `AssayError` that a gate lets through.
    """
    run = _Run(toolbox, gates, jobs=jobs, first=first, repeat=repeat, record=record)
    await run.everything([c for c in candidates if c.equivalent_to is None], seconds or None)
    for candidate in candidates:
        if candidate.id not in run.verdicts:
            await run.settle(_unfinished(run, gates, candidate))
    return tuple(run.verdicts[candidate.id] for candidate in candidates)


class _Run:
    """One call of `grade`: what is settled so far, and the means to stop."""

    def __init__(
        self, toolbox: Bench, gates: Sequence[Gate], *, jobs: int, first: int, repeat: int, record: Recorder
    ) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.stopped_because = ""
        self._toolbox = toolbox
        self._gates = gates
        self._slots = Slots(max(1, jobs))
        self._first = first
        self._repeat = repeat
        self._accepted = 0
        self._record = record
        self._error: AssayError | None = None

    async def everything(self, candidates: Sequence[Candidate], seconds: float | None) -> None:
        """Grade them all, or stop early and say why in `stopped_because`."""
        with anyio.move_on_after(seconds) as scope:
            async with anyio.create_task_group() as group:
                for candidate in candidates:
                    group.start_soon(self._one, candidate, group.cancel_scope)
        if self._error is not None:
            raise self._error
        if scope.cancelled_caught and not self.stopped_because:
            self.stopped_because = f"the time limit of {seconds:g} s was reached before it was graded"

    async def settle(self, verdict: Verdict) -> None:
        """Record a verdict, then let it count. Shielded: a verdict is never half recorded."""
        with anyio.CancelScope(shield=True):
            await self._record(verdict)
            self.verdicts[verdict.candidate] = verdict

    async def _grade(self, candidate: Candidate) -> Verdict:
        if self._repeat > 1:
            return await repeated(self._toolbox, self._gates, candidate, self._slots, self._repeat)
        return await run_cascade(self._toolbox, self._gates, candidate, self._slots)

    async def _one(self, candidate: Candidate, scope: anyio.CancelScope) -> None:
        async with self._slots.under_way:
            try:
                with self._toolbox.lease():
                    verdict = await self._grade(candidate)
            except AssayError as error:
                self._error = self._error or error
                scope.cancel()
                return
            await self.settle(verdict)
        if verdict.decision is Decision.ACCEPTED:
            self._accepted += 1
            if self._first and self._accepted >= self._first:
                self.stopped_because = f"not needed: {self._first} accepted already"
                scope.cancel()


def _unfinished(run: _Run, gates: Sequence[Gate], candidate: Candidate) -> Verdict:
    """The verdict of a candidate that did not run: its equal's, or that grading stopped before it."""
    if candidate.equivalent_to is not None and candidate.equivalent_to in run.verdicts:
        # Nothing was run for it: what the other cost is counted there.
        shared = run.verdicts[candidate.equivalent_to]
        return msgspec.structs.replace(shared, candidate=candidate.id, use=ResourceUse())
    return not_graded(gates, candidate, run.stopped_because or "grading stopped before it was graded")
