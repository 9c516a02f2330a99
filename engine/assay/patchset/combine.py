"""Merge a whole set of candidates into one tree.

Promises: in memory, from the base and the members' trees alone; the tree does not depend on the order of the
members, or there is a conflict. Sets whose pairs all merge can still conflict as a whole. What does not merge
as text is merged by syntax (`merging`), and what was is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.model.candidate import Base, Candidate, Oid, Record
from assay.model.report import Conflict, ConflictKind, MergedFile
from assay.patchset.overlap import touched
from assay.repo.merge import MergeConflicts, merge
from assay.repo.repository import Repository
from assay.repo.trees import leaf_changes

if TYPE_CHECKING:  # most sets merge as text
    from assay.patchset.merging import file as merging


class Combined(Record, frozen=True, kw_only=True):
    """The combined tree, the tree after each member in turn (the last one is `tree`), and what was merged by
    syntax on the way."""

    tree: Oid
    steps: tuple[Oid, ...]
    merged: tuple[MergedFile, ...] = ()


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
    files: list[MergedFile] = []
    for index, member in enumerate(members):
        if member.tree is None or member.base.tree != base.tree:
            raise ValueError(f"{member.id} has no tree on this base")
        if tree == base.tree:
            tree = member.tree
        else:
            earlier = members[:index]
            merged = merge(repo, base.tree, tree, member.tree)
            if isinstance(merged, MergeConflicts) and _has(repo, base, tree, member.tree):
                pass  # git takes what several members add alike for files that moved, each to the same place
            elif isinstance(merged, MergeConflicts):
                from assay.patchset.merging.file import Unmergeable
                from assay.patchset.merging.trees import structural_merge

                found = structural_merge(repo, base.tree, tree, member.tree)
                if isinstance(found, Unmergeable):
                    return _clash(member, earlier, merged.conflicts[0].path, found)
                files += (_told(file, member, earlier) for file in found.files)
                tree = found.tree
            else:
                tree = merged.tree
        steps.append(tree)
    return Combined(tree=tree, steps=tuple(steps), merged=tuple(files))


def _has(repo: Repository, base: Base, tree: str, member: str) -> bool:
    """Whether a tree is at each path as the member wants it already."""
    there = {change.path: change.new for change in leaf_changes(repo, base.tree, tree)}
    wanted = {change.path: change.new for change in leaf_changes(repo, base.tree, member)}
    return wanted.items() <= there.items()


def _told(file: merging.MergedFile, member: Candidate, earlier: Sequence[Candidate]) -> MergedFile:
    return MergedFile(
        path=file.path,
        format=file.format,
        candidate=member.id,
        others=tuple(candidate.id for candidate in _near(earlier, file.path)),
        groups=file.groups,
        added=file.theirs,
        beside=file.ours,
    )


def _near(earlier: Sequence[Candidate], path: str) -> list[Candidate]:
    """Those who touch the same path; all, if none is seen to."""
    return [candidate for candidate in earlier if path in touched(candidate)] or list(earlier)


def _clash(
    member: Candidate, earlier: Sequence[Candidate], path: str, found: merging.Unmergeable
) -> Conflict:
    near = _near(earlier, path)
    names = " and ".join(candidate.name for candidate in near)
    why = f"{member.name} no longer merges in {path} once {names} is in"
    if found.telling:
        why = f"{why}; {found.telling}"
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
