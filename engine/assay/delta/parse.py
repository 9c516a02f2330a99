"""Outlines of both sides of each changed Python file, one parser for both.

Promises: cost follows the diff: only the given sources are parsed, each once; never raises for what they
hold. A pair of which either side cannot be read has no outlines.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.delta import by_ast, second_parser
from assay.delta.outline import EMPTY, Outline
from assay.model.candidate import Record

MAX_SOURCE = 1024 * 1024
"""Larger sources (bytes) are data in disguise and are not parsed."""


class Pair(Record, frozen=True, kw_only=True):
    """A file's source before and after; None where it was absent."""

    old: bytes | None
    new: bytes | None


class Outlines(Record, frozen=True, kw_only=True):
    """A file's outline before and after; the empty outline where it was absent."""

    old: Outline
    new: Outline


def parse(pairs: Sequence[Pair]) -> list[Outlines | None]:
    """The outlines of each pair, None for a pair that no parser could read on both sides."""
    found: list[Outlines | None] = []
    again: list[int] = []
    for index, pair in enumerate(pairs):
        try:
            found.append(_quick(pair))
        except by_ast.UnknownSyntax:
            found.append(None)
            again.append(index)
        except by_ast.Unreadable:
            found.append(None)
    if again:
        for index, outlines in zip(again, _second([pairs[index] for index in again]), strict=True):
            found[index] = outlines
    return found


def _quick(pair: Pair) -> Outlines:
    if max(len(pair.old or b""), len(pair.new or b"")) > MAX_SOURCE:
        raise by_ast.Unreadable("larger than a source file is")
    if pair.old is not None and pair.new is not None:
        before, after = by_ast.outlines(pair.old, pair.new)
        return Outlines(old=before, new=after)
    old, new = (EMPTY if source is None else by_ast.outline(source) for source in (pair.old, pair.new))
    return Outlines(old=old, new=new)


def _second(pairs: Sequence[Pair]) -> list[Outlines | None]:
    sources = [source or b"" for pair in pairs for source in (pair.old, pair.new)]
    answers = second_parser.outlines(sources)
    return [
        None if old is None or new is None else Outlines(old=old, new=new)
        for old, new in zip(answers[::2], answers[1::2], strict=True)
    ]
