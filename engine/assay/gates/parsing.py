"""Syntax trees of sources that are versions of each other: of a version that differs in a few lines, only the
statements around these are parsed.

Promises: the tree is the one that `ast.parse` makes, positions included, and what it raises is raised; trees
share the statements that versions share, so nobody may change them for good. What is kept is bounded by the
sources' bytes. May be asked from several threads.

Why this holds: Python's parser reads from left to right, and where a statement of the module begins it is in
the same state whatever came before. So the statements before the difference are the same ones, but for the
last of them, which what follows may continue; and if the lines of the difference parse by themselves, those
after it are read as they were. They keep their line numbers only where the difference has as many lines as
what it replaces; else all from the difference on is parsed.
"""

from __future__ import annotations

import ast
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

KEPT = 512 * 1024
"""Bytes of source whose trees are kept, of a version those that were parsed for it: a tree takes some hundred
times its source."""
_MOST_KEPT = 32
_MOST_ASKED = 2
"""So many of those that may be versions of one source are compared with it."""
_END = 256
"""Bytes that versions share at one of their ends."""
_LEAST = 4_000
"""Smaller sources are parsed as they are."""
_ODD = (b"\r", b"\f", b"\0", b"coding", b"\xef\xbb\xbf", b"barry_as_FLUFL")
"""What moves lines or changes how all that follows is read."""


class _Parsed(NamedTuple):
    """A source with its tree, and where its statements begin: lines from 1, decorators included. `apart` are
    those which begin their line."""

    source: bytes
    tree: ast.Module
    begins: list[int]
    apart: list[bool]
    cost: int
    """Bytes that were parsed for it."""


class Versions:
    """The sources parsed lately."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._held = 0
        self._sources: OrderedDict[bytes, _Parsed] = OrderedDict()
        self._lock = threading.Lock()

    def parse(self, source: bytes) -> ast.Module:
        """The tree of `source`. Raises what `ast.parse` raises."""
        if len(source) < _LEAST or len(source) > self._kept or any(odd in source for odd in _ODD):
            return ast.parse(source)
        with self._lock:
            known = self._sources.get(source)
            if known is not None:
                self._sources.move_to_end(source)
                return known.tree
            others = [each for each in reversed(self._sources.values()) if _may_be(each.source, source)]
        near = max(others[:_MOST_ASKED], key=lambda other: _alike(other.source, source), default=None)
        found = _from(near, source) if near is not None else None
        tree, cost = found or (ast.parse(source), len(source))
        with self._lock:
            self._keep(_parsed(source, tree, cost))
            if near is not None and found is not None and near.source in self._sources:
                # After the version that shares its statements: what it costs is counted here.
                self._sources.move_to_end(near.source)
        return tree

    def _keep(self, parsed: _Parsed) -> None:
        if (before := self._sources.pop(parsed.source, None)) is not None:
            self._held -= before.cost
        self._sources[parsed.source] = parsed
        self._held += parsed.cost
        while self._held > self._kept or len(self._sources) > _MOST_KEPT:
            _, gone = self._sources.popitem(last=False)
            self._held -= gone.cost


def _from(near: _Parsed, source: bytes) -> tuple[ast.Module, int] | None:
    """The tree of `source` from that of a version of it, and how many bytes were parsed for it; None where
    that does not tell."""
    old, count = near.source, len(near.begins)
    most = min(len(old), len(source))
    front = _common(most, lambda n: old[:n] == source[:n])
    back = _common(most - front, lambda n: not n or old[-n:] == source[-n:])
    first = old.count(b"\n", 0, front) + 1
    # The last statement that begins above the difference may go on in it: it is parsed again.
    before = bisect_left(near.begins, first) - 1
    if before < 0 or not near.apart[before]:
        before = 0
    after = count
    if old.count(b"\n") == source.count(b"\n"):
        after = bisect_right(near.begins, old.count(b"\n", 0, len(old) - back) + 1)
        if after < count and not near.apart[after]:
            after = count
    if not before and after == count:
        return None
    lines = source.split(b"\n")
    top = near.begins[before] - 1 if before else 0
    bottom = near.begins[after] - 1 if after < count else len(lines)
    text = b"\n".join(lines[top:bottom])
    try:
        middle = ast.parse(b"\n" * top + text + (b"\n" if after < count else b""))
    except (SyntaxError, ValueError):
        return None  # of the whole, it is said in other words
    body = [*near.tree.body[:before], *middle.body, *near.tree.body[after:]]
    return ast.Module(body=body, type_ignores=[]), len(text)


def _may_be(one: bytes, other: bytes) -> bool:
    """Whether these look like versions of one source."""
    near = abs(len(one) - len(other)) * 4 < len(other)
    return near and (one[:_END] == other[:_END] or one[-_END:] == other[-_END:])


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes at the ends two sources share, about."""
    least = min(len(one), len(other))
    front = _common(least, lambda n: one[:n] == other[:n])
    return front + _common(least - front, lambda n: not n or one[-n:] == other[-n:])


def _common(most: int, same: Callable[[int], bool]) -> int:
    """The greatest n up to `most` for which `same` holds, which it does for all smaller ones."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(middle) else (low, middle - 1)
    return low


def _parsed(source: bytes, tree: ast.Module, cost: int) -> _Parsed:
    lines = source.split(b"\n")
    begins, apart, end = [], [], 0
    for statement in tree.body:
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        begin = min([statement.lineno, *(each.lineno for each in decorators)])
        begins.append(begin)
        whole = lines[begin - 1].startswith(b"@") if decorators else statement.col_offset == 0
        apart.append(begin > end and whole)
        end = statement.end_lineno or statement.lineno
    return _Parsed(source, tree, begins, apart, cost)


_versions = Versions()


def parse(source: bytes) -> ast.Module:
    """The tree of a source, from that of a version parsed lately where there is one. Raises what `ast.parse`
    raises."""
    return _versions.parse(source)
