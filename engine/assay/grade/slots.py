"""How many candidates do what at a time, and whether anything is to start now.

Promises: at most `jobs` candidates run gates that start the project's own programs, and at most `jobs`
others run the quick gates meanwhile, so that candidates which hang do not keep the rest from being
rejected; the linter, whose worker answers waves, hears as many as there are. The number under way at all is
bounded, so that a run over thousands holds no more than these; nothing starts while the run gives way to
another (see `lanes`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio

_QUICK = frozenset({"apply", "scope", "compile", "security"})
"""Gates that cost a fraction of what starting a project's tests costs."""

_TOGETHER = frozenset({"lint"})
"""Gates whose questions go to one worker in waves: the more wait at a time, the fewer runs of the tool."""

_UNDER_WAY = 8
"""Candidates under way for each job: most of them wait for a costly gate."""

Ready = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Nothing is waited for."""


class Slots:
    """The limits of one run. `jobs` is at least 1; `ready` returns when something may start."""

    def __init__(self, jobs: int, ready: Ready = at_once) -> None:
        self.under_way = anyio.CapacityLimiter(_UNDER_WAY * jobs)
        self._quick = anyio.CapacityLimiter(jobs)
        self._together = anyio.CapacityLimiter(_UNDER_WAY * jobs)
        self._costly = anyio.CapacityLimiter(jobs)
        self._ready = ready

    def of(self, gate: str) -> AbstractAsyncContextManager[None]:
        """What to hold while running the gate of this name."""
        if gate in _TOGETHER:
            return self._hold(self._together)
        return self._hold(self._quick if gate in _QUICK else self._costly)

    @asynccontextmanager
    async def _hold(self, limiter: anyio.CapacityLimiter) -> AsyncIterator[None]:
        async with limiter:
            await self._ready()
            yield
