"""Pairs as agents make them: successive feature commits of a project, all moved onto one base.

Promises: the same history gives the same windows; trees, blobs and commits are written into the clone, and
nothing else of it is changed. A window is a few successive commits of the main line, each with code and
tests; its base is what the first of them was made on. A later one is moved there by three-way merge; where
that conflicts only because something of an earlier one stands right beside it, the lines of the earlier one
are left out, as its author would not have had them before him.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pygit2

from assay.delta.testnames import is_test_path
from assay.model.candidate import Base, Candidate, Oid
from assay.model.errors import BadInput
from assay.repo.diff import changes
from assay.repo.merge import MergeConflict, MergeConflictKind, Merged, merge
from assay.repo.repository import Repository
from assay.repo.trees import edit

_FILES = 30
"""Commits that touch more are no single features."""
_LOOKED_AT = 3000
"""So many commits of the main line, the newest first."""
_AUTHOR = pygit2.Signature("bench", "bench@example.org", 1_700_000_000, 0)


@dataclass(frozen=True)
class Feature:
    """A commit of the main line that changes code and tests, and the trees before and after it."""

    commit: str
    title: str
    parent: str
    before: Oid
    after: Oid


@dataclass(frozen=True)
class Window:
    """Features on one base, the oldest first; each candidate's `id` is its commit on that base."""

    base: Base
    features: tuple[Feature, ...]
    candidates: tuple[Candidate, ...]


def windows(repo: Repository, size: int) -> Iterator[Window]:
    """Windows of `size` successive features each, the newest first."""
    found = list(_features(repo))
    for start in range(0, len(found) - size + 1, size):
        window = _window(repo, found[start : start + size][::-1])
        if len(window.candidates) > 1:
            yield window


def _features(repo: Repository) -> Iterator[Feature]:
    walker = repo.git.walk(repo.git.head.target)
    walker.simplify_first_parent()
    for commit in islice(walker, _LOOKED_AT):
        if not commit.parents:
            return
        parent = commit.parents[0]
        before, after = Oid(str(parent.tree_id)), Oid(str(commit.tree_id))
        try:
            paths = [change.path for change in changes(repo, before, after) if change.new_blob]
        except BadInput:  # a mirror that leaves large files out
            continue
        python = [path for path in paths if path.endswith(".py")]
        tests = [path for path in python if is_test_path(path)]
        if tests and len(python) > len(tests) and len(paths) < _FILES:
            title = commit.message.strip().splitlines() or [""]
            yield Feature(str(commit.id), title[0], str(parent.id), before, after)


def _window(repo: Repository, features: Sequence[Feature]) -> Window:
    base = Base(commit=Oid(features[0].parent), tree=features[0].before)
    kept: list[Feature] = []
    candidates: list[Candidate] = []
    for feature in features:
        tree = _moved(repo, feature, base.tree)
        if tree is not None and tree not in (base.tree, *(c.tree for c in candidates)):
            kept.append(feature)
            candidates.append(_candidate(repo, base, feature, tree))
    return Window(base, tuple(kept), tuple(candidates))


def _candidate(repo: Repository, base: Base, feature: Feature, tree: Oid) -> Candidate:
    parents = [base.commit] if base.commit else []
    commit = str(repo.git.create_commit(None, _AUTHOR, _AUTHOR, feature.title, tree, parents))
    touched = changes(repo, base.tree, tree)
    name = feature.commit[:10]
    return Candidate(id=commit, name=name, source=feature.title, base=base, tree=tree, changes=touched)


def _moved(repo: Repository, feature: Feature, base: Oid) -> Oid | None:
    trees = feature.before, base, feature.after
    found = merge(repo, *trees)
    if isinstance(found, Merged):
        return found.tree
    leaves = {}
    for conflict in found.conflicts:
        data = _without_neighbours(repo, conflict)
        if data is None:
            return None
        assert conflict.ours is not None
        leaves[conflict.path] = (conflict.ours[0], repo.write_blob(data))
    rest = merge(repo, *(edit(repo, tree, dict(leaves)) for tree in trees))
    return rest.tree if isinstance(rest, Merged) else None


def _without_neighbours(repo: Repository, conflict: MergeConflict) -> bytes | None:
    sides = (conflict.ancestor, conflict.ours, conflict.theirs)
    if conflict.kind is not MergeConflictKind.CONTENT or None in sides:
        return None
    lines = [repo.blob(side[1]).splitlines(keepends=True) for side in sides if side is not None]
    both = beside(*lines)
    return None if both is None else b"".join(both)


def beside(old: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]) -> list[bytes] | None:
    """Both edits of a text, though not one unchanged line may stand between them; None if they overlap: one
    changes or splits what the other takes away, or both put something at one place."""
    edits = [_edits(old, new) for new in (ours, theirs)]
    if edits[0].gone & edits[1].gone:
        return None
    for one, other in (edits, edits[::-1]):
        if any(at in other.put or {at - 1, at} <= other.gone for at in one.put):
            return None
    found: list[bytes] = []
    for at in range(len(old) + 1):
        found += [line for each in edits for line in each.put.get(at, ())]
        if at < len(old) and not any(at in each.gone for each in edits):
            found.append(old[at])
    return found


@dataclass(frozen=True)
class _Edits:
    """Lines of the old text that are gone, and what is put before which of them."""

    gone: set[int]
    put: dict[int, Sequence[bytes]]


def _edits(old: Sequence[bytes], new: Sequence[bytes]) -> _Edits:
    gone: set[int] = set()
    put: dict[int, Sequence[bytes]] = {}
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone |= set(range(start, end))
            if last > first:
                put[start] = new[first:last]
    return _Edits(gone, put)
