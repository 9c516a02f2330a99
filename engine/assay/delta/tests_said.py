"""What the tests of a change say about it: which came, went and differ, and which changed symbols they name.

Promises: pure; looks at the tests in the diff only. A test that was renamed, or moved with its file, neither
came nor went.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from assay.delta.outline import MODULE, Outline, What
from assay.delta.parse import Outlines
from assay.delta.public import in_tests
from assay.delta.testnames import tests_of
from assay.model.candidate import Record
from assay.model.delta import SymbolChange, SymbolChangeKind

_WORD = re.compile(r"[^\W\d]\w*")
_MOST = 20
"""So many tests are listed for one symbol."""
_QUIET = frozenset({SymbolChangeKind.DOCS, SymbolChangeKind.ANNOTATIONS})
_GENERIC = frozenset(
    [
        "get",
        "set",
        "run",
        "name",
        "key",
        "value",
        "values",
        "items",
        "add",
        "pop",
        "main",
        "data",
        "test",
        "result",
        "path",
        "self",
        "args",
        "kwargs",
    ]
)
"""Names that a test uses for much else."""


class Tests(Record, frozen=True, kw_only=True):
    """Ids of tests (`path::Class::name`), sorted; under the new path on both sides."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def tests_of_all(files: Mapping[str, tuple[str, Outlines]], symbols: Iterable[SymbolChange]) -> Tests:
    """The tests of these files, by path: the old path, and both outlines."""
    before = {
        f"{p}::{test}" for p, (old_path, each) in files.items() for test in tests_of(each.old, old_path)
    }
    after = {f"{p}::{test}" for p, (_old, each) in files.items() for test in tests_of(each.new, p)}
    came, went = after - before, before - after
    changed: set[str] = set()
    for change in symbols:
        here = _id(change.path, change.symbol)
        there = _id(change.old_path or change.path, change.old_symbol or change.symbol)
        if there in before and here in after and not _QUIET.issuperset(change.aspects):
            changed.add(here)
            came.discard(here)
            went.discard(there)
    return Tests(added=tuple(sorted(came)), removed=tuple(sorted(went)), changed=tuple(sorted(changed)))


def with_tests(symbols: Iterable[SymbolChange], files: Mapping[str, Outlines]) -> Iterator[SymbolChange]:
    """The changes, each with the tests that name it."""
    listed = list(symbols)
    wanted = {name for change in listed if (name := _name(change))}
    naming: defaultdict[str, list[str]] = defaultdict(list)
    for path, each in sorted(files.items()):
        if in_tests(path):
            for test, words in _words(each.new):
                for word in words & wanted:
                    naming[word].append(_id(path, test))
    for change in listed:
        tests = naming.get(_name(change), [])
        yield replace(change, tests=tuple(sorted(tests)[:_MOST])) if tests else change


def _id(path: str, symbol: str) -> str:
    return f"{path}::{symbol.replace('.', '::')}"


def _name(change: SymbolChange) -> str:
    """The word by which a test would speak of a symbol; nothing for tests, and where there is none."""
    if in_tests(change.path) or change.symbol == MODULE:
        return ""
    *owner, name = change.symbol.split(".")
    if name.startswith("__") and owner:
        name = owner[-1]
    return "" if name in _GENERIC or len(name) < 3 else name


def _words(outline: Outline) -> Iterator[tuple[str, set[str]]]:
    """The tests whose text differs, with the words in it."""
    for each in outline.definitions:
        is_test = each.what in (What.FUNCTION, What.METHOD) and each.name.startswith("test")
        if is_test and each.text:
            yield each.symbol, set(_WORD.findall(each.text))
