"""What an engine that chooses a set is compared to: one by one, plain bisection, and the best set there is.

Promises: pure but for what they are handed; nothing is shared with the engine's own choosing and searching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Merges = Callable[[Sequence[str], str], bool]
"""Whether one more merges with those that landed."""
Fails = Callable[[Sequence[str]], object]
"""Whether these fail together: one run."""


def one_by_one(order: Sequence[str], merging: Merges, fails: Fails) -> list[str]:
    """Each on top of those that passed, in order."""
    landed: list[str] = []
    for one in order:
        if merging(landed, one) and not fails([*landed, one]):
            landed.append(one)
    return landed


def bisection(order: Sequence[str], merging: Merges, fails: Fails) -> list[str]:
    """All left over on top of those that passed; what fails is halved until one is left."""
    landed: list[str] = []
    todo = [list(order)]
    while todo:
        batch: list[str] = []
        for one in todo.pop():
            if merging([*landed, *batch], one):
                batch.append(one)
        if not batch:
            continue
        if not fails([*landed, *batch]):
            landed += batch
        elif len(batch) > 1:
            middle = len(batch) // 2
            todo += [batch[middle:], batch[:middle]]
    return landed


def merges(landed: Sequence[str], one: str, apart: Sequence[frozenset[str]]) -> bool:
    """Whether one more is in no pair of `apart` with any of those that landed."""
    there = set(landed)
    return not any(one in pair and pair - {one} <= there for pair in apart)


def optimum(
    order: Sequence[str],
    values: dict[str, float],
    groups: Sequence[frozenset[str]],
) -> float:
    """The greatest value of a set that holds none of `groups` as a whole."""
    parts = _components(order, groups)
    return sum(_best(part, values, [group for group in groups if group <= part]) for part in parts)


def _components(order: Sequence[str], every: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    parent = {one: one for one in order}

    def root(one: str) -> str:
        while parent[one] != one:
            one = parent[one]
        return one

    for group in every:
        first, *others = group
        for other in others:
            parent[root(other)] = root(first)
    parts: dict[str, set[str]] = {}
    for one in order:
        parts.setdefault(root(one), set()).add(one)
    return [frozenset(part) for part in parts.values()]


def _best(part: frozenset[str], values: dict[str, float], groups: Sequence[frozenset[str]]) -> float:
    """By branch and bound over members of the component in the order of their values: what may still be won
    is at most the value of all that are left and stand alone against those chosen."""
    order = sorted(part, key=lambda one: (-values[one], one))
    touching = {one: [group for group in groups if one in group] for one in order}
    best = 0.0

    def search(left: list[str], chosen: frozenset[str], won: float) -> None:
        nonlocal best
        best = max(best, won)
        # Of members that are in each other's way pair by pair at most one is won.
        hope, covered = won, set[str]()
        for one in left:
            if one not in covered:
                hope += values[one]
                clique = [one]
                for other in left:
                    if other not in covered and all(frozenset((other, each)) in pairs for each in clique):
                        clique.append(other)
                covered.update(clique)
        if hope <= best:
            return
        first, *rest = left
        taken = chosen | {first}
        free = [o for o in rest if not any(group - {o} <= taken for group in touching[o])]
        search(free, taken, won + values[first])
        search(rest, chosen, won)

    pairs = {group for group in groups if len(group) == 2}
    search(order, frozenset(), 0.0)
    return best
