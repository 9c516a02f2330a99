"""Which members of a failing set fail together: the search behind `verify`.

Promises: `culprits` answers with a set that was itself tested and fails, of which no member can be dropped
as far as prefixes were tested; it asks for at most about log2(n) + 3 tests per member of the answer, never
tests a last suspect when everything before it passed, and repeats no question.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Fails = Callable[[tuple[T, ...]], Awaitable[bool]]
"""Whether these members fail together. Whatever it raises ends the search."""

_ONE_BY_ONE = 4
"""So many suspects or fewer are tried in turn: halving no longer pays."""


async def culprits(members: Sequence[T], fails: Fails[T]) -> tuple[T, ...]:
    """The failing members of `members`, which are known to fail together while none fails alone.

    In the order of `members`. The members must be distinct.
    """
    suspects = tuple(members)
    fixed: tuple[T, ...] = ()
    while True:
        end = await _first_failing_prefix(members, fixed, suspects, fails)
        fixed = (*fixed, suspects[end - 1])
        suspects = suspects[: end - 1]
        found = _ordered(members, fixed)
        if not suspects or (len(found) > 1 and await fails(found)):
            return found


async def _first_failing_prefix(
    members: Sequence[T], fixed: tuple[T, ...], suspects: tuple[T, ...], fails: Fails[T]
) -> int:
    """The least n found such that `fixed` with the first n suspects fails and with n - 1 does not.

    Known without a test: all of `suspects` fail with `fixed`, none of them does not (nor does one alone).
    """
    passing, failing = 0 if fixed else 1, len(suspects)
    while failing - passing > 1:
        span = failing - passing
        probe = passing + 1 if span <= _ONE_BY_ONE else passing + span // 2
        if await fails(_ordered(members, (*suspects[:probe], *fixed))):
            failing = probe
        else:
            passing = probe
    return failing


def _ordered(members: Sequence[T], chosen: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(member for member in members if member in chosen)
