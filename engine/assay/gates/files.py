"""The files of a candidate that a gate looks at, and their contents on both sides.

Promises: reads git objects only, as many as the candidate changed (invariant 7). A side that is absent, a
symlink or a submodule has no content to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from assay.gates.fingerprint import Hunk
from assay.model.candidate import Candidate, Change, Record
from assay.repo.repository import Repository

PYTHON = frozenset({".py", ".pyw"})
STUBS = frozenset({".pyi"})

_SHEBANG_BYTES = 256
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Side(Record, frozen=True, kw_only=True):
    """One version of one regular file."""

    path: str
    blob: str


def is_regular(mode: int) -> bool:
    """Whether git's `mode` is that of a plain file (executable or not)."""
    return mode & 0o170000 == 0o100000


def new_side(change: Change) -> Side | None:
    """The candidate's version, if it is a regular file."""
    return Side(path=change.path, blob=change.new_blob) if is_regular(change.new_mode) else None


def old_side(change: Change, suffixes: frozenset[str] | None = None) -> Side | None:
    """The base's version, if it was a regular file (and its name had one of these suffixes)."""
    if not is_regular(change.old_mode):
        return None
    if suffixes is not None and PurePosixPath(change.old_path).suffix not in suffixes:
        return None
    return Side(path=change.old_path, blob=change.old_blob)


def changed_content(candidate: Candidate, suffixes: frozenset[str]) -> tuple[Change, ...]:
    """The changes that leave a regular file of one of these suffixes with new content or a new name."""
    return tuple(
        change
        for change in candidate.changes
        if new_side(change) is not None
        and (change.new_blob, change.path) != (change.old_blob, change.old_path)
        and PurePosixPath(change.path).suffix in suffixes
    )


def python_scripts(repo: Repository, candidate: Candidate) -> tuple[Change, ...]:
    """The changed files without a suffix, or executable, whose first line asks for a Python 3."""
    found = []
    for change in candidate.changes:
        suffix = PurePosixPath(change.path).suffix
        side = new_side(change)
        if side is None or change.binary or change.new_blob == change.old_blob or suffix in PYTHON | STUBS:
            continue
        if (not suffix or change.new_mode & 0o111) and _asks_for_python(repo.blob(side.blob)):
            found.append(change)
    return tuple(found)


def is_script(path: str, content: bytes) -> bool:
    """Whether a file's own content, not its name, makes it a Python program."""
    return PurePosixPath(path).suffix not in PYTHON | STUBS and _asks_for_python(content)


def hunks(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    """The changed regions between two versions, without context."""
    import pygit2

    patch = pygit2.Patch.create_from(old, new, context_lines=0)
    return tuple(
        Hunk(
            old_start=hunk.old_start,
            old_lines=hunk.old_lines,
            new_start=hunk.new_start,
            new_lines=hunk.new_lines,
        )
        for hunk in patch.hunks
    )


def split_lines(content: bytes) -> list[str]:
    """The lines of a file as a tool counts them, decoded without loss."""
    return _LINE_BREAK.split(content.decode("utf-8", "surrogateescape"))


def line_at(lines: list[str], number: int) -> str:
    """Line `number` (from 1), or nothing where there is none."""
    return lines[number - 1] if 0 < number <= len(lines) else ""


def shown(paths: Iterable[str], most: int = 3) -> str:
    """A few paths for a sentence."""
    listed = list(paths)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(display(path) for path in listed[:most]) + more


def display(path: str) -> str:
    """A path fit for a sentence: no byte that is no text, no line break."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if text.isprintable() else repr(text)[1:-1]


def _asks_for_python(content: bytes) -> bool:
    first = content[:_SHEBANG_BYTES].split(b"\n", 1)[0]
    return first.startswith(b"#!") and b"python" in first and b"python2" not in first
