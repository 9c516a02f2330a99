"""Which candidates touch each other at all: an index by path, so that disjoint pairs cost nothing.

Promises: pure. Two candidates are reported exactly when they share a touched path (both ends of a rename
count), or one touches a path below something that the other touches (file against directory). All others
change different entries of the base tree, and their merge is the union of their changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assay.model.candidate import Candidate


class Overlap(NamedTuple):
    """Two candidates, in the order given, and where they meet (sorted).

    `nested` says that some meeting is file against directory; `shared` then holds the upper path.
    """

    a: Candidate
    b: Candidate
    shared: tuple[str, ...]
    nested: bool


def touched(candidate: Candidate) -> frozenset[str]:
    """Every path that the candidate adds, changes or removes."""
    return frozenset(path for change in candidate.changes for path in (change.path, change.old_path))


def overlaps(candidates: Sequence[Candidate]) -> Iterator[Overlap]:
    """The overlapping pairs, in order of their members."""
    at: dict[str, list[int]] = {}
    below: dict[str, set[int]] = {}
    for index, candidate in enumerate(candidates):
        for path in sorted(touched(candidate)):
            at.setdefault(path, []).append(index)
            for parent in _parents(path):
                below.setdefault(parent, set()).add(index)
    meetings: dict[tuple[int, int], set[str]] = {}
    nested: set[tuple[int, int]] = set()
    for path, here in at.items():
        for position, first in enumerate(here):
            for second in here[position + 1 :]:
                meetings.setdefault((first, second), set()).add(path)
            for other in below.get(path, ()):
                if other != first:
                    pair = (min(first, other), max(first, other))
                    meetings.setdefault(pair, set()).add(path)
                    nested.add(pair)
    for pair in sorted(meetings):
        a, b = (candidates[index] for index in pair)
        yield Overlap(a, b, tuple(sorted(meetings[pair])), pair in nested)


def _parents(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
