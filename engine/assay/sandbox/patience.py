"""Waiting that counts only time which was really given.

Promises: while the engine itself stands still (stopped, frozen, its machine suspended or paused), nobody's
time runs out; the wall clock plays no part. Times are seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio

_STEP = 0.5
_SLACK = 0.5
"""A wait of one step that took this much longer was held up by the machine."""


class Patience:
    """Waits in short steps. `lost` is the time that passed without having been given to anybody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lost = 0.0
        self._clock = clock

    async def within(self, seconds: float, wait: Callable[[], Awaitable[object]]) -> bool:
        """Whether `wait()` returned before `seconds` were over (0: no limit). It is called again after each
        step, so it must be able to go on where it was cancelled."""
        if not seconds:
            await wait()
            return True
        left = seconds
        while left > 0:
            step = min(left, _STEP)
            began = self._clock()
            with anyio.move_on_after(step):
                await wait()
                return True
            left -= self.charge(step, self._clock() - began)
        return False

    def charge(self, step: float, took: float) -> float:
        """How much of `took` counts, where `step` was to be waited; the rest is lost."""
        counted = min(took, step + _SLACK)
        self.lost += took - counted
        return max(counted, step)
