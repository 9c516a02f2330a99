"""Grade many candidates at once: concurrency, equal trees once, early stop, deadline, budget.

Promises: every candidate gets exactly one verdict, in the order given; candidates with equal trees are
graded once and share the answer; when `first` candidates are accepted, the deadline passes or the budget is
spent, everything still running is cancelled and cleaned up before this returns (invariant 10).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import anyio
import msgspec

from assay.gates.protocol import Gate, Toolbox
from assay.grade.budget import Purse
from assay.grade.cascade import not_graded, run_cascade
from assay.grade.order import Order, as_written, by_promise
from assay.grade.repeat import repeated
from assay.grade.sharing import Classes
from assay.grade.slots import Ready, Slots, at_once
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
    order: Order | None = None,
    purse: Purse | None = None,
    ready: Ready = at_once,
    record: Recorder,
) -> tuple[Verdict, ...]:
    """One verdict for each candidate, in the order given.

    `jobs` candidates run at a time (see `slots`); `first` > 0 stops once that many distinct trees are
    accepted; `seconds` > 0 stops after that wall time; with `repeat` > 1 each candidate is graded that often,
    and has a verdict if these agree (see `repeat`). `order` is that in which gates are asked (None: as
    given), `purse` holds what may be spent, and nothing starts before `ready` returns. `record` is awaited
    for each verdict before it counts (invariant 9). Raises the first `AssayError` that a gate lets through.
    """
    run = _Run(
        toolbox,
        gates,
        slots=Slots(max(1, jobs), ready),
        first=first,
        repeat=repeat,
        order=order or as_written(gates),
        purse=purse,
        record=record,
    )
    distinct = [candidate for candidate in candidates if candidate.equivalent_to is None]
    await run.everything(by_promise(distinct) if first else distinct, seconds or None)
    for candidate in candidates:
        if candidate.id not in run.verdicts:
            await run.settle(_unfinished(run, gates, candidate))
    return tuple(run.verdicts[candidate.id] for candidate in candidates)


class _Run:
    """One call of `grade`: what is settled so far, and the means to stop."""

    def __init__(
        self,
        toolbox: Bench,
        gates: Sequence[Gate],
        *,
        slots: Slots,
        first: int,
        repeat: int,
        order: Order,
        purse: Purse | None,
        record: Recorder,
    ) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.stopped_because = ""
        self._toolbox = toolbox
        self._gates = gates
        self._slots = slots
        self._classes = Classes(toolbox)
        self._first = first
        self._repeat = repeat
        self._order = order
        self._purse = purse
        self._accepted = 0
        self._record = record
        self._error: AssayError | None = None

    async def everything(self, candidates: Sequence[Candidate], seconds: float | None) -> None:
        """Grade them all, or stop early and say why in `stopped_because`."""
        with anyio.move_on_after(seconds) as scope:
            async with anyio.create_task_group() as watchers:
                async with anyio.create_task_group() as group:
                    if self._purse is not None and self._purse.bounded:
                        watchers.start_soon(self._stop_when_spent, self._purse, group.cancel_scope)
                    for candidate in candidates:
                        group.start_soon(self._one, candidate, group.cancel_scope)
                watchers.cancel_scope.cancel()
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
        order = self._order.of(candidate.id)
        return await run_cascade(
            self._toolbox, self._gates, candidate, self._slots, self._classes, order=order
        )

    async def _one(self, candidate: Candidate, scope: anyio.CancelScope) -> None:
        async with self._slots.under_way:
            reservation = await self._purse.reserve() if self._purse is not None else None
            if isinstance(reservation, str):
                await self.settle(not_graded(self._gates, candidate, reservation))
                return
            try:
                with self._toolbox.lease(), reservation.held() if reservation else nullcontext():
                    verdict = await self._grade(candidate)
                    if reservation:
                        reservation.settle(verdict.use)
            except AssayError as error:
                self._error = self._error or error
                scope.cancel()
                return
            await self.settle(verdict)
        if verdict.decision is Decision.ACCEPTED and not any(r.equivalent_to for r in verdict.gates):
            self._accepted += 1
            if self._first and self._accepted >= self._first:
                self.stopped_because = f"not needed: {self._first} accepted already"
                scope.cancel()

    async def _stop_when_spent(self, purse: Purse, scope: anyio.CancelScope) -> None:
        self.stopped_because = await purse.watch()
        scope.cancel()


def _unfinished(run: _Run, gates: Sequence[Gate], candidate: Candidate) -> Verdict:
    """The verdict of a candidate that did not run: its equal's, or that grading stopped before it."""
    if candidate.equivalent_to is not None and candidate.equivalent_to in run.verdicts:
        # Nothing was run for it: what the other cost is counted there.
        shared = run.verdicts[candidate.equivalent_to]
        return msgspec.structs.replace(shared, candidate=candidate.id, use=ResourceUse())
    return not_graded(gates, candidate, run.stopped_because or "grading stopped before it was graded")
