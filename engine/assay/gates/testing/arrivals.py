"""Files that come to a tree, or leave it: by what paths and names others would have looked for them.

Promises: pure. Guessed too wide rather than too narrow: from which directory a module's name counts is not
asked.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from assay.model.candidate import Change, ChangeKind


def taken_apart(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same changes, a file that was moved as one that goes and one that comes."""
    found: list[Change] = []
    for change in changes:
        if change.kind is not ChangeKind.RENAMED:
            found.append(change)
            continue
        old = {"path": change.old_path, "new_mode": 0, "new_blob": ""}
        new = {"old_path": change.path, "old_mode": 0, "old_blob": ""}
        found.append(structs.replace(change, kind=ChangeKind.DELETED, **old))
        found.append(structs.replace(change, kind=ChangeKind.ADDED, **new))
    return tuple(found)


def above(path: str) -> Iterator[str]:
    """The directories that a path is in, the root as `.`."""
    while path:
        path = posixpath.dirname(path)
        yield path or "."


def come(path: str, directories: Mapping[str, int]) -> tuple[str, ...]:
    """What is there with a new file that was not: itself, and directories."""
    return (path, *(each for each in above(path) if each not in directories))


def gone(changes: Sequence[Change], directories: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """What is no longer there for each deleted file: itself, and directories of which all is deleted."""
    paths = [change.path for change in changes if change.kind is ChangeKind.DELETED]
    less = Counter(each for path in paths for each in above(path))
    return {
        path: (path, *(each for each in above(path) if less[each] >= directories.get(each, 0)))
        for path in paths
    }


def names(path: str, places: Iterable[str]) -> frozenset[str]:
    """The names by which `places` that come with the new file `path` could be imported, from any directory: a
    module's, and those of directories, which need no `__init__.py`."""
    found: set[str] = set()
    for place in places:
        if place == path and not path.endswith(".py"):
            continue
        words = place.removesuffix(".py").removesuffix("/__init__").split("/")
        found.update(".".join(words[index:]) for index in range(len(words)))
    return frozenset(found)
