"""Which definitions changed between two outlines of one file.

Promises: pure; formatting, comments and the order of definitions yield nothing. Members of a class that came
or went as a whole are not listed besides it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from assay.delta.outline import MODULE, Definition, Outline
from assay.delta.testnames import is_test_path
from assay.model.delta import SymbolChange, SymbolChangeKind

_TEST_PARTS = frozenset({"test", "tests", "testing"})
_DUNDER = re.compile(r"__\w+__")


def changed_symbols(old: Outline, new: Outline, path: str) -> tuple[SymbolChange, ...]:
    """The changes from `old` to `new`, sorted by symbol; `path` is the file's (new) path."""
    return tuple(sorted(_changes(old, new, path), key=lambda change: change.symbol))


def is_public(path: str, symbol: str) -> bool:
    """Whether no part of the module path or symbol starts with an underscore (double underscores on both
    sides are no sign of privacy), and the file is no test."""
    parts = [*PurePosixPath(path).with_suffix("").parts, *symbol.split(".")]
    private = any(part.startswith("_") and not _DUNDER.fullmatch(part) for part in parts)
    in_tests = bool(_TEST_PARTS & set(PurePosixPath(path).parts)) or is_test_path(path)
    return not (private or in_tests or symbol == MODULE)


def _changes(old: Outline, new: Outline, path: str) -> Iterator[SymbolChange]:
    before, after = old.by_symbol(), new.by_symbol()
    for symbol in before.keys() | after.keys():
        if _inside_absent(symbol, before, after):
            continue
        kind = _kind(before.get(symbol, ()), after.get(symbol, ()))
        if kind is None:
            continue
        some = (after.get(symbol) or before[symbol])[-1]
        yield SymbolChange(
            path=path,
            symbol=symbol,
            kind=kind,
            what=some.what.value,
            public=is_public(path, symbol),
            before=_shown(before.get(symbol, ())),
            after=_shown(after.get(symbol, ())),
        )


def _inside_absent(
    symbol: str, before: dict[str, tuple[Definition, ...]], after: dict[str, tuple[Definition, ...]]
) -> bool:
    """Whether an enclosing class came or went as a whole, which says it all."""
    parts = symbol.split(".")
    outer = [".".join(parts[:end]) for end in range(1, len(parts))]
    return any((name in before) != (name in after) for name in outer)


def _kind(before: Sequence[Definition], after: Sequence[Definition]) -> SymbolChangeKind | None:
    if not before or not after:
        # A module's own body is always there; only its content counts.
        present = [*before, *after]
        if all(d.symbol == MODULE for d in present):
            return SymbolChangeKind.BODY if any(d.body for d in present) else None
        return SymbolChangeKind.REMOVED if before else SymbolChangeKind.ADDED
    if _heads(before) != _heads(after):
        return SymbolChangeKind.SIGNATURE
    if [d.body for d in before] != [d.body for d in after]:
        return SymbolChangeKind.BODY
    if [d.docs for d in before] != [d.docs for d in after]:
        return SymbolChangeKind.DOCS
    return None


def _heads(definitions: Sequence[Definition]) -> list[object]:
    """What makes a signature. A constant's shown value is its body, so that it has none."""
    return [
        (d.what, d.signature if d.parameters is not None or d.binding or _is_class(d) else "")
        for d in definitions
    ]


def _is_class(definition: Definition) -> bool:
    return definition.what.value == "class"


def _shown(definitions: Sequence[Definition]) -> str:
    return "; ".join(dict.fromkeys(d.signature for d in definitions))
