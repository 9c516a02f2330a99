"""How likely each suspect is behind a failure: beliefs over groups of members, as bit masks, and what a run
of some members tells of them.

Promises: pure. Bayes' rule with a small chance for every answer to be wrong; besides the groups it is
believed of a failure that it comes and goes by chance, or that a larger group than any of these is behind it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations

_WRONG = 0.02
"""The chance that a failure shows where its group is not, or does not where it is."""
_UNSTEADY, _OTHER = 0.05, 0.05
"""How much of all suspicion is at first that a failure comes and goes by chance, and that it is none of the
groups."""
_MOST = 40_000
"""So many groups are kept, the most suspected."""
_CORE = 110
"""Of so many members at most all groups of three are gone through."""


class Case:
    """Failures that came and went together so far, and how likely each of `groups` is behind them."""

    def __init__(self, failures: tuple[str, ...], groups: Sequence[int], weights: Sequence[float]) -> None:
        self.failures = failures
        self.groups = groups
        total = sum(weights)
        self._weights = [*weights, total * _UNSTEADY, total * _OTHER]

    @property
    def by_chance(self) -> float:
        """How likely it is that these come and go by chance."""
        return self._weights[-2] / sum(self._weights)

    @property
    def is_other(self) -> bool:
        """Whether none of the groups explains what was seen."""
        return max(self._weights[-2:]) / sum(self._weights) > 1 - _OTHER

    def best(self) -> tuple[int | None, float]:
        """The likeliest group and its chance; None where chance or something else is likelier than any."""
        place = max(range(len(self._weights)), key=self._weights.__getitem__)
        group = self.groups[place] if place < len(self.groups) else None
        return group, self._weights[place] / sum(self._weights)

    def hear(self, asked: int, share: float, *, shows: bool) -> None:
        """A run of the members in `asked`, that `share` of all, shows these failures, or does not."""
        inside, outside = (1 - _WRONG, _WRONG) if shows else (_WRONG, 1 - _WRONG)
        absent = ~asked
        *weights, chance, other = self._weights
        weights = [
            weight * (outside if group & absent else inside)
            for weight, group in zip(weights, self.groups, strict=True)
        ]
        large = min(max(share**3, _WRONG), 1 - _WRONG)
        self._weights = [*weights, chance * 0.5, other * (large if shows else 1 - large)]

    def draw(self, dice: random.Random, count: int) -> list[int]:
        """So many groups by their weight, to stand for all of them."""
        weights = self._weights[:-2]
        return dice.choices(self.groups, weights, k=count) if sum(weights) > 0 else []


def weighed(groups: Sequence[int], how: Sequence[float], likely: frozenset[int]) -> list[float]:
    """What to think of groups before anything is seen: the product of their members' suspicion in `how`.
    Those there is a reason for together weigh as much as all others."""
    mean = sum(how) / len(how)
    weights = [math.prod(how[member] / mean for member in members(group)) for group in groups]
    if not likely:
        return weights
    others = sum(w for w, group in zip(weights, groups, strict=True) if group not in likely)
    each = max(others, 1.0) / len(likely)
    return [each if group in likely else w for w, group in zip(weights, groups, strict=True)]


def pairs(how: Sequence[float], likely: frozenset[int], alone: frozenset[int]) -> list[int]:
    """Those there is a reason to suspect, those who may fail alone, and every pair; the most suspected where
    there are too many."""
    found = list(combinations(range(len(how)), 2))
    if len(found) > _MOST:
        found.sort(key=lambda pair: how[pair[0]] * how[pair[1]], reverse=True)
    every = [*((member,) for member in sorted(alone)), *found[:_MOST]]
    return list(dict.fromkeys([*sorted(likely), *map(mask, every)]))


def triples(core: int, clean: Sequence[int]) -> list[int] | None:
    """Every three of the members in `core` that were not all in one of the `clean` runs; None if those are
    too many."""
    if core.bit_count() > _CORE:
        return None
    found: list[int] = []
    single = [1 << member for member in members(core)]
    for last, one in enumerate(single):
        for middle in range(last):
            two = one | single[middle]
            within = [asked for asked in clean if not two & ~asked]
            # Whoever was in a clean run with the two is no third.
            cleared = 0
            for asked in within:
                cleared |= asked
            found += [two | third for third in single[:middle] if not third & cleared]
        if len(found) > _MOST:
            return None
    return found


def mask(chosen: Sequence[int]) -> int:
    """Members as a mask."""
    return sum(1 << member for member in chosen)


def members(group: int) -> tuple[int, ...]:
    """The members of a mask, ascending."""
    found = []
    while group:
        low = group & -group
        found.append(low.bit_length() - 1)
        group ^= low
    return tuple(found)
