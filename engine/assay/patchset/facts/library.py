"""The facts of blobs, each read once.

Promises: whatever a blob holds, there is an answer: None where it cannot be parsed. What is kept is bounded
by the sources' bytes. Parsing runs nothing, and `ast` alone is used, which refuses what is built to break it.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from assay.gates.syntax import REFUSED, first_line, nodes_in, parse
from assay.patchset.facts.bodies import Body
from assay.patchset.facts.data import NO_DATA, Data, data_of
from assay.patchset.facts.definitions import module_of
from assay.patchset.facts.records import Module, Path, Use, Uses
from assay.patchset.facts.signature import Shape
from assay.patchset.facts.uses import uses_of

_KEPT = 512 * 1024
"""Bytes of source whose syntax trees are kept: a tree takes some hundred times its source."""


class Span(NamedTuple):
    """Lines, counted from 1, both included."""

    first: int
    last: int


class Lines:
    """A set of lines, given as spans in order that do not overlap."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._first = [span.first for span in spans]
        self._last = [span.last for span in spans]

    def meets(self, first: int, last: int) -> bool:
        """Whether any of these lines, both included, is in the set."""
        index = bisect_right(self._first, last) - 1
        return index >= 0 and self._last[index] >= first


class Leaf(NamedTuple):
    """One simple statement, or the head of a compound one; `entries` if it is a display or a call over
    several lines, whose entries are independent of each other."""

    span: Span
    entries: bool


class Library:
    """Facts by blob; `read` gives a blob's bytes."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._modules: dict[str, Module | None] = {}
        self._data: dict[str, Data] = {}
        self._literals: dict[str, frozenset[str] | None] = {}
        self._leaves: dict[str, tuple[Leaf, ...]] = {}
        self._keys: dict[str, Counter[tuple[Path, Shape | None, bool]]] = {}
        self._trees: OrderedDict[str, tuple[ast.Module | None, int]] = OrderedDict()
        self._held = 0
        self._bodies: dict[str, Body] = {}

    def source(self, blob: str) -> bytes:
        """A blob's bytes."""
        return self._read(blob)

    def says(self, blob: str, text: str) -> bool:
        """Whether a Python source has this very text as a literal. Documentation only speaks of it."""
        source = self._read(blob)
        if not any(f"{mark}{text}{mark}".encode("utf-8", "replace") in source for mark in ('"', "'")):
            return False
        if blob not in self._literals:
            tree = self.tree(blob)
            nodes = nodes_in([tree]) if tree is not None else ()
            texts = (node.value for node in nodes if isinstance(node, ast.Constant))
            self._literals[blob] = frozenset(t for t in texts if isinstance(t, str)) if tree else None
        literals = self._literals[blob]
        return literals is None or text in literals

    def module(self, blob: str) -> Module | None:
        """What a Python source binds."""
        if blob not in self._modules:
            self._modules[blob] = self._module(blob)
        return self._modules[blob]

    def module_in(self, source: bytes) -> Module | None:
        """The same of a source that is no blob; nothing of it is kept."""
        return self._bound(parse(source), source)

    def _module(self, blob: str) -> Module | None:
        return self._bound(self.tree(blob), self._read(blob))

    def _bound(self, tree: ast.Module | None, source: bytes) -> Module | None:
        if tree is None:
            return None
        try:
            return module_of(tree, source, self._bodies)
        except REFUSED:
            return None

    def uses(self, blob: str, spans: Sequence[Span]) -> Uses:
        """What these lines of a Python source use; nothing where it cannot be parsed."""
        tree = self.tree(blob) if spans else None
        if tree is None:
            return Uses()
        try:
            return uses_of(tree, Lines(spans).meets)
        except REFUSED:
            return Uses()

    def keys(self, blob: str) -> Counter[tuple[Path, Shape | None, bool]]:
        """How often a whole source uses each thing, wherever."""
        if blob not in self._keys:
            self._keys[blob] = Counter(use.key for use in self.every(blob).uses)
        return self._keys[blob]

    def every(self, blob: str) -> Uses:
        """What a whole source uses."""
        return self.uses(blob, [Span(1, 1 << 40)]) if blob else Uses()

    def leaves(self, blob: str) -> tuple[Leaf, ...]:
        """The simple statements of a Python source and the heads of the others, in order of their lines."""
        if blob not in self._leaves:
            tree = self.tree(blob)
            nodes = nodes_in([tree]) if tree is not None else ()
            found = [_leaf(node) for node in nodes if isinstance(node, ast.stmt)]
            self._leaves[blob] = tuple(sorted(found))
        return self._leaves[blob]

    def leaf_at(self, blob: str, line: int) -> Leaf | None:
        """The innermost statement at a line of a Python source."""
        around = [leaf for leaf in self.leaves(blob) if leaf.span.first <= line <= leaf.span.last]
        return min(around, key=lambda leaf: leaf.span.last - leaf.span.first, default=None)

    def data(self, path: str, blob: str) -> Data:
        """What a data file says."""
        if not blob:
            return NO_DATA
        if blob not in self._data:
            self._data[blob] = data_of(path, self._read(blob))
        return self._data[blob]

    def tree(self, blob: str) -> ast.Module | None:
        """The syntax tree of a Python source."""
        found = self._trees.get(blob)
        if found is not None:
            self._trees.move_to_end(blob)
            return found[0]
        source = self._read(blob)
        tree = parse(source)
        self._trees[blob] = tree, len(source)
        self._held += len(source)
        while self._held > _KEPT and len(self._trees) > 1:
            _, (_, size) = self._trees.popitem(last=False)
            self._held -= size
        return tree


def _leaf(node: ast.stmt) -> Leaf:
    body = getattr(node, "body", None)
    value = getattr(node, "value", None)
    entries = isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Call)
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        return Leaf(
            Span(first_line(node), max(node.lineno, body[0].lineno - 1)), isinstance(node, ast.ClassDef)
        )
    return Leaf(
        Span(node.lineno, node.end_lineno or node.lineno), entries or isinstance(node, ast.ImportFrom)
    )


def is_python(path: str) -> bool:
    """Whether a path names a Python source."""
    return path.endswith((".py", ".pyi"))


def newly(
    uses: Sequence[Use], before: Counter[tuple[Path, Shape | None, bool]], new: Sequence[Span]
) -> list[Use]:
    """Those uses that are new: their name stands on a new line, or their call is one that was not there."""

    lines = Lines(new)
    return [use for use in uses if lines.meets(use.line, use.line) or not before[use.key]]
