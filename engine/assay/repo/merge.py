"""Three-way merges of trees, in memory.

Promises: a conflict is a value that names the path, its kind and the three sides; a clean merge is a tree in
the object database. Work is in proportion to what the two sides changed, not to the repository: paths that
one side alone touched are taken, files that both touched are merged line by line, and only where a removed
path leaves open whether it was renamed are the changed paths (alone) handed to libgit2's own tree merge.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import pygit2

from assay.model.candidate import Oid, Record
from assay.repo.paths import to_bytes
from assay.repo.renames import is_binary
from assay.repo.repository import EMPTY_TREE, FILE, SUBMODULE, SYMLINK, Repository
from assay.repo.trees import Clash, Edits, Leaf, LeafChange, edit, leaf_changes


class MergeConflictKind(StrEnum):
    """In what way two sides disagree about a path."""

    CONTENT = "content"
    BINARY = "binary"
    ADD_ADD = "add/add"
    MODIFY_DELETE = "modify/delete"
    RENAME = "rename"
    FILE_DIRECTORY = "file/directory"
    TYPE = "type"


class MergeConflict(Record, frozen=True, kw_only=True):
    """One path on which the sides disagree. A side is (mode, blob), or None where it has no such file."""

    path: str
    kind: MergeConflictKind
    ancestor: Leaf | None = None
    ours: Leaf | None = None
    theirs: Leaf | None = None


class Merged(Record, frozen=True, kw_only=True):
    """A clean merge."""

    tree: Oid


class MergeConflicts(Record, frozen=True, kw_only=True):
    """Everything that stood against a merge, sorted by path; never empty."""

    conflicts: tuple[MergeConflict, ...]


def merge(repo: Repository, ancestor_tree: str, ours_tree: str, theirs_tree: str) -> Merged | MergeConflicts:
    """Merge what both sides did since `ancestor_tree`."""
    if ours_tree in (ancestor_tree, theirs_tree):
        return Merged(tree=Oid(theirs_tree))
    if theirs_tree == ancestor_tree:
        return Merged(tree=Oid(ours_tree))
    ours = {change.path: change for change in leaf_changes(repo, ancestor_tree, ours_tree)}
    theirs = {change.path: change for change in leaf_changes(repo, ancestor_tree, theirs_tree)}
    if _may_be_renamed(ours, theirs) and all(map(_is_utf8, ours.keys() | theirs.keys())):
        return _with_renames(repo, ours_tree, ours, theirs)
    edits: dict[str, Leaf | None] = {}
    conflicts: list[MergeConflict] = []
    for path, change in theirs.items():
        other = ours.get(path)
        if other is None:
            edits[path] = change.new
        elif other.new != change.new:
            sides = (change.old, other.new, change.new)
            merged = _merge_file(repo, *sides)
            if merged is None:
                conflicts.append(_conflict(repo, path, *sides))
            else:
                edits[path] = merged
    return _finish(repo, ours_tree, edits, conflicts)


def merge_text(repo: Repository, ancestor: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge three versions of one text, line by line; None when they conflict or are no text."""
    return _merge_lines(repo, *(repo.write_blob(data) for data in (ancestor, ours, theirs)))


def _may_be_renamed(ours: dict[str, LeafChange], theirs: dict[str, LeafChange]) -> bool:
    """Whether a side removed what the other changed, while it also added something it may have become."""
    return any(
        mine[path].new is None and other.new is not None and any(c.old is None for c in mine.values())
        for mine, yours in ((ours, theirs), (theirs, ours))
        for path, other in yours.items()
        if path in mine
    ) or _both_moved(ours, theirs)


def _both_moved(ours: dict[str, LeafChange], theirs: dict[str, LeafChange]) -> bool:
    """Whether both removed the same path and each added another: perhaps one file renamed two ways."""
    gone = any(c.new is None and path in theirs and theirs[path].new is None for path, c in ours.items())
    return gone and all(any(c.old is None for c in side.values()) for side in (ours, theirs))


def _merge_file(
    repo: Repository, ancestor: Leaf | None, ours: Leaf | None, theirs: Leaf | None
) -> Leaf | None:
    """The merge of one file, or None when it conflicts."""
    if ancestor is None or ours is None or theirs is None:
        return None
    mode = theirs[0] if ours[0] == ancestor[0] else ours[0]
    if ours[0] != ancestor[0] and theirs[0] not in (ancestor[0], ours[0]):
        return None
    if ours[1] == theirs[1] or theirs[1] == ancestor[1]:
        return mode, ours[1]
    if ours[1] == ancestor[1]:
        return mode, theirs[1]
    if any(side[0] in (SYMLINK, SUBMODULE) for side in (ancestor, ours, theirs)):
        return None
    text = _merge_lines(repo, ancestor[1], ours[1], theirs[1])
    return None if text is None else (mode, repo.write_blob(text))


