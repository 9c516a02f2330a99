"""Combined trees of many groups of the same candidates, each for the price of what its members share.

Promises: the tree is the one that `combine` folds together, or the conflict that it finds among fewer of the
members. Members that share no file are put side by side; of edits of one file with lines between all of them
each stands where it was; only those who meet otherwise are folded, apart from all others, and once for each
such company. What lands is combined by `combine` itself: where a diff can be read in two ways, git may align
a row of merges otherwise than single edits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from assay.model.candidate import Base, Candidate, Oid
from assay.model.report import Conflict
from assay.patchset.combine import Combined, combine
from assay.patchset.edits import Edits, spliced
from assay.repo.renames import is_binary
from assay.repo.repository import Repository
from assay.repo.trees import Clash, Leaf, LeafChange, edit, leaf_changes

_FILES = frozenset({0o100644, 0o100755})

Group = tuple[str, ...]
"""Ids of members, in the order in which they are combined."""


class Unions:
    """What candidates on one base make together."""

    def __init__(self, repo: Repository, base: Base, candidates: Iterable[Candidate]) -> None:
        self._repo = repo
        self._base = base
        self._by_id = {candidate.id: candidate for candidate in candidates}
        self._edits = Edits(repo)
        self._folded: dict[Group, Oid | Conflict] = {}
        self._changes: dict[str, Mapping[str, LeafChange]] = {}
        self._spliced: dict[tuple[str, frozenset[str]], Oid | None] = {}

    def tree(self, members: Sequence[str]) -> Oid | Conflict:
        """The tree of these together, or why there is none. Raises `ValueError` as `combine` does."""
        place = {member: index for index, member in enumerate(members)}
        units: list[Group] = [(member,) for member in members]
        while True:
            trees = [self._fold(unit) for unit in units]
            whole = [tree for tree in trees if not isinstance(tree, Conflict)]
            if len(whole) < len(trees):
                return next(tree for tree in trees if isinstance(tree, Conflict))
            edits, meeting = self._beside(whole)
            try:
                if not meeting:
                    return edit(self._repo, self._base.tree, edits)
            except Clash:
                meeting = [list(range(len(units)))]
            units = _joined(units, meeting, place)

    def _fold(self, unit: Group) -> Oid | Conflict:
        if unit not in self._folded:
            found = combine(self._repo, self._base, [self._by_id[member] for member in unit])
            self._folded[unit] = found.tree if isinstance(found, Combined) else found
        return self._folded[unit]

    def _beside(self, trees: Sequence[Oid]) -> tuple[dict[str, Leaf | None], list[list[int]]]:
        """What trees make of the base side by side; the places of those that meet in a way which only a merge
        can settle."""
        at: dict[str, list[int]] = defaultdict(list)
        for index, tree in enumerate(trees):
            for path in self._changed(tree):
                at[path].append(index)
        edits: dict[str, Leaf | None] = {}
        meeting: list[list[int]] = []
        for path, here in at.items():
            sides = [self._changed(trees[index])[path] for index in here]
            if len({side.new for side in sides}) == 1 and (len(sides) == 1 or sides[0].new):
                edits[path] = sides[0].new
            elif (leaf := self._together(sides)) is not None:
                edits[path] = leaf
            else:
                meeting.append(here)
        return edits, meeting

    def _changed(self, tree: Oid) -> Mapping[str, LeafChange]:
        if tree not in self._changes:
            found = leaf_changes(self._repo, self._base.tree, tree)
            self._changes[tree] = {change.path: change for change in found}
        return self._changes[tree]

    def _together(self, sides: Sequence[LeafChange]) -> Leaf | None:
        """One file with all of these edits in it, if they are apart."""
        old = sides[0].old
        news = [side.new for side in sides if side.new is not None]
        if old is None or len(news) < len(sides) or {mode for mode, _ in (old, *news)} != {old[0]}:
            return None
        if old[0] not in _FILES:
            return None
        key = old[1], frozenset(blob for _, blob in news)
        if key not in self._spliced:
            self._spliced[key] = self._splice(old[1], sorted(key[1]))
        blob = self._spliced[key]
        return None if blob is None else (old[0], blob)

    def _splice(self, old: str, news: Sequence[str]) -> Oid | None:
        if any(is_binary(self._repo.blob(blob)) for blob in (old, *news)):
            return None
        hunks = sorted({hunk for new in news for hunk in self._edits.of(old, new)})
        # As git has it, hunks between which not one line stands are one change.
        if any(next_.start <= hunk.end for hunk, next_ in pairwise(hunks)):
            return None
        return self._repo.write_blob(spliced(self._repo.blob(old), hunks))


def _joined(
    units: Sequence[Group], meeting: Iterable[Sequence[int]], place: Mapping[str, int]
) -> list[Group]:
    """The units, those that meet made one."""
    owner = list(range(len(units)))

    def root(index: int) -> int:
        while owner[index] != index:
            index = owner[index]
        return index

    for first, *others in meeting:
        for other in others:
            owner[root(other)] = root(first)
    parts: dict[int, list[str]] = defaultdict(list)
    for index, unit in enumerate(units):
        parts[root(index)] += unit
    return [tuple(sorted(part, key=place.__getitem__)) for part in parts.values()]
