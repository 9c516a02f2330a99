"""What a run may spend, in one place: time, processor time, money.

Promises: a candidate is started only if what it is expected to cost is left; what it is expected to cost is
set aside while it is graded, and replaced by what it did cost; what is spent is looked at meanwhile, programs
that still run included, so that a run ends soon after its budget does. Running out is never a rejection.
Seconds for which a run gave way to others are not spent. Grading spends no money: proposers do.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio

from assay.model.candidate import Record
from assay.model.outcome import ResourceUse

_LOOK_SECONDS = 0.2

T = TypeVar("T")


class Budget(Record, frozen=True, kw_only=True):
    """Bounds, or amounts. As bounds, 0 means none. Seconds, CPU seconds, and a currency of the user's."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    money: float = 0.0


Meter = Callable[[], Budget]
"""Tells what was spent so far in all."""


class Purse:
    """The budget of one run. For one event loop."""

    def __init__(self, bounds: Budget, meter: Meter) -> None:
        self._bounds = bounds
        self._meter = meter
        self._expected = Budget()
        self._settled = Budget()
        self._count = 0
        self._set_aside: list[Budget] = []
        self._change = anyio.Event()

    @property
    def bounded(self) -> bool:
        """Whether there is any bound."""
        return self._bounds != Budget()

    def expect(self, amount: Budget) -> None:
        """A candidate costs this much as far as is known from earlier runs."""
        self._expected = amount

    @property
    def expected(self) -> Budget:
        """What a candidate is expected to cost: the mean of this run so far, before that of earlier ones."""
        if not self._count:
            return self._expected
        settled = self._settled
        return Budget(
            seconds=settled.seconds / self._count,
            cpu_seconds=settled.cpu_seconds / self._count,
            money=settled.money / self._count,
        )

    def exhausted(self) -> str:
        """Which part of the budget is spent, in words; empty while none is."""
        bounds, spent = self._bounds, self._meter()
        if bounds.seconds and spent.seconds >= bounds.seconds:
            return f"the budget of {bounds.seconds:g} s was spent before it was graded"
        if bounds.cpu_seconds and spent.cpu_seconds >= bounds.cpu_seconds:
            return f"the budget of {bounds.cpu_seconds:g} s of CPU time was spent before it was graded"
        if bounds.money and spent.money >= bounds.money:
            return f"the budget of {bounds.money:g} was spent before it was graded"
        return ""

    async def reserve(self) -> Reservation | str:
        """Set aside what a candidate is expected to cost, once that is there; or why it never will be."""
        while True:
            expected = self.expected
            if not self.bounded or not (why := self.exhausted() or self._too_dear(expected)):
                self._set_aside.append(expected)
                return Reservation(self, expected)
            if not self._set_aside:
                return why
            await self._change.wait()

    async def watch(self) -> str:
        """Wait until a part of the budget is spent, and say which."""
        while True:
            if why := self.exhausted():
                return why
            await anyio.sleep(_LOOK_SECONDS)

    async def within(self, work: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `work` comes to; None if the budget is spent before that, and then it is cancelled."""
        if not self.bounded:
            return await work()
        if self.exhausted():
            return None
        done: T | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._stop, group.cancel_scope)
            done = await work()
            group.cancel_scope.cancel()
        return done

    async def _stop(self, scope: anyio.CancelScope) -> None:
        await self.watch()
        scope.cancel()

    def _release(self, reserved: Budget, use: ResourceUse | None) -> None:
        self._set_aside.remove(reserved)
        if use is not None:
            self._count += 1
            self._settled = Budget(
                seconds=self._settled.seconds + use.seconds,
                cpu_seconds=self._settled.cpu_seconds + use.cpu_seconds,
            )
        self._change.set()
        self._change = anyio.Event()

    def _too_dear(self, expected: Budget) -> str:
        bounds, spent = self._bounds, self._meter()
        # One after the other costs no less time than side by side: only its own has to fit.
        if bounds.seconds and spent.seconds + expected.seconds > bounds.seconds:
            return _words(f"{bounds.seconds:g} s", f"{expected.seconds:.3g} s")
        aside = sum(each.cpu_seconds for each in self._set_aside)
        taken = max(spent.cpu_seconds, self._settled.cpu_seconds + aside)
        if bounds.cpu_seconds and taken + expected.cpu_seconds > bounds.cpu_seconds:
            return _words(f"{bounds.cpu_seconds:g} s of CPU time", f"{expected.cpu_seconds:.3g} s")
        return ""


class Reservation:
    """What is set aside for one candidate, until the body of `held` ends."""

    def __init__(self, purse: Purse, reserved: Budget) -> None:
        self._purse = purse
        self._reserved = reserved
        self._use: ResourceUse | None = None

    def settle(self, use: ResourceUse) -> None:
        """It cost this."""
        self._use = use

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lets go of what is set aside at the end."""
        try:
            yield
        finally:
            self._purse._release(self._reserved, self._use)


def meter(cpu_seconds: Callable[[], float], given_way: Callable[[], float]) -> Meter:
    """A meter from now on, of this process and of the jails whose processor time `cpu_seconds` tells;
    `given_way`: for how long the run gave way to others so far."""
    began, own = time.monotonic(), time.process_time()

    def spent() -> Budget:
        return Budget(
            seconds=time.monotonic() - began - given_way(),
            cpu_seconds=time.process_time() - own + cpu_seconds(),
        )

    return spent


def _words(bound: str, expected: str) -> str:
    return f"the budget of {bound} has no room for what grading it is expected to cost ({expected})"
