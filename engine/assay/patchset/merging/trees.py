"""Merge two trees, by syntax where text conflicts.

Promises: what merges as text is merged as git merges it; the tree is the same whichever side is which, or
there is none. Nothing but the contents of a file that both sides still have under its name is merged by
syntax.
"""

from __future__ import annotations

from msgspec.structs import replace

from assay.model.candidate import Oid, Record
from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file
from assay.patchset.merging.join import Lines
from assay.patchset.merging.reasons import Reason
from assay.repo.merge import MergeConflict, MergeConflictKind, MergeConflicts, merge, merge_text
from assay.repo.repository import Repository
from assay.repo.trees import edit

_KEPT = 64
"""So many merged files are remembered, those asked for last: sets are folded in both orders, and what merges
as a pair is merged again in each set of which it is a part."""

_merged_lately: dict[tuple[str, ...], MergedFile | Unmergeable] = {}


class Merged(Record, frozen=True, kw_only=True):
    """The merged tree, and the files that only syntax could merge (none: git merges it as it is)."""

    tree: Oid
    files: tuple[MergedFile, ...] = ()


def structural_merge(repo: Repository, base: str, ours: str, theirs: str) -> Merged | Unmergeable:
    """Merge what two trees made of the tree `base`. What stands against it is the first file that does."""
    found = merge(repo, base, ours, theirs)
    if not isinstance(found, MergeConflicts):
        return _alike(repo, (base, ours, theirs), Merged(tree=found.tree))
    files: list[MergedFile] = []
    leaves = {}
    for conflict in found.conflicts:
        merged = _file(repo, conflict, (base, ours, theirs))
        if isinstance(merged, Unmergeable):
            return merged
        assert conflict.ours is not None
        leaves[conflict.path] = (conflict.ours[0], repo.write_blob(merged.data))
        files.append(merged)
    # With the merged files in all three trees, git has nothing left to say about them.
    settled = tuple(edit(repo, Oid(tree), dict(leaves)) for tree in (base, ours, theirs))
    rest = merge(repo, *settled)
    if isinstance(rest, MergeConflicts):
        return _not_text(rest.conflicts[0].path, "it moved as well")
    return _alike(repo, settled, Merged(tree=rest.tree, files=tuple(files)))


def _alike(
    repo: Repository, trees: tuple[str, str, str] | tuple[Oid, ...], found: Merged
) -> Merged | Unmergeable:
    """`found`, if the other way round git comes to the same."""
    base, ours, theirs = trees
    back = merge(repo, base, theirs, ours)
    if isinstance(back, MergeConflicts) or back.tree != found.tree:
        why = "git merges the rest to different results depending on the order"
        return Unmergeable(path="", where="", reason=Reason.ORDER, why=why)
    return found


def _file(repo: Repository, conflict: MergeConflict, trees: tuple[str, str, str]) -> MergedFile | Unmergeable:
    sides = (conflict.ancestor, conflict.ours, conflict.theirs)
    if conflict.kind is not MergeConflictKind.CONTENT or None in sides:
        return _not_text(conflict.path, f"the conflict is not one of text ({conflict.kind})")
    leaves = [side for side in sides if side is not None]
    if len({mode for mode, _ in leaves}) > 1:
        return _not_text(conflict.path, "its mode changes as well")
    versions = [repo.read(Oid(tree), conflict.path) for tree in trees]
    if versions != [repo.blob(blob) for _, blob in leaves]:
        return _not_text(conflict.path, "it moved as well")
    base, ours, theirs = (blob for _, blob in leaves)
    return merged_file(repo, conflict.path, base, ours, theirs)


def merged_file(repo: Repository, path: str, base: Oid, ours: Oid, theirs: Oid) -> MergedFile | Unmergeable:
    """Three blobs of one file, merged by syntax; once for both ways round: its bytes are the same, and so is
    what stands against it."""
    if ours < theirs:
        return _once(repo, path, base, ours, theirs)
    found = _once(repo, path, base, theirs, ours)
    return found if isinstance(found, Unmergeable) else replace(found, ours=found.theirs, theirs=found.ours)


def _once(repo: Repository, *what: str) -> MergedFile | Unmergeable:
    """`what`: the path and three blobs, which name their contents, in whichever repository they are."""
    found = _merged_lately.pop(what, None)
    if found is None:
        path, *blobs = what
        base, ours, theirs = map(repo.blob, blobs)
        found = merge_file(path, base, ours, theirs, lines=git_lines(repo))
    _merged_lately[what] = found
    while len(_merged_lately) > _KEPT:
        _merged_lately.pop(next(iter(_merged_lately)), None)
    return found


def git_lines(repo: Repository) -> Lines:
    """Merges line by line as git does."""

    def lines(base: str, ours: str, theirs: str) -> str | None:
        found = merge_text(repo, base.encode(), ours.encode(), theirs.encode())
        return None if found is None else found.decode()

    return lines


def _not_text(path: str, why: str) -> Unmergeable:
    return Unmergeable(path=path, where="", reason=Reason.NOT_TEXT, why=why)
