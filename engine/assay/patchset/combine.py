"""Merge a whole set of candidates into one tree.

Promises: in memory, from the base and the members' trees alone; the tree does not depend on the order of the
members, or there is a conflict. Sets whose pairs all merge can still conflict as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.candidate import Base, Candidate, Oid, Record
from assay.model.report import Conflict, ConflictKind
from assay.patchset.overlap import touched
from assay.repo.merge import MergeConflicts, merge
from assay.repo.repository import Repository


class Combined(Record, frozen=True, kw_only=True):
    """The combined tree, and the tree after each member in turn (the last one is `tree`)."""

    tree: Oid
    steps: tuple[Oid, ...]


def combine(repo: Repository, base: Base, members: Sequence[Candidate]) -> Combined | Conflict:
    """Fold three-way merges over `members` in order; the base's own tree for none.

    The conflict names the member that no longer merges as `a` and, as `b`, the last earlier member that
    touches the same path. Raises `ValueError` for a member without a tree or on another base.
    """
    forward = _fold(repo, base, members)
    if isinstance(forward, Conflict) or len(members) < 2:
        return forward
    backward = _fold(repo, base, members[::-1])
    if isinstance(backward, Conflict):
        return backward
    if backward.tree != forward.tree:
        return _depends_on_order(members)
    return forward


def _fold(repo: Repository, base: Base, members: Sequence[Candidate]) -> Combined | Conflict:
    tree = base.tree
    steps: list[Oid] = []
    for index, member in enumerate(members):
        if member.tree is None or member.base.tree != base.tree:
            raise ValueError(f"{member.id} has no tree on this base")
        if tree == base.tree:
            tree = member.tree
        else:
            merged = merge(repo, base.tree, tree, member.tree)
            if isinstance(merged, MergeConflicts):
                return _clash(member, members[:index], merged.conflicts[0].path)
            tree = merged.tree
        steps.append(tree)
    return Combined(tree=tree, steps=tuple(steps))


def _clash(member: Candidate, earlier: Sequence[Candidate], path: str) -> Conflict:
    near = [candidate for candidate in earlier if path in touched(candidate)] or list(earlier)
    names = " and ".join(candidate.name for candidate in near)
    why = f"{member.name} no longer merges in {path} once {names} is in"
    return Conflict(a=member.id, b=near[-1].id, kind=ConflictKind.TEXTUAL, where=path, why=why)


def _depends_on_order(members: Sequence[Candidate]) -> Conflict:
    seen: dict[str, Candidate] = {}
    for member in members:
        for path in sorted(touched(member)):
            if path in seen:
                why = f"{seen[path].name} and {member.name} merge to different results depending on the order"
                return Conflict(a=member.id, b=seen[path].id, kind=ConflictKind.TEXTUAL, where=path, why=why)
            seen[path] = member
    raise AssertionError("disjoint changes merge to the same tree in any order")
