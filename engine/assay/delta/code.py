"""The Python part of a delta: what the syntax trees of the changed files say, all files together.

Promises: cost follows the diff (changed Python files are read, and the `__init__.py` files above them); never
raises for what files hold; equal trees give equal answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from assay.delta.breaks import module_break
from assay.delta.compat import Around
from assay.delta.content import Content
from assay.delta.exports import INIT, Exports, Read, own_imports, reexported
from assay.delta.generated import is_generated
from assay.delta.meetings import Meeting
from assay.delta.outline import EMPTY, Import
from assay.delta.parse import Outlines, Pair, parse
from assay.delta.public import in_tests, is_private
from assay.delta.security import notes
from assay.delta.symbols import Described, describe, found_meetings
from assay.delta.tests_said import Tests, tests_of_all, with_tests
from assay.model.candidate import Record
from assay.model.delta import Compatibility, SecurityNote, SymbolChange, SymbolChangeKind


class CodeDelta(Record, frozen=True, kw_only=True):
    """What the syntax trees of the changed files say. `files` are the outlines, and
    `meetings` what differs between them, for those who ask on."""

    symbols: tuple[SymbolChange, ...]
    api_breaks: tuple[str, ...]
    tests: Tests
    security: tuple[SecurityNote, ...]
    unparsed: tuple[str, ...]
    meetings: tuple[Meeting, ...]
    files: Mapping[str, Outlines]


def code(files: Sequence[Content], before: Read, after: Read) -> CodeDelta:
    """What changed in the Python files among `files`; the rest of both trees is read by `before`, `after`."""
    python = [file for file in files if file.is_python and not is_generated(file)]
    parsed = parse([Pair(old=file.old, new=file.new) for file in python])
    read = {
        file.path: (file, outlines)
        for file, outlines in zip(python, parsed, strict=True)
        if outlines is not None
    }
    outlines = {path: each for path, (_file, each) in read.items()}
    met = found_meetings(outlines)
    around = Around(files=outlines, exports=_exports([file for file, _ in read.values()], before, after))
    described = describe(met, around)
    offers = list(_offers(outlines, {(each.change.path, each.change.symbol) for each in described}))
    symbols = [*(each.change for each in described), *(each.change for each in offers)]
    tests = tests_of_all({path: (file.change.old_path, each) for path, (file, each) in read.items()}, symbols)
    return CodeDelta(
        symbols=tuple(sorted(with_tests(symbols, outlines), key=lambda each: (each.path, each.symbol))),
        api_breaks=tuple(_sentences(read, [*described, *offers])),
        tests=tests,
        security=tuple(_security(files, outlines)),
        unparsed=tuple(file.path for file in python if file.path not in read),
        meetings=tuple(met),
        files=outlines,
    )


def _security(files: Sequence[Content], outlines: Mapping[str, Outlines]) -> Iterator[SecurityNote]:
    """The notes on all Python files, on generated and vendored ones too: that is where one would hide."""
    for file in files:
        if file.is_python:
            yield from notes(file.for_rules, outlines[file.path].new if file.path in outlines else EMPTY)


def _exports(files: Sequence[Content], before: Read, after: Read) -> Exports:
    """Re-exports, those of the base by the paths that files have now."""
    moved = {file.change.old_path: file.path for file in files}
    old = reexported(moved, before)
    return Exports(
        old={(moved[path], symbol): names for (path, symbol), names in old.items()},
        new=reexported([file.path for file in files], after),
    )


def _offers(files: Mapping[str, Outlines], known: Container[tuple[str, str]]) -> Iterator[Described]:
    """Names that a package takes from its own modules and did not, or no longer does."""
    for path, each in files.items():
        if PurePosixPath(path).name != INIT or in_tests(path) or is_private(path.rpartition("/")[0]):
            continue
        old, new = own_imports(each.old), own_imports(each.new)
        for name in sorted(old.keys() ^ new.keys()):
            there = {d.symbol for d in (each.old if name in new else each.new).definitions}
            elsewhere = (each.old if name in new else each.new).imported
            if (path, name) not in known and name not in there and name not in elsewhere:
                yield _offer(path, name, old.get(name), new.get(name))


def _offer(path: str, name: str, old: Import | None, new: Import | None) -> Described:
    met = Meeting(path=path, symbol=name, before=(), after=(), old_path=path, old_symbol=name)
    change = SymbolChange(
        path=path,
        symbol=name,
        kind=SymbolChangeKind.ADDED if new else SymbolChangeKind.REMOVED,
        what="re-export",
        public=True,
        before=_written(old),
        after=_written(new),
        line=(new or old or _NOWHERE).line,
        compatibility=Compatibility.COMPATIBLE if new else Compatibility.BREAKING,
        why="can be imported from the package now" if new else "is no longer offered by the package",
    )
    breaks = () if new else (f"`{name}` in {path} is no longer offered by the package",)
    return Described(change=change, met=met, breaks=breaks)


_NOWHERE = Import(name="", source="", original="")


def _written(taken: Import | None) -> str:
    if taken is None:
        return ""
    shown = taken.original if taken.original == taken.name else f"{taken.original} as {taken.name}"
    return f"from {taken.source} import {shown}"


def _sentences(read: Mapping[str, tuple[Content, Outlines]], described: Sequence[Described]) -> Iterator[str]:
    """The breaks file by file. What is said of a module that is gone is not said of each of its names."""
    by_path: defaultdict[str, list[Described]] = defaultdict(list)
    for each in described:
        by_path[each.met.old_path].append(each)
    for path, (file, outlines) in read.items():
        change = file.change
        if not change.new_blob:
            kept = [d for d in by_path[path] if d.change.kind is not SymbolChangeKind.REMOVED]
            if len(kept) < len(by_path[path]):
                yield from module_break(outlines.old, path, None)
            by_path[path] = kept
        elif change.old_path != change.path:
            yield from module_break(outlines.old, change.old_path, change.path)
        for one in by_path[path]:
            yield from one.breaks
