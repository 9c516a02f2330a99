"""Glob patterns over '/'-separated paths, compiled once and matched many times.

Promises: pure; a pattern always matches the whole path. `*` and `?` stay within one component, `[...]` is a
class within one component, `**` as a whole component crosses any number of them (none included), a pattern
that ends in '/' means everything below. Patterns are anchored at the root: `*.py` is a file at the top,
`**/*.py` one anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


class Matcher:
    """Whether a path matches any of some patterns; an empty set of patterns matches nothing."""

    __slots__ = ("_match", "patterns")

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.patterns = patterns
        joined = "|".join(_translate(pattern) for pattern in patterns)
        self._match = re.compile(joined, re.DOTALL).fullmatch if patterns else None

    def matches(self, path: str) -> bool:
        """Whether `path` (relative, '/'-separated) matches."""
        return self._match is not None and self._match(path) is not None

    __call__ = matches


def compile_globs(patterns: Sequence[str]) -> Matcher:
    """The matcher of `patterns`, shared between equal calls."""
    return _compiled(tuple(patterns))


@lru_cache(maxsize=512)
def _compiled(patterns: tuple[str, ...]) -> Matcher:
    return Matcher(patterns)


def _translate(pattern: str) -> str:
    """One pattern as a regular expression for `fullmatch`."""
    pattern = pattern.removeprefix("./").lstrip("/")
    if pattern.endswith("/"):
        pattern += "**"
    parts = pattern.split("/")
    out: list[str] = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            # A leading or inner `**/` may vanish; a final one needs something below.
            out.append(r".+" if last else r"(?:.+/)?")
        else:
            out.append(_component(part) + ("" if last else "/"))
    return "(?:" + "".join(out) + ")"


def _component(part: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(part):
        char = part[at]
        if char == "*":
            while part[at : at + 1] == "*":
                at += 1
            out.append("[^/]*")
            continue
        if char == "?":
            out.append("[^/]")
        elif char == "[" and (end := _class_end(part, at)) > 0:
            out.append(_class(part[at + 1 : end]))
            at = end
        else:
            out.append(re.escape(char))
        at += 1
    return "".join(out)


def _class_end(part: str, start: int) -> int:
    """The index of the bracket that closes the class opened at `start`, or -1: then '[' is itself."""
    first = start + 1
    if part[first : first + 1] in ("!", "^"):
        first += 1
    return part.find("]", first + 1)


def _class(body: str) -> str:
    negated = body[:1] in ("!", "^")
    members = body[1:] if negated else body
    # `-` keeps its meaning as a range; everything else that `re` treats specially does not.
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    try:
        re.compile(f"[{escaped}]")
    except re.error:
        # A range that runs backwards matches nothing, as in the shell.
        return "(?!)"
    return f"(?!/)[{'^' if negated else ''}{escaped}]"