def _merge_lines(repo: Repository, ancestor: str, ours: str, theirs: str) -> bytes | None:
    contents = [repo.blob(oid) for oid in (ancestor, ours, theirs)]
    if any(b"\0" in data for data in contents):
        return None
    # pygit2 hands the merged file back as UTF-8 text, so any other encoding travels byte for character.
    foreign = [] if _all_utf8(contents) else [data.decode("latin-1").encode() for data in contents]
    oids = [repo.write_blob(text) for text in foreign]
    entries = [_index_entry(oid) for oid in oids or (ancestor, ours, theirs)]
    result = repo.git.merge_file_from_index(entries[0], entries[1], entries[2])
    if not result.automergeable:
        return None
    merged: bytes = result.contents.encode()
    return merged.decode().encode("latin-1") if oids else merged


def _index_entry(oid: str) -> pygit2.IndexEntry:
    return pygit2.IndexEntry("merged", pygit2.Oid(hex=oid), pygit2.enums.FileMode(FILE))


def _all_utf8(contents: Iterable[bytes]) -> bool:
    try:
        for data in contents:
            data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(path: str) -> bool:
    # libgit2's merged index reaches us as text, so other names are merged path by path, without renames.
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _with_renames(
    repo: Repository, ours_tree: str, ours: dict[str, LeafChange], theirs: dict[str, LeafChange]
) -> Merged | MergeConflicts:
    """Merge by libgit2, which finds renames, with the three trees cut down to the changed paths."""
    ancestor = {path: change.old for path, change in (ours | theirs).items()}
    mine = {path: ours[path].new if path in ours else leaf for path, leaf in ancestor.items()}
    yours = {path: theirs[path].new if path in theirs else leaf for path, leaf in ancestor.items()}
    small = [_small_tree(repo, side) for side in (ancestor, mine, yours)]
    index = repo.git.merge_trees(small[0], small[1], small[2])
    conflicts = [_from_index(repo, *sides) for sides in index.conflicts or ()]
    result: dict[str, Leaf | None] = dict.fromkeys(ancestor)
    result.update({entry.path: (int(entry.mode), Oid(str(entry.id))) for entry in index})
    edits = {path: leaf for path, leaf in result.items() if leaf != mine.get(path)}
    return _finish(repo, ours_tree, edits, conflicts)


def _small_tree(repo: Repository, leaves: Edits) -> str:
    return edit(repo, EMPTY_TREE, {path: leaf for path, leaf in leaves.items() if leaf is not None})


def _from_index(
    repo: Repository,
    ancestor: pygit2.IndexEntry | None,
    ours: pygit2.IndexEntry | None,
    theirs: pygit2.IndexEntry | None,
) -> MergeConflict:
    named = next(side for side in (theirs, ours, ancestor) if side is not None)
    leaves = [(int(s.mode), Oid(str(s.id))) if s is not None else None for s in (ancestor, ours, theirs)]
    return _conflict(repo, str(named.path), *leaves)


def _conflict(
    repo: Repository, path: str, ancestor: Leaf | None, ours: Leaf | None, theirs: Leaf | None
) -> MergeConflict:
    kind = _kind(repo, ancestor, ours, theirs)
    return MergeConflict(path=path, kind=kind, ancestor=ancestor, ours=ours, theirs=theirs)


def _kind(
    repo: Repository, ancestor: Leaf | None, ours: Leaf | None, theirs: Leaf | None
) -> MergeConflictKind:
    if ours is None or theirs is None:
        # A side present nowhere else was renamed into place; one that is gone elsewhere was changed.
        return MergeConflictKind.MODIFY_DELETE if ancestor and (ours or theirs) else MergeConflictKind.RENAME
    if (ours[0] ^ theirs[0]) & 0o170000:
        return MergeConflictKind.TYPE
    if ours[0] in (SYMLINK, SUBMODULE) or any(is_binary(repo.blob(side[1])) for side in (ours, theirs)):
        return MergeConflictKind.BINARY
    return MergeConflictKind.CONTENT if ancestor else MergeConflictKind.ADD_ADD


def _finish(
    repo: Repository, ours_tree: str, edits: Edits, conflicts: list[MergeConflict]
) -> Merged | MergeConflicts:
    if not conflicts:
        try:
            return Merged(tree=edit(repo, ours_tree, edits))
        except Clash as clash:
            kind = MergeConflictKind.FILE_DIRECTORY
            conflicts = [MergeConflict(path=clash.path, kind=kind, theirs=edits.get(clash.path))]
    return MergeConflicts(conflicts=tuple(sorted(conflicts, key=lambda c: to_bytes(c.path))))
