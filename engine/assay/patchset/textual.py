"""Textual conflicts of one pair: three-way merges of what both touch, in memory.

Promises: the answer is that of merging the trees both ways round, by syntax where text conflicts. Where both
sides only edit the same text files, which is most pairs, the lines they replace tell, or the files alone are
merged, and nothing is written; adds, deletes, renames, mode and type changes, binaries, and what must be
merged and is no UTF-8 take the merge of trees.
"""

from __future__ import annotations

from collections.abc import Callable

from pygit2 import IndexEntry, Oid
from pygit2.enums import FileMode

from assay.model.candidate import Base, Candidate, Change, ChangeKind
from assay.model.report import Conflict, ConflictKind
from assay.patchset.edits import Edits, Meeting, meeting
from assay.patchset.merging.pairs import BySyntax
from assay.patchset.overlap import Overlap
from assay.repo.merge import MergeConflicts, merge
from assay.repo.repository import Repository

_FILES = frozenset({FileMode.BLOB, FileMode.BLOB_EXECUTABLE})


def textual(repo: Repository, base: Base, edits: Edits) -> Callable[[Overlap], Conflict | None]:
    """What tells of each pair: a conflict if it merges neither as text, the same in both orders, nor by
    syntax. `edits` remembers what it learns of each candidate."""
    syntax = BySyntax(repo, base)
    return lambda pair: syntax.unless_merged(pair, _textual(repo, base, edits, pair))


def _textual(repo: Repository, base: Base, edits: Edits, pair: Overlap) -> Conflict | None:
    if pair.nested:
        return _whole(repo, base, pair.a, pair.b)
    ours, theirs = _by_path(pair.a), _by_path(pair.b)
    for path in pair.shared:
        a, b = ours[path], theirs[path]
        if a == b:
            if a.kind in (ChangeKind.ADDED, ChangeKind.MODIFIED):
                continue
            return _whole(repo, base, pair.a, pair.b)
        clean = _edit_cleanly(repo, edits, a, b)
        if clean is None:
            return _whole(repo, base, pair.a, pair.b)
        if not clean:
            return _edits_clash(edits, pair, a, b)
    return None


def _by_path(candidate: Candidate) -> dict[str, Change]:
    found: dict[str, Change] = {}
    for change in candidate.changes:
        found[change.old_path] = found[change.path] = change
    return found


def _edit_cleanly(repo: Repository, edits: Edits, a: Change, b: Change) -> bool | None:
    """Whether two edits of one file merge, the same both ways round; None where that is not all there is."""
    modes = {a.old_mode, a.new_mode, b.old_mode, b.new_mode}
    plain = a.kind is b.kind is ChangeKind.MODIFIED and len(modes) == 1 and modes <= _FILES
    if not plain or a.binary or b.binary:
        return None
    found = meeting(edits.of(a.old_blob, a.new_blob), edits.of(b.old_blob, b.new_blob))
    if found is not Meeting.OPEN:
        return found is Meeting.APART
    ancestor, ours, theirs = (
        IndexEntry("merged", Oid(hex=blob), FileMode.BLOB) for blob in (a.old_blob, a.new_blob, b.new_blob)
    )
    try:
        forward = repo.git.merge_file_from_index(ancestor, ours, theirs)
        assert not isinstance(forward, str)
        if not forward.automergeable:
            return False
        backward = repo.git.merge_file_from_index(ancestor, theirs, ours)
    except UnicodeDecodeError:  # pygit2 hands the merged text back as UTF-8 or not at all
        return None
    assert not isinstance(backward, str)
    return backward.automergeable and forward.contents == backward.contents


def _edits_clash(edits: Edits, pair: Overlap, a: Change, b: Change) -> Conflict:
    lines = _common_lines(edits, a, b)
    if lines is None:
        return _conflict(pair.a, pair.b, a.path, f"both edit {a.path} in a way that depends on the order")
    first, last = lines
    span = f"line {first}" if first == last else f"lines {first} to {last}"
    return _conflict(pair.a, pair.b, f"{a.path}:{first}", f"both change {span} of {a.path}")


def _common_lines(edits: Edits, a: Change, b: Change) -> tuple[int, int] | None:
    """The first lines of the base file that both edits change or adjoin, counted from 1."""
    theirs = edits.of(b.old_blob, b.new_blob)
    for mine in edits.of(a.old_blob, a.new_blob):
        for other in theirs:
            if mine.start <= other.end and other.start <= mine.end:
                start = max(mine.start, other.start)
                return max(start, 1), max(min(mine.end, other.end) - 1, start, 1)
    return None


def _whole(repo: Repository, base: Base, a: Candidate, b: Candidate) -> Conflict | None:
    assert a.tree is not None and b.tree is not None
    forward = merge(repo, base.tree, a.tree, b.tree)
    if isinstance(forward, MergeConflicts):
        first = forward.conflicts[0]
        return _conflict(a, b, first.path, f"{first.path} does not merge ({first.kind})")
    backward = merge(repo, base.tree, b.tree, a.tree)
    if isinstance(backward, MergeConflicts):
        where = backward.conflicts[0].path
    elif backward.tree != forward.tree:
        where = min(change.path for change in a.changes)
    else:
        return None
    return _conflict(a, b, where, "they merge to different results depending on the order")


def _conflict(a: Candidate, b: Candidate, where: str, what: str) -> Conflict:
    why = f"{a.name} and {b.name} conflict: {what}"
    return Conflict(a=a.id, b=b.id, kind=ConflictKind.TEXTUAL, where=where, why=why)
