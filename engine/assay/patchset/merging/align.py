"""Which entries of three versions are one and the same.

Promises: pure; entries go by the loosest name that is unique in every version, so that what is edited is
still found. Matches keep the order of both rows; as many as possible are found (patience: the longest
increasing run).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assay.patchset.merging.entries import Node

Row = dict[str, Node]
"""Entries by the name that tells them apart, in their order."""


class Gap(NamedTuple):
    """What stands in each version between two entries that all three have; then the latter, None at the
    end."""

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    then: str | None


def name_rows(versions: Sequence[Sequence[Node]]) -> list[Row]:
    """Every version's entries under names that are unique within each version, and the same across them."""
    levels = max((len(node.keys) for version in versions for node in version), default=1)
    ambiguous: list[set[str]] = []
    for level in range(levels):
        counts = [Counter(_key(node, level) for node in version) for version in versions]
        ambiguous.append({key for count in counts for key, number in count.items() if number > 1})
    return [_row(version, ambiguous) for version in versions]


def gaps(base: Row, ours: Row, theirs: Row) -> Iterator[Gap]:
    """The three rows cut at the entries that all have, in an order that all keep."""
    stable = _common(list(base), list(ours)) & _common(list(base), list(theirs))
    rows = [iter(row) for row in (base, ours, theirs)]
    for key in [*(key for key in base if key in stable), None]:
        base_gap, our_gap, their_gap = (_until(row, key) for row in rows)
        yield Gap(base_gap, our_gap, their_gap, key)


def _key(node: Node, level: int) -> str:
    return node.keys[min(level, len(node.keys) - 1)]


def _row(version: Sequence[Node], ambiguous: Sequence[set[str]]) -> Row:
    found: Row = {}
    counts: Counter[str] = Counter()
    for node in version:
        level = 0
        while level < len(ambiguous) - 1 and _key(node, level) in ambiguous[level]:
            level += 1
        key = f"{level} {_key(node, level)}"
        counts[key] += 1
        found[f"{key} #{counts[key]}"] = node
    return found


def _until(row: Iterator[str], end: str | None) -> tuple[str, ...]:
    found: list[str] = []
    for key in row:
        if key == end:
            break
        found.append(key)
    return tuple(found)


def _common(base: Sequence[str], other: Sequence[str]) -> set[str]:
    """The keys of a longest common subsequence of two rows without repetitions."""
    place = {key: index for index, key in enumerate(other)}
    tops: list[int] = []
    ends: list[str] = []
    before: dict[str, str | None] = {}
    for key in base:
        if key not in place:
            continue
        at = bisect_left(tops, place[key])
        before[key] = ends[at - 1] if at else None
        if at == len(tops):
            tops.append(place[key])
            ends.append(key)
        else:
            tops[at], ends[at] = place[key], key
    found: set[str] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found
