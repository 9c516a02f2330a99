"""The part of the page that shows a delta: what it does by intent, then noise, findings, files and risk.

Promises: pure; groups without content are left out, so that what shows is what happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.delta.compose_candidates import finding_line, summary
from assay.delta.compose_risk import risk_lines
from assay.delta.intents import intents
from assay.delta.page import Group, Line, Section, Span, Tone, bounded, code, count, dim, line
from assay.model.candidate import Change, ChangeKind
from assay.model.delta import Delta, Heading, IntentEntry, MemberShare, Noise

_MOST, _FULL, _LEAST = 12, 40, 5
"""Lines of a group; from so many lines in all on, groups get shorter, down to so many."""
_MOST_FILES = 8
_FILE_MARKS = {
    ChangeKind.ADDED: Span(text="A ", tone=Tone.GOOD),
    ChangeKind.DELETED: Span(text="D ", tone=Tone.BAD),
    ChangeKind.MODIFIED: Span(text="M "),
    ChangeKind.RENAMED: Span(text="R "),
    ChangeKind.MODE: Span(text="X "),
    ChangeKind.TYPE: Span(text="T ", tone=Tone.DOUBT),
}
_MARKS = {
    "+": Span(text="+ ", tone=Tone.GOOD),
    "-": Span(text="- ", tone=Tone.BAD),
    "~": Span(text="~ ", tone=Tone.DOUBT),
    "!": Span(text="! ", tone=Tone.BAD),
}
_LABELS = {
    Heading.BREAKING: "Breaking",
    Heading.NEW: "New",
    Heading.CHANGED: "Changed",
    Heading.FIXED: "Fixed",
    Heading.SECURITY: "Security",
    Heading.INSIDE: "Inside",
    Heading.BUILD: "Build",
    Heading.TESTS: "Tests",
    Heading.DOCS: "Docs",
}


def section(delta: Delta) -> Section:
    """The delta's section."""
    found = delta.intents or intents(delta)
    most = _most(sum(len(intent.entries) for intent in found))
    groups = (
        *(
            Group(label=_LABELS[intent.heading], lines=bounded(list(map(_entry, intent.entries)), most))
            for intent in found
        ),
        _group("By member", map(_member, (share for share in delta.members if share.headings))),
        _group("Introduced", map(finding_line, delta.findings_introduced)),
        _group("Not read", (line(code(path), " could not be parsed") for path in delta.unparsed)),
        _group("Noise", _noise(delta.noise)),
        Group(label="Files", lines=bounded(list(map(_file, delta.files)), _MOST_FILES)),
        Group(label="Risk", lines=risk_lines(delta.risk) if delta.risk else ()),
    )
    return Section(
        title="Delta", summary=line(summary(delta)), groups=tuple(group for group in groups if group.lines)
    )


def _most(lines: int) -> int:
    """How many lines each group gets, so that the page of a large change is a page still."""
    return max(_LEAST, min(_MOST, _MOST * _FULL // max(lines, 1)))


def _group(label: str, lines: Iterable[Line]) -> Group:
    return Group(label=label, lines=bounded(list(lines), _MOST))


def _entry(entry: IntentEntry) -> Line:
    return line(_MARKS[entry.mark], *quoted(entry.words))


def quoted(words: str) -> tuple[Span, ...]:
    """Words with what stands between backquotes shown as code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:
        # A backquote out of the code itself: nobody can tell which ones are ours.
        return (Span(text=words),)
    return tuple(code(part) if index % 2 else Span(text=part) for index, part in enumerate(parts))


def _member(share: MemberShare) -> Line:
    headings = ", ".join(heading.value for heading in share.headings)
    return line(code(share.name), f": {headings}")


def _noise(noise: Noise) -> Iterable[Line]:
    parts = [
        f"{number} {words if number > 1 else one}"
        for number, words, one in (
            (noise.generated, "generated or vendored", "generated or vendored"),
            (noise.moved, "moved", "moved"),
            (noise.formatting, "formatting", "formatting"),
            (noise.imports, "order of imports", "order of imports"),
            (noise.renamed, "names of local variables", "names of local variables"),
            (noise.comments, "comments and blank lines", "comment or blank line"),
        )
        if number
    ]
    if parts:
        names = ", ".join(noise.generated_paths[:3])
        yield line(
            f"{noise.lines} of {count(noise.changed, 'changed line')}: {', '.join(parts)}",
            dim(f" ({names})") if names else "",
        )


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
