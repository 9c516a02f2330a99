"""How many candidates do what at a time.

Promises: at most `jobs` candidates run gates that start the project's own programs, and at most `jobs`
others run the quick gates meanwhile, so that candidates which hang do not keep the rest from being
rejected; the number under way at all is bounded, so that a run over thousands holds no more than these.
"""

from __future__ import annotations

import anyio

_QUICK = frozenset({"apply", "scope", "compile", "lint", "security"})
"""Gates that cost a fraction of what starting a project's tests costs."""

_UNDER_WAY = 8
"""Candidates under way for each job: most of them wait for a costly gate."""


class Slots:
    """The limits of one run. `jobs` is at least 1."""

    def __init__(self, jobs: int) -> None:
        self.under_way = anyio.CapacityLimiter(_UNDER_WAY * jobs)
        self._quick = anyio.CapacityLimiter(jobs)
        self._costly = anyio.CapacityLimiter(jobs)

    def of(self, gate: str) -> anyio.CapacityLimiter:
        """What to hold while running the gate of this name."""
        return self._quick if gate in _QUICK else self._costly
