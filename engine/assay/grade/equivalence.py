"""Candidates that differ in nothing but comments and formatting: their common normal form.

Promises: pure; nothing of a candidate is compiled or run. Equal forms mean: on the same base the same paths
with the same modes, and in each Python file the same syntax tree (docstrings and every constant in it), in
all other files the same bytes. What does not parse, and what is no plain Python file, counts by its bytes.
The reverse need not hold: two candidates that are equal may be found to differ, which costs time and no
verdict.

A syntax tree is dear to write out, so that candidates are first told apart by their `outline`, which is cheap
and leaves out strings and all that a formatter moves.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from assay.gates.syntax import REFUSED, parse
from assay.model.candidate import Candidate, Change
from assay.repo.globs import Matcher
from assay.repo.repository import EXECUTABLE, FILE

Read = Callable[[str], bytes]
"""The bytes of a blob, by its object name."""

Form = frozenset[tuple[str, int, str]]
"""What a candidate does to its base: (path, mode, digest) of each file it writes, mode 0 if it removes it."""

_TOKEN = re.compile(
    rb"""
      (?P<text>
          (?i:[rbfut]{0,2})
          (?: "{3} (?: [^"\\]++ | \\. | "(?!"") )*+ (?: "{3} )?
            | '{3} (?: [^'\\]++ | \\. | '(?!'') )*+ (?: '{3} )?
            | "    (?: [^"\\\n]++ | \\. )*+ "?
            | '    (?: [^'\\\n]++ | \\. )*+ '? ) )
    | (?P<moved> \#[^\n]*+ | [(),;\\] | \s++ )
    | \w++
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
"""Roughly Python's tokens. Every alternative takes what it began, so that no text makes it start over."""


class Forms:
    """Outlines and forms of many candidates, each file's worked out once. `exact` matches the paths of Python
    files that count by their bytes all the same."""

    def __init__(self, read: Read, exact: Matcher) -> None:
        self._read = read
        self._exact = exact
        self._outlines: dict[str, str] = {}
        self._trees: dict[str, str] = {}

    def outline(self, candidate: Candidate) -> Form:
        """Equal for candidates of equal form; it may be equal for others."""
        return self._of(candidate, self._outline)

    def form(self, candidate: Candidate) -> Form:
        """The normal form."""
        return self._of(candidate, self._tree)

    def _of(self, candidate: Candidate, digest: Callable[[str], str]) -> Form:
        found = set()
        for change in candidate.changes:
            if change.new_mode and not self._idle(change):
                python = self._is_python(change.path, change.new_mode)
                blob = change.new_blob
                found.add((change.path, change.new_mode, digest(blob) if python else blob))
            if not change.new_mode or change.old_path != change.path:
                found.add((change.old_path, 0, ""))
        return frozenset(found)

    def _idle(self, change: Change) -> bool:
        """Whether a change leaves a file's form as it is on the base."""
        same = change.path == change.old_path and change.old_mode == change.new_mode
        if not same or not self._is_python(change.path, change.new_mode):
            return False
        old, new = change.old_blob, change.new_blob
        return self._outline(old) == self._outline(new) and self._tree(old) == self._tree(new)

    def _is_python(self, path: str, mode: int) -> bool:
        return mode in (FILE, EXECUTABLE) and PurePosixPath(path).suffix == ".py" and not self._exact(path)

    def _outline(self, blob: str) -> str:
        if blob not in self._outlines:
            self._outlines[blob] = outline(self._read(blob))
        return self._outlines[blob]

    def _tree(self, blob: str) -> str:
        if blob not in self._trees:
            self._trees[blob] = normal(self._read(blob)) or f"blob {blob}"
        return self._trees[blob]


def outline(source: bytes) -> str:
    """A digest of a source's words and operators, without strings, comments and what formatters move."""
    digest = hashlib.sha256()
    for token in _TOKEN.finditer(source):
        if token.lastgroup is None:
            word = token[0]
            # Formatters write numbers their own way.
            digest.update((word.lower() if word[:1].isdigit() else word) + b"\0")
    return digest.hexdigest()


def normal(source: bytes) -> str | None:
    """A digest of a source's syntax tree without positions; None if it does not parse, or cannot be told."""
    tree = parse(source)
    if tree is None:
        return None
    try:
        return hashlib.sha256("\0".join(_told(tree)).encode("utf-8", "surrogatepass")).hexdigest()
    except REFUSED:
        return None


def _told(tree: ast.AST) -> Iterator[str]:
    """All that `ast.dump` tells of a tree, in a third of its time: a node as its kind, a list as its length,
    and what is in them after it."""
    todo: list[Any] = [tree]
    while todo:
        one = todo.pop()
        if isinstance(one, ast.AST):
            yield type(one).__name__
            todo += [getattr(one, field, None) for field in one._fields]
        elif isinstance(one, list):
            yield f"[{len(one)}"
            todo += one
        else:
            yield repr(one)
