"""What the tests say about a delta, as lines: which came, went, differ, were weakened, pass now.

Promises: pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assay.delta.public import in_tests
from assay.delta.words import listed
from assay.model.delta import Delta, IntentEntry, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_MANY = 8
_RUNNING = frozenset({"function", "method", "class"})
_VALUES = frozenset({"constant", "attribute"})
_BEHAVIOUR = frozenset({Kind.ADDED, Kind.SIGNATURE, Kind.BODY, Kind.BASES, Kind.DECORATORS})


def fixed(delta: Delta) -> Iterator[IntentEntry]:
    """Tests that pass now, and findings that are gone."""
    if len(delta.tests_fixed) > _MANY:
        words = (
            f"{len(delta.tests_fixed)} tests fail on the base and pass now: {listed(delta.tests_fixed, 4)}"
        )
        yield IntentEntry(mark="+", words=words)
    else:
        for test in delta.tests_fixed:
            yield IntentEntry(mark="+", words=f"`{test}` fails on the base and passes now")
    for finding in delta.findings_fixed:
        words = f"gone: `{finding.rule}` in {finding.path}"
        yield IntentEntry(mark="+", words=words, path=finding.path, line=finding.line)


def tests(delta: Delta) -> Iterator[IntentEntry]:
    """The tests of the diff, by file where there are many; then what they leave out."""
    yield from _some("+", "new", delta.tests_added)
    yield from _some("-", "gone", delta.tests_removed)
    yield from _some("~", "altered", delta.tests_changed)
    for sentence in delta.tests_weakened:
        yield IntentEntry(mark="!", words=sentence)
    helpers = [c for c in delta.symbols if in_tests(c.path) and not _is_test(c)]
    if helpers:
        names = listed([c.path if c.what == "module" else c.symbol for c in helpers], 6)
        yield IntentEntry(mark="~", words=f"helpers of tests: {names}", path=helpers[0].path)
    unnamed = list(dict.fromkeys(change.symbol for change in delta.symbols if _wants_test(change)))
    if unnamed and any(in_tests(change.path) for change in delta.files):
        yield IntentEntry(mark="~", words=f"no test in this change names {listed(unnamed, 6)}")
    elif unnamed:
        yield IntentEntry(mark="!", words=f"no test came with the changes of {listed(unnamed, 6)}")


def _some(mark: str, verb: str, names: Sequence[str]) -> Iterator[IntentEntry]:
    if len(names) <= _MANY:
        for name in names:
            path = name.partition("::")[0]
            yield IntentEntry(mark=mark, words=f"{verb} `{name}`", path=path)
        return
    for path, count in Counter(name.partition("::")[0] for name in names).items():
        yield IntentEntry(mark=mark, words=f"{count} {verb} in {path}", path=path)


def _is_test(change: SymbolChange) -> bool:
    runs = change.what in ("function", "method")
    return runs and change.symbol.rpartition(".")[2].startswith("test")


def _wants_test(change: SymbolChange) -> bool:
    """Whether a reader expects a test to speak of it."""
    name = change.symbol.rpartition(".")[2]
    told = change.what in _RUNNING or (change.what in _VALUES and not name.startswith("__"))
    return change.public and change.kind in _BEHAVIOUR and told and not change.tests
