"""Mutants of the changed lines of one source: what could be changed, one by one.

Promises: pure. A mutant is the source with one range of characters replaced: all else, comments and line ends
among it, is as it was. Whether it compiles, to other code than the source, is asked apart (`Judge`), since it
takes longer than to propose it. Import of this module loads libcst.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from types import CodeType
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from assay.model.candidate import Record
from assay.risk.evidence.mutation.operators import changes
from assay.risk.evidence.mutation.silly import silly

_LONGEST = 160
"""Characters of what was changed that are shown."""
_DEEPEST = 400
_LARGEST = 5000
"""Characters of what is changed: what is longer is data."""
_MOST_OF_ONE = 20
"""Changes of one node: a chain of comparisons has two for each."""
_MOST_IN_LINE = 100
"""Changes that begin in one line: of a table of numbers a few are enough to choose from."""
_HEADS = {cst.If: "test", cst.While: "test", cst.CompIf: "test", cst.ExceptHandler: "type"}
_LINE_END = re.compile(r"\r\n|\r|\n")


class Proposal(Record, frozen=True, kw_only=True):
    """One mutant: the characters `start` to `end` of the source are replaced by `text`. `line` is where that
    begins, `before` and `after` show it, `rank` is lower for what tells more."""

    line: int
    operator: str
    rank: int
    before: str
    after: str
    start: int
    end: int
    text: str

    def of(self, source: str) -> str:
        """The source of the mutant."""
        return source[: self.start] + self.text + source[self.end :]


class Unreadable(Exception):
    """The source is none that libcst can take apart."""


def propose(source: str, lines: Collection[int]) -> tuple[Proposal, ...]:
    """Everything that could be changed in these lines, in the order of the source. Raises Unreadable."""
    # libcst's parser ends the whole process on nesting without end, and takes ages over chains: Python's own
    # goes first, which turns these into exceptions.
    try:
        if _depth(ast.parse(source)) > _DEEPEST:
            raise Unreadable("nested too deeply")
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        walk = _Walk(wrapper.module, wrapper.resolve(PositionProvider), frozenset(lines), source)
        wrapper.module.visit(walk)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from error
    except (cst.ParserSyntaxError, cst.CSTValidationError) as error:
        raise Unreadable(type(error).__name__) from error
    return tuple(sorted(set(walk.found), key=lambda each: (each.start, each.end, each.rank, each.text)))


class Judge:
    """Tells mutants of a source that mean something. Where this interpreter does not know the syntax of the
    source, all do."""

    def __init__(self, source: str) -> None:
        self._source = source
        code = _compiled(source)
        self._original = None if code is None else _meaning(code)

    def tells(self, proposal: Proposal) -> bool:
        """Whether a mutant compiles, to other code than the source."""
        if self._original is None:
            return True
        code = _compiled(proposal.of(self._source))
        return code is not None and _meaning(code) != self._original


class _Walk(cst.CSTVisitor):
    def __init__(self, module: cst.Module, positions: Any, lines: frozenset[int], source: str) -> None:
        super().__init__()
        self.found: list[Proposal] = []
        self._in_line: Counter[int] = Counter()
        self._module = module
        self._positions = positions
        self._lines = lines
        self._source = source
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(source))]

    def on_visit(self, node: cst.CSTNode) -> bool:
        place = self._positions.get(node)
        if place is None:
            return True
        if silly(node) or self._lines.isdisjoint(range(place.start.line, place.end.line + 1)):
            return False
        if place.start.line in self._lines and self._in_line[place.start.line] < _MOST_IN_LINE:
            found = list(self._changed(node, place))
            self._in_line[place.start.line] += len(found)
            self.found += found
        return not isinstance(node, cst.Raise | cst.Assert) or self._message(node)

    def _message(self, node: cst.Raise | cst.Assert) -> bool:
        """Of an assertion only what is asserted is looked into, of a raise nothing: it is its message."""
        if isinstance(node, cst.Assert):
            node.test.visit(self)
        return False

    def _changed(self, node: cst.CSTNode, place: CodeRange) -> Iterator[Proposal]:
        for change in islice(changes(node), _MOST_OF_ONE):
            old, new = node, change.node
            where = place
            if (part := _HEADS.get(type(node))) is not None:
                # Of a compound statement only its head is replaced, and all inside stays as it is written.
                old, new = getattr(node, part), getattr(change.node, part)
                where = self._positions[old]
            start, end = self._offset(where.start), self._offset(where.end)
            if end - start > _LARGEST:
                return
            text = self._module.code_for_node(new)
            yield Proposal(
                line=place.start.line,
                operator=change.operator,
                rank=change.rank,
                before=_shown(self._source[start:end]),
                after=_shown(text),
                start=start,
                end=end,
                text=text,
            )

    def _offset(self, place: Any) -> int:
        return int(self._starts[place.line - 1]) + int(place.column)


def _depth(tree: ast.AST) -> int:
    """How deeply a tree is nested, found without nesting calls."""
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if deepest > _DEEPEST:
            break
    return deepest


def _shown(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= _LONGEST else folded[: _LONGEST - 1] + "…"


def _compiled(source: str) -> CodeType | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(source, "<mutant>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _meaning(code: CodeType) -> tuple[Any, ...]:
    """What a code object does, without where in the source it does it."""
    constants = tuple(
        _meaning(each) if isinstance(each, CodeType) else (type(each).__name__, repr(each))
        for each in code.co_consts
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_exceptiontable
