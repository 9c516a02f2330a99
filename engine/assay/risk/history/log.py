"""The log of a repository as a stream of records: who changed which lines of which files, and when.

Promises: read by the git program from its objects alone (no work tree, no textconv, no external diff, no
attribute that hides lines), by histogram diff and with renames followed; non-merge commits only; nothing is
held in memory but one commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.repo.program import stream_git
from assay.repo.repository import Repository

_START, _NEXT, _END = b"\x01", b"\x02", b"\x03"
_FORMAT = "%x01%H%x02%P%x02%ct%x02%B%x03"
_SETTINGS = (
    "core.quotePath=false",
    "diff.renameLimit=400",
    "diff.interHunkContext=0",
    "diff.submodule=short",
    "log.showRoot=true",
    "log.showSignature=false",
)
"""What a user's own configuration could otherwise say differently."""
_HUNK = expression(rb"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_NO_FILE = b"/dev/null"
_ESCAPE = expression(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b'"': b'"', b"\\": b"\\"}


class Hunk(Record, frozen=True, kw_only=True):
    """One place of a diff without context: where it starts on both sides (lines from 1), and its lines."""

    old_start: int
    new_start: int
    deleted: tuple[str, ...]
    added: tuple[str, ...]


class FileEdit(Record, frozen=True, kw_only=True):
    """What a commit does to one file. `old_path` is None for a new file, `path` for a deleted one."""

    old_path: str | None
    path: str | None
    hunks: tuple[Hunk, ...] = ()

    @property
    def name(self) -> str:
        """What the file is called from now on, or was until now."""
        return self.path or self.old_path or ""


class LogEntry(Record, frozen=True, kw_only=True):
    """One commit of the log; `committed` is in seconds since 1970."""

    commit: str
    parents: tuple[str, ...]
    committed: int
    message: str
    edits: tuple[FileEdit, ...]


def read_log(
    repo: Repository, *revisions: str, lines: bool = True, paths: tuple[str, ...] = (), most: int = 0
) -> Iterator[LogEntry]:
    """The non-merge commits of `revisions` (as `git log` takes them), oldest first.

    Without `lines`, edits have no hunks, and reading costs a small part of it. `paths` are git's pathspecs;
    commits that touch none of them are left out. `most`: only the newest so many; 0 is all.
    """
    shape = ["-p", "-U0", "--histogram", "--text"] if lines else ["--raw", "--no-abbrev"]
    with stream_git(
        repo,
        *(part for setting in _SETTINGS for part in ("-c", setting)),
        *("log", "--no-merges", "--reverse", "--date-order", "-M", "--no-ext-diff", "--no-textconv"),
        *("--no-color", "--no-notes", "--no-relative", "--encoding=UTF-8", f"--format={_FORMAT}"),
        *("--src-prefix=a/", "--dst-prefix=b/"),
        *shape,
        *([f"-n{most}"] if most else []),
        *revisions,
        "--",
        *paths,
    ) as stream:
        parse = _patched if lines else _named
        for head, body in _commits(stream):
            yield _entry(head, parse(body))


def _commits(stream: IO[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Header and diff lines of every commit. No line of a diff starts with the byte that starts a header."""
    head, open_head = b"", False
    body: list[bytes] = []
    for line in stream:
        if open_head:
            head += line
        elif line.startswith(_START):
            if head:
                yield head, body
            head, body, open_head = line, [], True
        else:
            body.append(line)
            continue
        if (end := head.find(_END)) >= 0:
            rest = head[end + 1 :]
            head, open_head = head[: end + 1], False
            if rest.strip():
                body.append(rest)
    if head:
        yield head, body


def _entry(head: bytes, edits: tuple[FileEdit, ...]) -> LogEntry:
    commit, parents, committed, message = (
        part.decode("utf-8", "replace") for part in head.strip(_START + _END).split(_NEXT, 3)
    )
    return LogEntry(
        commit=commit,
        parents=tuple(parents.split()),
        committed=int(committed),
        message=message,
        edits=edits,
    )


def _named(body: list[bytes]) -> tuple[FileEdit, ...]:
    """Edits from `--raw`: `:modes ids status TAB path`, and another path after a rename or copy."""
    edits: list[FileEdit] = []
    for line in body:
        if not line.startswith(b":"):
            continue
        facts, *names = line.rstrip(b"\n").split(b"\t")
        status = facts.rsplit(b" ", 1)[-1][:1]
        old, new = (unquoted(name).decode("utf-8", "surrogateescape") for name in (names[0], names[-1]))
        edits.append(
            FileEdit(old_path=None if status in b"AC" else old, path=None if status == b"D" else new)
        )
    return tuple(edits)


def _patched(body: list[bytes]) -> tuple[FileEdit, ...]:
    edits: list[FileEdit] = []
    file: list[bytes] = []
    for line in body:
        if line.startswith(b"diff --git ") and file:
            edits.append(_file(file))
            file = []
        if file or line.startswith(b"diff --git "):
            file.append(line)
    if file:
        edits.append(_file(file))
    return tuple(edits)


def _file(lines: list[bytes]) -> FileEdit:
    old, new, at = _names(lines)
    hunks: list[Hunk] = []
    starts = (0, 0)
    deleted: list[str] = []
    added: list[str] = []

    def close() -> None:
        if starts != (0, 0) or deleted or added:
            hunks.append(
                Hunk(old_start=starts[0], new_start=starts[1], deleted=tuple(deleted), added=tuple(added))
            )

    for line in lines[at:]:
        sign = line[:1]
        if sign == b"@" and (found := _HUNK.match(line)):
            close()
            starts, deleted, added = (int(found[1]), int(found[2])), [], []
        elif sign == b"-":
            deleted.append(line[1:].rstrip(b"\r\n").decode("utf-8", "replace"))
        elif sign == b"+":
            added.append(line[1:].rstrip(b"\r\n").decode("utf-8", "replace"))
    close()
    return FileEdit(old_path=old, path=new, hunks=tuple(hunks))


def _names(lines: list[bytes]) -> tuple[str | None, str | None, int]:
    """The paths of one file's diff, and where its hunks start."""
    old = new = b""
    created = removed = False
    at = next((at for at, line in enumerate(lines) if line.startswith(b"@@ ")), len(lines))
    for line in lines[:at]:
        created = created or line.startswith(b"new file mode")
        removed = removed or line.startswith(b"deleted file mode")
        for mark in (b"--- ", b"rename from ", b"copy from "):
            old = _name(line, mark) if line.startswith(mark) else old
        for mark in (b"+++ ", b"rename to ", b"copy to "):
            new = _name(line, mark) if line.startswith(mark) else new
    if not old and not new:
        # Empty files and changes of mode have no name but in the first line, there twice and equal.
        both = lines[0][len(b"diff --git ") :].strip()
        old = new = unquoted(both[: len(both) // 2].strip())[2:]
    return _text(old, not created), _text(new, not removed), at


def _name(line: bytes, mark: bytes) -> bytes:
    name = unquoted(line[len(mark) :].rstrip(b"\t\r\n"))
    if name == _NO_FILE:
        return b""
    return name[2:] if mark in (b"--- ", b"+++ ") else name


def unquoted(name: bytes) -> bytes:
    """A path as git prints it, without the quotes and escapes that odd bytes get."""
    if not name.startswith(b'"'):
        return name
    return _ESCAPE.sub(_byte, name.strip(b'"'))


def _byte(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8)]) if code.isdigit() else _ESCAPED.get(code, code)


def _text(name: bytes, there: bool) -> str | None:
    return name.decode("utf-8", "surrogateescape") if there and name else None
