"""Waiting that counts only time which was really given.

Promises: while the engine itself stands still (stopped, frozen, its machine suspended or paused), nobody's
time runs out, nor while the program is held still; the wall clock plays no part. Where a program wanted to
run and others had the processors, what counts is its processor time, up to a bound. Times are seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio

_STEP = 0.5
_SLACK = 0.5
"""A wait of one step that took this much longer was held up by the machine."""

_MOST = 10.0
"""However busy the machine is, a wait lasts at most this many times its limit."""


def _none() -> float:
    return 0.0


def _all_given(_took: float) -> float:
    return 0.0


class Patience:
    """Waits in short steps. `held` tells for how long the program was held still so far; `starved`, for how
    much of the time that it is handed, the latest, the program wanted to run and could not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.held: Callable[[], float] = _none
        self.starved: Callable[[float], float] = _all_given
        self._stood = 0.0
        self._clock = clock

    @property
    def lost(self) -> float:
        """The time that passed without having been given to anybody."""
        return self._stood + self.held()

    async def within(self, seconds: float, wait: Callable[[], Awaitable[object]]) -> bool:
        """Whether `wait()` returned before `seconds` were over (0: no limit). It is called again after each
        step, so it must be able to go on where it was cancelled."""
        if not seconds:
            await wait()
            return True
        left, most = seconds, seconds * _MOST
        while left > 0 and most > 0:
            step = min(left, _STEP)
            began, held = self._clock(), self.held()
            with anyio.move_on_after(step):
                await wait()
                return True
            counted = self.charge(step, self._clock() - began, self.held() - held)
            most -= counted
            left -= counted - min(counted, self.starved(counted))
        return False

    def charge(self, step: float, took: float, held: float = 0.0) -> float:
        """How much of `took` counts, where `step` was to be waited and the program was held still for `held`
        of it; the rest is lost."""
        given = max(0.0, took - held)
        counted = min(given, step + _SLACK)
        self._stood += given - counted
        return max(counted, step - held, 0.0)
