"""One policy file as read: plain TOML data, and the line each key stands on.

Promises: pure; a file that is no TOML is a `Problem` that names the line, never an exception. Lines are a
convenience: a key whose line cannot be told by looking has none.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import Any

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.policy.problem import Path, Problem

_LARGEST = 1 << 20
"""Bytes. A policy is written by people; anything larger is some other file."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = expression(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?")
_PAIR = expression(rf"\s*({_DOTTED})\s*=")
_AT = expression(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


class Document(Record, frozen=True, kw_only=True):
    """A parsed layer. `lines` maps paths to lines counted from 1."""

    origin: str
    data: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest enclosing key that has one; 0 if none has."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 0


def parse(raw: bytes, origin: str) -> Document | Problem:
    """The layer in `raw`, or why it is none."""
    if len(raw) > _LARGEST:
        return Problem(origin=origin, message=f"is no policy: it is larger than {_LARGEST} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(origin=origin, line=line, message="is not UTF-8 text, which TOML must be")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _syntax(str(error), origin)
    except (RecursionError, ValueError) as error:
        return Problem(origin=origin, message=f"is not TOML that can be read: {error}")
    return Document(origin=origin, data=data, lines=_lines(text))


def _syntax(message: str, origin: str) -> Problem:
    match = _AT.search(message)
    words = message[: match.start()] if match else message
    line = int(match[1]) if match and match[1] else 0
    end = " (at the end of the file)" if match and not match[1] else ""
    return Problem(origin=origin, line=line, message=f"is not TOML: {words}{end}")


def _lines(text: str) -> dict[Path, int]:
    """Where keys stand, told from line beginnings alone."""
    found: dict[Path, int] = {}
    table: Path = ()
    counts: Counter[Path] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _split(header[2])
            if header[1] == "[[":
                position = counts[table]
                counts[table] += 1
                table = (*table, position)
            found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            found.setdefault((*table, *_split(pair[1])), number)
    return found


def _split(key: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, key))
