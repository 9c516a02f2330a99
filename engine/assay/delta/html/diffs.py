"""A candidate's diff with what was found out beside it: what tests ran, what they missed, which mutants
survived, and the findings at their lines.

Promises: evidence shows by sign and word, not by colour alone; findings of lines that the excerpt does not
hold are left to the list of findings; long lines scroll inside their own box.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from assay.delta.compose_risk import branch_words, survivor_words
from assay.delta.html.markup import Markup, el, join, source
from assay.delta.page import count
from assay.model.candidate import ChangeKind, Record
from assay.model.evidence import Evidence, Fate
from assay.model.excerpt import Excerpt, FileExcerpt, Hunk
from assay.model.outcome import Finding, Severity
from assay.model.report import CandidateReport

_RAN, _MISSED, _SURVIVED, _CAUGHT = "ran", "missed", "survived", "caught"
_SIGNS = {
    _RAN: ("✓", "tests ran this line"),
    _MISSED: ("✗", "no test ran this line"),
    _SURVIVED: ("◆", "no test notices if this line were wrong"),
    _CAUGHT: ("●", "tests noticed when this line was made wrong"),
}
_TONES = {
    Severity.ERROR: "bad",
    Severity.REVIEW: "doubt",
    Severity.WARNING: "doubt",
    Severity.NOTE: "dim",
}
_SIDES = {"+": "added", "-": "deleted", " ": "context"}
_KINDS = {ChangeKind.MODIFIED: "", ChangeKind.RENAMED: ""}
_OPEN_UP_TO = 6
"""Files. Of more, those with something said about them are open."""


class Told(Record, frozen=True, kw_only=True):
    """What was found out about the lines of one file, by line number of the candidate's version."""

    states: dict[int, str]
    words: dict[int, list[tuple[str, str]]]
    """Tone and sentence."""


def legend() -> Markup:
    """What the signs beside the lines mean."""
    said = (el("span", f"{sign} {words}", class_=state) for state, (sign, words) in _SIGNS.items())
    return el("p", said, class_="legend")


def diff(excerpt: Excerpt, candidate: CandidateReport) -> Markup:
    """All files of the excerpt."""
    evidence = candidate.risk.evidence if candidate.risk is not None else None
    findings = [finding for gate in candidate.gates for finding in gate.findings]
    told = {file.path: _told(file.path, evidence, findings) for file in excerpt.files}
    few = len(excerpt.files) <= _OPEN_UP_TO
    return join(
        legend() if evidence is not None else None,
        (_file(file, told[file.path], opened=few or bool(told[file.path].words)) for file in excerpt.files),
        _left_out(excerpt.left_out, "more file"),
    )


def _told(path: str, evidence: Evidence | None, findings: Sequence[Finding]) -> Told:
    states: dict[int, str] = {}
    words: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for finding in findings:
        if finding.path == path and finding.line:
            words[finding.line].append((_TONES[finding.severity], f"{finding.message} [{finding.rule}]"))
    if evidence is not None:
        for seen in evidence.files:
            if seen.path == path:
                states |= dict.fromkeys(seen.executed, _RAN) | dict.fromkeys(seen.missed, _MISSED)
        for mutant in evidence.fates(Fate.KILLED):
            if mutant.path == path:
                states[mutant.line] = _CAUGHT
        for mutant in evidence.fates(Fate.SURVIVED):
            if mutant.path == path:
                states[mutant.line] = _SURVIVED
                words[mutant.line].append(("doubt", survivor_words(mutant)))
        for branch in evidence.branches:
            if branch.path == path:
                words[branch.line].append(("doubt", branch_words(branch)))
    return Told(states=states, words=dict(words))


def _file(file: FileExcerpt, told: Told, *, opened: bool) -> Markup:
    moved = join(el("code", file.old_path), " → ") if file.old_path != file.path else None
    kind = _KINDS.get(file.kind, f" {file.kind}")
    size = " binary" if file.binary else f" +{file.added_lines} -{file.deleted_lines}"
    head = el("summary", moved, el("code", file.path), el("span", kind, size, class_="dim"))
    if not file.hunks:
        words = "a binary file" if file.binary else "no line differs" if not file.cut else "not shown"
        return el("details", head, el("p", words, class_="dim"), class_="file")
    table = el(
        "table",
        el("caption", f"Diff of {file.path}", class_="hidden"),
        el("thead", _columns(), class_="hidden"),
        (el("tbody", _rows(hunk, told)) for hunk in file.hunks),
        class_="diff",
    )
    box = el("div", table, class_="scroll", tabindex=0, role="region", aria_label=f"Diff of {file.path}")
    return el("details", head, box, _left_out(file.cut, "more line"), class_="file", open=opened)


def _left_out(number: int, noun: str) -> Markup | None:
    return el("p", f"{count(number, noun)} not shown", class_="dim") if number else None


def _columns() -> Markup:
    titles = ("Base line", "Candidate line", "Evidence", "Text")
    return el("tr", (el("th", title, scope="col") for title in titles))


def _rows(hunk: Hunk, told: Told) -> Iterator[Markup]:
    yield el("tr", el("td", _where(hunk), colspan=4), class_="hunk")
    old, new = hunk.old, hunk.new
    for line in hunk.lines:
        side, content = line[:1], line[1:]
        has_old, has_new = side != "+", side != "-"
        state = told.states.get(new, "") if has_new else ""
        yield el(
            "tr",
            el("td", str(old) if has_old else "", class_="at"),
            el("td", str(new) if has_new else "", class_="at"),
            el("td", _sign(state) if side == "+" else None, class_="sign"),
            el("td", el("code", el("span", side, class_="side"), source(content))),
            class_=f"{_SIDES.get(side, 'context')} {state}".strip() if side == "+" else _SIDES.get(side),
        )
        if has_new:
            for tone, sentence in told.words.get(new, ()):
                yield el("tr", el("td", el("span", sentence, class_=tone), colspan=4), class_="said")
        old += has_old
        new += has_new


def _where(hunk: Hunk) -> str:
    """A side that has no lines begins at line 0."""
    if not hunk.old:
        return "new"
    return f"from line {hunk.old} of the base, {f'line {hunk.new} now' if hunk.new else 'gone'}"


def _sign(state: str) -> Markup | None:
    if not state:
        return None
    sign, words = _SIGNS[state]
    return el("span", sign, class_=state, title=words, role="img", aria_label=words)
