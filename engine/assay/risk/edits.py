"""The edits of a candidate in the shape in which the log gives those of a commit.

Promises: never raises for what files hold; what is binary, too large to read (`MAX_BLOB` bytes on a side) or
beyond `MAX_LINES` lines in all is counted by its lines and not looked into.

Lines are compared by patience diff, where the log of the past is read by histogram diff, its descendant:
libgit2 has no histogram diff, and a process for each candidate would cost more than the rest of the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import pygit2
from pygit2.enums import DiffOption

from assay.model.candidate import Change, Record
from assay.repo.repository import EXECUTABLE, FILE, Repository
from assay.risk.features import Touched
from assay.risk.history.log import FileEdit, Hunk
from assay.risk.kinds import Kind, kind

MAX_BLOB = 1024 * 1024
MAX_LINES = 20_000
_FLAGS = DiffOption.PATIENCE | DiffOption.INDENT_HEURISTIC | DiffOption.FORCE_TEXT
_FILES = (FILE, EXECUTABLE)
_CODE = (Kind.SOURCE, Kind.OTHER)


class Edited(Record, frozen=True, kw_only=True):
    """The program files that a change touches: what is done to them, and how large they were."""

    edits: tuple[FileEdit, ...]
    files: tuple[Touched, ...]
    unread: int = 0
    """Files whose lines were not looked into, and how many lines those add and delete."""
    unread_added: int = 0
    unread_deleted: int = 0

    @property
    def foreign(self) -> int:
        """Files in other languages than Python."""
        return sum(kind(file.path) is Kind.OTHER for file in self.files)


def edited(repo: Repository, changes: Sequence[Change]) -> Edited:
    """The program files among `changes`; tests, documentation and data are left out."""
    budget = MAX_LINES
    unread: list[Change] = []
    edits: list[FileEdit] = []
    files: list[Touched] = []
    for change in changes:
        if kind(change.path) not in _CODE or {change.old_mode, change.new_mode} - {0, *_FILES}:
            continue
        size = change.added_lines + change.deleted_lines
        sides = _sides(repo, change) if size <= budget and not change.binary else None
        budget -= min(size, budget)
        if sides is None:
            unread.append(change)
        old, new = sides or (b"", b"")
        edits.append(
            FileEdit(
                old_path=change.old_path if change.old_blob else None,
                path=change.path if change.new_blob else None,
                hunks=_hunks(old, new),
            )
        )
        lines = old.count(b"\n")
        files.append(Touched(path=change.path, lines=lines, changed=size, new=not change.old_blob))
    return Edited(
        edits=tuple(edits),
        files=tuple(files),
        unread=len(unread),
        unread_added=sum(change.added_lines for change in unread),
        unread_deleted=sum(change.deleted_lines for change in unread),
    )


def _sides(repo: Repository, change: Change) -> tuple[bytes, bytes] | None:
    sides = tuple(repo.blob(oid) if oid else b"" for oid in (change.old_blob, change.new_blob))
    return None if max(map(len, sides)) > MAX_BLOB else (sides[0], sides[1])


def _hunks(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    if old == new:
        return ()
    patch = pygit2.Patch.create_from(old, new, flag=_FLAGS, context_lines=0, interhunk_lines=0)
    return tuple(
        Hunk(
            old_start=hunk.old_start,
            new_start=hunk.new_start,
            deleted=_lines(hunk, "-"),
            added=_lines(hunk, "+"),
        )
        for hunk in patch.hunks
    )


def _lines(hunk: pygit2.DiffHunk, origin: str) -> tuple[str, ...]:
    return tuple(
        line.raw_content.rstrip(b"\r\n").decode("utf-8", "replace")
        for line in hunk.lines
        if line.origin == origin
    )
