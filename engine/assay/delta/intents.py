"""A delta by intent: what it means to those who use the code, under a few headings, rather than file by file.

Promises: pure and deterministic; every symbol, setting, dependency and test of the delta stands under at
least one heading; words are decided here, once for all renderings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from assay.delta import intents_build, intents_tests
from assay.delta.public import in_tests
from assay.delta.words import changed_words, listed, new_words
from assay.model.delta import Compatibility, Delta, Heading, Intent, IntentEntry, SecurityNote, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_SAID = (Kind.DOCS, Kind.ANNOTATIONS)
_WHAT = {Kind.DOCS: "documentation", Kind.ANNOTATIONS: "annotations"}
_FEW_FILES = 3
_DOC_FILES = (".md", ".rst", ".adoc")
_DOC_DIRS = frozenset({"doc", "docs"})
_MANY = 5
"""From so many new names of one file on they share a line."""


def intents(delta: Delta, other: Sequence[IntentEntry] = ()) -> tuple[Intent, ...]:
    """The headings that have anything, in reading order. `other` are changes of files of other languages."""
    code = [change for change in delta.symbols if not in_tests(change.path)]
    groups: dict[Heading, Iterable[IntentEntry]] = {
        Heading.BREAKING: (IntentEntry(mark="!", words=sentence) for sentence in delta.api_breaks),
        Heading.NEW: _new(code),
        Heading.CHANGED: (*_changed(code, public=True), *other),
        Heading.FIXED: intents_tests.fixed(delta),
        Heading.SECURITY: (*_security(delta.security), *intents_build.security(delta)),
        Heading.INSIDE: _inside(code),
        Heading.BUILD: intents_build.build(delta),
        Heading.TESTS: intents_tests.tests(delta),
        Heading.DOCS: (*_documentation(delta), *_said(code)),
    }
    found = {heading: tuple(entries) for heading, entries in groups.items()}
    return tuple(Intent(heading=h, entries=found[h]) for h in Heading if found[h])


def is_documentation(path: str) -> bool:
    """Whether a file is there to be read by people."""
    pure = PurePosixPath(path)
    if pure.suffix in _DOC_FILES:
        return True
    return pure.suffix in (".txt", "") and bool(_DOC_DIRS & set(pure.parts[:-1]))


def _new(code: Sequence[SymbolChange]) -> Iterator[IntentEntry]:
    by_path: defaultdict[str, list[SymbolChange]] = defaultdict(list)
    for change in code:
        if change.public and change.kind is Kind.ADDED:
            by_path[change.path].append(change)
    for path, changes in by_path.items():
        if len(changes) < _MANY:
            for change in changes:
                yield IntentEntry(mark="+", words=new_words(change), path=path, line=change.line)
        else:
            words = f"{len(changes)} names in {path}: {listed([c.symbol for c in changes], 8)}"
            yield IntentEntry(mark="+", words=words, path=path)


def _changed(code: Sequence[SymbolChange], *, public: bool) -> Iterator[IntentEntry]:
    for change in code:
        if change.public is public and change.kind not in (Kind.ADDED, Kind.REMOVED, *_SAID):
            yield IntentEntry(mark="~", words=changed_words(change), path=change.path, line=change.line)


def _inside(code: Sequence[SymbolChange]) -> Iterator[IntentEntry]:
    yield from _changed(code, public=False)
    by_path: defaultdict[tuple[str, Kind], list[str]] = defaultdict(list)
    for change in code:
        if change.kind in (Kind.ADDED, Kind.REMOVED) and not _is_told(change):
            by_path[change.path, change.kind].append(change.symbol)
    for (path, kind), names in sorted(by_path.items()):
        mark, verb = ("+", "new") if kind is Kind.ADDED else ("-", "gone")
        yield IntentEntry(mark=mark, words=f"{verb} in {path}: {listed(names, 8)}", path=path)


def _is_told(change: SymbolChange) -> bool:
    """Whether what came or went stands under another heading."""
    harmless = change.compatibility is Compatibility.COMPATIBLE
    return change.public and (change.kind is Kind.ADDED or not harmless)


def _security(notes: Sequence[SecurityNote]) -> Iterator[IntentEntry]:
    told: set[str] = set()
    for note in notes:
        where = f"`{note.symbol}` in {note.path}" if note.symbol else note.path
        words = f"{where}: {note.words}"
        if words not in told:
            told.add(words)
            yield IntentEntry(mark="!", words=words, path=note.path, line=note.line)


def _documentation(delta: Delta) -> Iterator[IntentEntry]:
    files = [change for change in delta.files if is_documentation(change.path)]
    if not files:
        return
    added, deleted = sum(f.added_lines for f in files), sum(f.deleted_lines for f in files)
    names = listed([file.path for file in files], 6)
    yield IntentEntry(mark="~", words=f"{names} (+{added} -{deleted})", path=files[0].path)


def _said(code: Sequence[SymbolChange]) -> Iterator[IntentEntry]:
    """Documentation and annotations that are all that changed of a symbol."""
    by_path: defaultdict[tuple[Kind, str], list[str]] = defaultdict(list)
    for change in code:
        if change.kind in _SAID:
            by_path[change.kind, change.path].append(change.symbol)
    for kind in _SAID:
        groups = {path: names for (one, path), names in sorted(by_path.items()) if one is kind}
        if len(groups) <= _FEW_FILES:
            for path, names in groups.items():
                yield IntentEntry(mark="~", words=f"{_WHAT[kind]} of {listed(names, 8)} in {path}", path=path)
        else:
            total = sum(map(len, groups.values()))
            words = f"{_WHAT[kind]} of {total} names in {len(groups)} files: {listed(list(groups), 4)}"
            yield IntentEntry(mark="~", words=words)
