"""Metrics of a change: what its lines add, remove and touch, counted by a patience diff.

Promises: deterministic; never raises for what files hold. Files that are binary, too large to read
(`MAX_BLOB` bytes on either side) or beyond `MAX_LINES` diff lines in total keep the line counts of their
`Change` and are left out of the finer metrics. Myers diffs count moved blocks as rewrites; patience does
so far less, which matters because size carries the most points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log2
from pathlib import PurePosixPath

import pygit2
from pygit2.enums import DiffOption

from assay.model.candidate import Change, Record
from assay.repo.globs import Matcher
from assay.repo.repository import SUBMODULE, Repository

MAX_BLOB = 1024 * 1024
MAX_LINES = 20_000
_FLAGS = DiffOption.PATIENCE | DiffOption.FORCE_TEXT
_INDENT = 4
_MOST_NESTING = 20

_PROSE = frozenset({".md", ".rst", ".txt", ".adoc"})
_CODE = frozenset(
    [
        ".py",
        ".pyi",
        ".pyx",
        ".js",
        ".jsx",
        ".ts",
        ".tsx",
        ".mjs",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".java",
        ".kt",
        ".scala",
        ".rb",
        ".php",
        ".cs",
        ".swift",
        ".sh",
        ".bash",
        ".sql",
        ".lua",
        ".ex",
        ".exs",
        ".vue",
        ".svelte",
    ]
)
_BRANCH = re.compile(
    rb"^\s*(?:\}\s*)?(?:async\s+)?(?:if|elif|else if|for|while|case|except|catch|match|switch|try)\b"
)
_DEFINITION = re.compile(
    rb"^\s*(?:(?:export|default|pub|public|private|protected|static|async)\s+)*"
    rb"(?:def|class|func|fn|function|interface|struct|trait)\s+[\w(]"
)


class FileLines(Record, frozen=True, kw_only=True):
    """The added and deleted lines of one file (bytes, without line ends) and its number of hunks."""

    added: tuple[bytes, ...] = ()
    deleted: tuple[bytes, ...] = ()
    hunks: int = 0


class Metrics(Record, frozen=True, kw_only=True):
    """What a change amounts to. `code` excludes tests and prose; `nesting` is in levels of indentation."""

    code_lines: int
    deleted_code: int
    test_lines: int
    files: int
    directories: int
    hunks: int
    entropy: float
    control_flow: int
    nesting: int
    signatures: int
    binary_files: int


def measure(repo: Repository, changes: Sequence[Change], is_test: Matcher) -> Metrics:
    """Measure `changes`; `is_test` tells the paths that count as tests."""
    code = [c for c in changes if not is_passive(c.path, is_test)]
    code_text = [c for c in code if PurePosixPath(c.path).suffix.lower() in _CODE]
    lines = _read(repo, changes)
    added = [line for c in code_text for line in lines[c.path].added]
    return Metrics(
        code_lines=sum(c.added_lines + c.deleted_lines for c in code),
        deleted_code=sum(c.deleted_lines for c in code),
        test_lines=sum(c.added_lines + c.deleted_lines for c in changes if is_test(c.path)),
        files=len(changes),
        directories=len({PurePosixPath(c.path).parent for c in changes}),
        hunks=sum(found.hunks for found in lines.values()),
        entropy=entropy([c.added_lines + c.deleted_lines for c in changes]),
        control_flow=sum(_BRANCH.match(line) is not None for line in added),
        nesting=max(map(_depth, added), default=0),
        signatures=sum(
            _DEFINITION.match(line) is not None for c in code_text for line in lines[c.path].deleted
        ),
        binary_files=sum(c.binary for c in changes),
    )


def is_passive(path: str, is_test: Matcher) -> bool:
    """Whether a path is a test or prose: it does not run where the product runs."""
    return is_test(path) or PurePosixPath(path).suffix.lower() in _PROSE


def entropy(sizes: Sequence[int]) -> float:
    """Shannon entropy, in bits, of how changed lines spread over files: 0 for one file."""
    total = sum(sizes)
    shares = [size / total for size in sizes if size] if total else []
    return round(-sum(share * log2(share) for share in shares), 3) + 0.0


def _read(repo: Repository, changes: Sequence[Change]) -> dict[str, FileLines]:
    budget = MAX_LINES
    lines: dict[str, FileLines] = {}
    for change in changes:
        size = change.added_lines + change.deleted_lines
        lines[change.path] = _lines(repo, change) if 0 < size <= budget else FileLines()
        budget -= min(size, budget)
    return lines


def _lines(repo: Repository, change: Change) -> FileLines:
    old = _blob(repo, change.old_blob, change.old_mode)
    new = _blob(repo, change.new_blob, change.new_mode)
    if change.binary or old is None or new is None:
        return FileLines()
    patch = pygit2.Patch.create_from(old, new, flag=_FLAGS, context_lines=0)
    added: list[bytes] = []
    deleted: list[bytes] = []
    for hunk in patch.hunks:
        for line in hunk.lines:
            if line.origin in "+-":
                (added if line.origin == "+" else deleted).append(line.raw_content.rstrip(b"\r\n"))
    return FileLines(added=tuple(added), deleted=tuple(deleted), hunks=len(patch.hunks))


def _blob(repo: Repository, oid: str, mode: int) -> bytes | None:
    """The blob's bytes, nothing for an absent side, None for what is no readable file."""
    if not oid:
        return b""
    data = repo.blob(oid) if mode != SUBMODULE else None
    return data if data is not None and len(data) <= MAX_BLOB else None


def _depth(line: bytes) -> int:
    """Levels of indentation of one line. Continuation lines are aligned deeper than they nest, so that only
    lines which start a branch count."""
    if _BRANCH.match(line) is None:
        return 0
    blank = line[: len(line) - len(line.lstrip())].expandtabs(_INDENT)
    return min(len(blank) // _INDENT + 1, _MOST_NESTING)
