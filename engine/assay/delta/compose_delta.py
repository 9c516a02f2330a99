"""The part of the page that shows a delta: files, interface, tests, dependencies, findings, risk.

Promises: pure; groups without content are left out, so that what shows is what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.delta.compose_candidates import finding_line, summary
from assay.delta.compose_risk import risk_lines
from assay.delta.page import Group, Line, Section, Span, Tone, bounded, code, dim, line
from assay.delta.testnames import is_test_path
from assay.model.candidate import Change, ChangeKind
from assay.model.delta import Delta, DependencyChange, SymbolChange, SymbolChangeKind

_MOST = 12
_FILE_MARKS = {
    ChangeKind.ADDED: Span(text="A ", tone=Tone.GOOD),
    ChangeKind.DELETED: Span(text="D ", tone=Tone.BAD),
    ChangeKind.MODIFIED: Span(text="M "),
    ChangeKind.RENAMED: Span(text="R "),
    ChangeKind.MODE: Span(text="X "),
    ChangeKind.TYPE: Span(text="T ", tone=Tone.DOUBT),
}
_CAME = Span(text="+ ", tone=Tone.GOOD)
_WENT = Span(text="- ", tone=Tone.BAD)
_MOVED = Span(text="~ ", tone=Tone.DOUBT)
_CAME_OR_WENT = (SymbolChangeKind.ADDED, SymbolChangeKind.REMOVED)
_INSIDE = {SymbolChangeKind.BODY: "changed inside", SymbolChangeKind.DOCS: "documentation only"}


def section(delta: Delta) -> Section:
    """The delta's section."""
    groups = (
        _group("Files", map(_file, delta.files)),
        _group("API breaks", (line(Span(text="! ", tone=Tone.BAD), text) for text in delta.api_breaks)),
        _group("Symbols", _symbols(delta.symbols)),
        _group(
            "Tests",
            (line(mark, code(test)) for mark, test in _signed(delta.tests_added, delta.tests_removed)),
        ),
        _group("Dependencies", map(_dependency, delta.dependencies)),
        _group("Introduced", map(finding_line, delta.findings_introduced)),
        _group("Fixed", map(finding_line, delta.findings_fixed)),
        _group("Not read", (line(code(path), " could not be parsed") for path in delta.unparsed)),
        Group(label="Risk", lines=risk_lines(delta.risk) if delta.risk else ()),
    )
    return Section(
        title="Delta", summary=line(summary(delta)), groups=tuple(group for group in groups if group.lines)
    )


def _group(label: str, lines: Iterable[Line]) -> Group:
    return Group(label=label, lines=bounded(list(lines), _MOST))


def _file(change: Change) -> Line:
    moved = (code(change.old_path), dim(" → ")) if change.old_path != change.path else ()
    return line(_FILE_MARKS[change.kind], *moved, code(change.path), dim(_size(change)))


def _size(change: Change) -> str:
    if change.binary:
        return "  binary"
    if change.kind is ChangeKind.MODE:
        return f"  {change.old_mode:o} → {change.new_mode:o}"
    if not (change.added_lines or change.deleted_lines):
        return ""
    return f"  +{change.added_lines} -{change.deleted_lines}"


def _symbols(symbols: Iterable[SymbolChange]) -> Iterator[Line]:
    """What came, went or is called differently, a line each; then what changed inside, a line per file."""
    inside: dict[tuple[str, str], list[str]] = {}
    for change in symbols:
        if change.kind in _CAME_OR_WENT and is_test_path(change.path):
            continue  # the group of tests names it
        if change.kind in _INSIDE:
            inside.setdefault((_INSIDE[change.kind], change.path), []).append(change.symbol)
        else:
            yield _symbol(change)
    for (words, path), names in sorted(inside.items()):
        shown = ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
        yield line(_MOVED, f"{words}: ", code(shown), dim(f" in {path}"))


def _symbol(change: SymbolChange) -> Line:
    place = dim(f" in {change.path}")
    if change.kind is SymbolChangeKind.ADDED:
        return line(_CAME, f"{change.what} ", code(change.symbol), place)
    if change.kind is SymbolChangeKind.REMOVED:
        return line(_WENT, f"{change.what} ", code(change.symbol), place)
    return line(_MOVED, code(change.symbol), ": ", code(change.before), " → ", code(change.after), place)


def _signed(came: Iterable[str], went: Iterable[str]) -> Iterator[tuple[Span, str]]:
    yield from ((_CAME, name) for name in came)
    yield from ((_WENT, name) for name in went)


def _dependency(change: DependencyChange) -> Line:
    mark = _CAME if not change.before else _WENT if not change.after else _MOVED
    both = f"{change.before} → {change.after}" if change.before and change.after else ""
    group = f" ({change.group})" if change.group else ""
    value = both or change.before or change.after
    return line(mark, code(change.name), group, f" {value}", dim(f" in {change.path}"))
