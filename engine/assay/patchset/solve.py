"""Maximum-weight sets of vertices under exclusions: the arithmetic behind `select`, on bit masks.

Promises: pure; `best` is exact for every connected component of at most `EXACT` vertices. A larger component
loses one greedily picked vertex (highest weight over degree + 1) at a time until what is left falls into
components that are solved exactly; with pairwise exclusions only, that reaches at least the sum of
weight / (degree + 1) over the component. Weights are positive integers of any size.

An exclusion is a set of vertices that must not all be chosen: pairs are kept as neighbour masks, larger sets
as a list of masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

EXACT = 40
"""Components up to this many vertices are solved exactly."""

Groups = tuple[int, ...]


class Solution(NamedTuple):
    """The chosen vertices as a mask, and whether no other permitted set weighs more."""

    mask: int
    exact: bool


def bits(mask: int) -> Iterator[int]:
    """The vertices of a mask, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Solver:
    """One instance: weights by vertex, neighbour masks by vertex, and larger exclusions as masks."""

    def __init__(self, weights: Sequence[int], neighbours: Sequence[int], groups: Sequence[int]) -> None:
        self._weights = weights
        self._neighbours = list(neighbours)
        self._groups = tuple(g for g in dict.fromkeys(groups) if g and g.bit_count() != 2)
        for a, b in (tuple(bits(g)) for g in groups if g.bit_count() == 2):
            self._neighbours[a] |= 1 << b
            self._neighbours[b] |= 1 << a

    def best(self, limit: int = EXACT) -> Solution:
        """The heaviest permitted set; `limit` is the largest component that is searched exhaustively."""
        available, groups = _settle((1 << len(self._weights)) - 1, self._groups)
        chosen, exact = 0, True
        pending = list(self._components(available, groups))
        while pending:
            part, inside = pending.pop()
            if part.bit_count() <= limit:
                found = self._search(part, inside, -1)
                assert found is not None, "the empty set weighs 0, which is more than -1"
                chosen |= found
                continue
            exact = False
            vertex = max(bits(part), key=lambda v: self._weights[v] // (self._degree(v, part, inside) + 1))
            chosen |= 1 << vertex
            pending.extend(self._components(*self._include(vertex, part, inside)))
        return Solution(chosen, exact)

    def weight(self, mask: int) -> int:
        """What a set weighs."""
        return sum(self._weights[vertex] for vertex in bits(mask))

    def bound(self, available: int | None = None) -> int:
        """No permitted subset of `available` weighs more: the heaviest vertex of each clique of a cover."""
        rest = (1 << len(self._weights)) - 1 if available is None else available
        total = 0
        while rest:
            vertex = max(bits(rest), key=self._weights.__getitem__)
            total += self._weights[vertex]
            clique, common = 1 << vertex, rest & self._neighbours[vertex]
            while common:
                other = (common & -common).bit_length() - 1
                clique |= 1 << other
                common &= self._neighbours[other]
            rest &= ~clique
        return total

    def _search(self, available: int, groups: Groups, floor: int) -> int | None:
        """The heaviest permitted subset if it weighs more than `floor`, else None."""
        if self.bound(available) <= floor:
            return None
        parts = list(self._components(available, groups))
        if len(parts) != 1:
            return self._search_parts(parts, floor)
        if available & (available - 1) == 0:
            return available
        vertex = max(bits(available), key=lambda v: self._degree(v, available, groups))
        best: int | None = None
        with_it = self._search(*self._include(vertex, available, groups), floor - self._weights[vertex])
        if with_it is not None:
            best = with_it | 1 << vertex
            floor = self.weight(best)
        without = self._search(*_settle(available & ~(1 << vertex), groups), floor)
        return best if without is None else without

    def _search_parts(self, parts: list[tuple[int, Groups]], floor: int) -> int | None:
        hope = sum(self.bound(part) for part, _ in parts)
        chosen = 0
        for part, groups in parts:
            hope -= self.bound(part)
            found = self._search(part, groups, floor - self.weight(chosen) - hope)
            if found is None:
                return None
            chosen |= found
        return chosen if self.weight(chosen) > floor else None

    def _include(self, vertex: int, available: int, groups: Groups) -> tuple[int, Groups]:
        rest = available & ~(1 << vertex) & ~self._neighbours[vertex]
        return _settle(rest, tuple(group & ~(1 << vertex) for group in groups))

    def _degree(self, vertex: int, available: int, groups: Groups) -> int:
        pairs = (self._neighbours[vertex] & available).bit_count()
        return pairs + sum(group >> vertex & 1 for group in groups)

    def _components(self, available: int, groups: Groups) -> Iterator[tuple[int, Groups]]:
        while available:
            part, frontier = 0, available & -available
            while frontier:
                part |= frontier
                reached = 0
                for vertex in bits(frontier):
                    reached |= self._neighbours[vertex]
                for group in groups:
                    if group & frontier:
                        reached |= group
                frontier = reached & available & ~part
            yield part, tuple(group for group in groups if group & part)
            available &= ~part


def _settle(available: int, groups: Groups) -> tuple[int, Groups]:
    """Take out vertices that an exclusion has come down to, and exclusions that can no longer be broken."""
    while True:
        for group in groups:
            if group & (group - 1) == 0:
                available &= ~group
        kept = tuple(group for group in groups if group & (group - 1) and not group & ~available)
        if len(kept) == len(groups):
            return available, kept
        groups = kept
