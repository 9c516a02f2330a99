"""Scope rule: comments and markers that silence a check, where the candidate adds them.

Promises: in Python only comments and code count, never strings (a docstring may talk about `noqa`). A
suppression counts as new if the candidate's file has more of its kind than the base's, so that editing a
line that already carries one is no finding. Every pattern takes time in proportion to the line.
"""

from __future__ import annotations

import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from assay.gates.files import PYTHON, STUBS, split_lines
from assay.gates.fingerprint import fold_space
from assay.gates.scope_types import ChangedFile, Hit
from assay.gates.tokens import Token, tokens_of
from assay.model.expressions import expression

_COMMENTS = {
    "noqa": expression(r"#\s*(?:(?:ruff|flake8)\s*:\s*)?noqa\b", re.IGNORECASE),
    "ruff: disable": expression(r"#\s*ruff\s*:\s*(?:ignore|disable|file-ignore)\b", re.IGNORECASE),
    "nosec": expression(r"#\s*nosec\b", re.IGNORECASE),
    "type: ignore": expression(r"#\s*type\s*:\s*ignore\b"),
    "type checker off": expression(
        r"#\s*(?:mypy\s*:\s*(?:ignore|disable|allow)|pyright\s*:\s*(?:ignore|basic|report\w+\s*=\s*(?:false|none))"
        r"|(?:pyre|pyrefly|ty)\s*:\s*ignore|pyre-(?:ignore|fixme)|pytype\s*:\s*(?:disable|skip))"
    ),
    "pylint: disable": expression(r"\bpylint\s*:\s*(?:disable|skip-file)"),
    "pragma: no cover": expression(r"\bpragma[\s:]*no\s*(?:cover|branch|mutate)\b", re.IGNORECASE),
    "nosonar": expression(r"\bNOSONAR\b"),
}

_CODE = {
    "skip marker": expression(
        r"\b(?:mark\.(?:skip|skipif)|unittest\.(?:skip|skipIf|skipUnless)|pytest\.skip|importorskip|skipTest)\b"
        r"|^@(?:skip|skipIf|skipUnless)\b"
    ),
    "xfail marker": expression(
        r"\b(?:mark\.xfail|pytest\.xfail|unittest\.expectedFailure)\b|^@expectedFailure\b"
    ),
    "tests switched off": expression(r"\b__test__=False\b|\bcollect_ignore(?:_glob)?\b"),
}

_OTHER = {
    "eslint-disable": expression(r"\beslint-disable"),
    "@ts-ignore": expression(r"@ts-(?:ignore|expect-error|nocheck)\b"),
    "nolint": expression(r"\bnolint\b", re.IGNORECASE),
    "nosonar": expression(r"\bNOSONAR\b"),
    "shellcheck disable": expression(r"#\s*shellcheck\s+disable="),
}

_OTHER_CODE = {
    "@SuppressWarnings": expression(r"^\s*@SuppressWarnings\b"),
    "#[allow]": expression(r"^\s*#!?\[allow\("),
}

_OPENS_COMMENT = expression(r"//|/\*|#")

_SCRIPTS = frozenset(
    {".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".vue", ".svelte", ".rb", ".php", ".sh", ".bash"}
)
_COMPILED = frozenset(
    {".go", ".rs", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".swift"}
)
_OTHER_SUFFIXES = _SCRIPTS | _COMPILED

_WORDS = expression(
    r"noqa|nosec|nosonar|ignore|disable|pragma|pyright|mypy|pyre|pytype|fixme|skip|xfail|expectedFailure"
    r"|__test__|nolint|nocheck|ts-expect|SuppressWarnings|allow",
    re.IGNORECASE,
)
"""Every pattern above needs one of these words on its line; most lines have none."""

_MARKERS = expression("skip|xfail|expectedFailure|__test__|collect_ignore", re.IGNORECASE)
"""The same for Python outside comments."""

_KEPT = 32

_Found = list[tuple[str, int]]
"""(kind, line) of every suppression in a text."""


def suppressions(file: ChangedFile) -> Iterator[Hit]:
    """Each suppression on an added line that the base's file does not have as well."""
    if file.new is None or not file.added:
        return
    suffix = PurePosixPath(file.change.path).suffix.lower()
    find = _in_python if suffix in PYTHON | STUBS else _in_other if suffix in _OTHER_SUFFIXES else None
    if find is None:
        return
    added = dict(file.added)
    # Splitting a file into tokens costs a hundred times what this look at the added lines does.
    worth = _may_silence if find is _in_python else _WORDS.search
    if not any(map(worth, added.values())):
        return
    found = find(file.new)
    excess = Counter(kind for kind, _line in found)
    before = _base_python(file.old) if find is _in_python and file.old else find(file.old or b"")
    excess.subtract(kind for kind, _line in before)
    for kind, line in found:
        if line in added and excess[kind] > 0:
            excess[kind] -= 1
            yield Hit(
                rule="scope/suppression",
                path=file.change.path,
                line=line,
                message=f"a new suppression ({kind})",
                what=f"{kind}\0{fold_space(added[line])}",
            )


def _may_silence(line: str) -> bool:
    """Whether a line of Python is worth a look: most of the words mean something only in a comment."""
    return bool(_MARKERS.search(line) or _WORDS.search(line.partition("#")[2]))


def is_marker(code: str) -> bool:
    """Whether a line of code is a marker that this rule knows by its spelling."""
    return any(pattern.search(code) for pattern in _CODE.values())


def _in_python(content: bytes) -> _Found:
    tokens = tokens_of(content)
    if tokens is None:
        return _by_line(content, _COMMENTS, after=expression("#"))
    found: _Found = []
    for token in tokens:
        if token.type == tokenize.COMMENT:
            found += [
                (kind, token.start[0]) for kind, known in _COMMENTS.items() if known.search(token.string)
            ]
    worth = {n for n, text in enumerate(split_lines(content), start=1) if _MARKERS.search(text)}
    for line, code in _code_lines(token for token in tokens if token.start[0] in worth):
        found += [(kind, line) for kind, known in _CODE.items() if known.search(code)]
    return sorted(found, key=lambda item: item[1])


_base_python = lru_cache(maxsize=_KEPT)(_in_python)
"""Kept for the base's versions, which all candidates share."""


def _code_lines(tokens: Iterable[Token]) -> Iterator[tuple[int, str]]:
    """Names, numbers and operators of each line, joined, so that spacing and strings play no part."""
    lines: dict[int, list[str]] = {}
    for token in tokens:
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER):
            parts = lines.setdefault(token.start[0], [])
            # Two names in a row need a blank between them; anything else reads without.
            blank = (
                parts
                and token.type == tokenize.NAME
                and (parts[-1][-1:].isalnum() or parts[-1].endswith("_"))
            )
            parts.append(f" {token.string}" if blank else token.string)
    for number, parts in lines.items():
        yield number, "".join(parts)


def _in_other(content: bytes) -> _Found:
    return _by_line(content, _OTHER, after=_OPENS_COMMENT) + _by_line(content, _OTHER_CODE)


def _by_line(
    content: bytes, known: dict[str, re.Pattern[str]], after: re.Pattern[str] | None = None
) -> _Found:
    """Matches on each line, with `after` only in what follows its first match."""
    found: _Found = []
    for number, text in enumerate(split_lines(content), start=1):
        opening = after.search(text) if after else None
        if after and not opening:
            continue
        part = text[opening.start() :] if opening else text
        found += [(kind, number) for kind, pattern in known.items() if pattern.search(part)]
    return found
