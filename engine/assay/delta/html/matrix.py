"""The matrix: a row for each candidate, a column for each gate.

Promises: a table that reads as one, also to a screen reader and where its rows are drawn as cards; every mark
has its word; at most `MOST_ROWS` rows, and what was left out is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.delta.html.markup import Markup, el, join
from assay.delta.html.words import line
from assay.delta.page import Entry, seconds
from assay.model.outcome import Outcome, Skip
from assay.model.report import CandidateReport, GateReport

MOST_ROWS = 1_000

_MARKS: Mapping[str, tuple[str, str]] = {
    Outcome.PASSED: ("✓", "good"),
    Outcome.FAILED: ("✗", "bad"),
    Outcome.EXHAUSTED: ("✗", "bad"),
    Outcome.TAMPERED: ("!", "bad"),
    Outcome.INFRA: ("?", "doubt"),
    Outcome.SKIPPED: ("–", "dim"),
}


def matrix(
    candidates: Sequence[CandidateReport], entries: Sequence[Entry], detailed: frozenset[str]
) -> Markup:
    """The table. `entries` are the page's, one for each candidate; candidates in `detailed` (ids) have a part
    of the page of their own."""
    gates = gate_names(candidates)
    head = el(
        "tr",
        el("th", "Candidate", scope="col"),
        el("th", "Verdict", scope="col"),
        (el("th", gate, scope="col", class_="gate") for gate in gates),
        el("th", "Why", scope="col"),
    )
    rows = [
        _row(candidate, entry, gates, linked=candidate.id in detailed)
        for candidate, entry in zip(candidates[:MOST_ROWS], entries, strict=False)
    ]
    left = len(candidates) - len(rows)
    return join(
        el(
            "table",
            el("caption", "Verdicts and gates", class_="hidden"),
            el("thead", head),
            el("tbody", rows),
            class_="matrix",
        ),
        el("p", f"… and {left} more candidates, which the JSON report has.", class_="dim") if left else None,
    )


def gate_names(candidates: Sequence[CandidateReport]) -> tuple[str, ...]:
    """The gates in the order in which they are first met."""
    return tuple(dict.fromkeys(gate.gate for candidate in candidates for gate in candidate.gates))


def mark(gate: GateReport) -> Markup:
    """A gate's outcome as a sign and its word."""
    sign, tone = _MARKS.get(gate.outcome, ("?", "doubt"))
    if gate.skip == Skip.NOT_REACHED:
        sign = "·"
    return el("span", sign, class_=f"mark {tone}", aria_hidden="true")


def outcome_words(gate: GateReport) -> str:
    """A gate's outcome in words, with what ran out or why it did not run."""
    more = gate.resource or gate.skip
    return f"{gate.outcome} ({more})" if more else gate.outcome


def _row(candidate: CandidateReport, entry: Entry, gates: Sequence[str], *, linked: bool) -> Markup:
    by_name = {gate.gate: gate for gate in candidate.gates}
    name = el("a", entry.name, href=f"#c-{candidate.id}") if linked else entry.name
    return el(
        "tr",
        el("th", name, scope="row"),
        el(
            "td",
            el("span", entry.mark, class_=f"mark {entry.tone}", aria_hidden="true"),
            " ",
            el("span", entry.verdict, class_=str(entry.tone)),
            class_="verdict",
        ),
        (_cell(name, by_name.get(name)) for name in gates),
        el("td", line(entry.why), class_="why"),
        data_verdict=entry.verdict,
        data_name=entry.name.lower(),
    )


def _cell(name: str, gate: GateReport | None) -> Markup:
    if gate is None:
        return el("td", el("span", "no result", class_="hidden"), class_="gate none")
    cached = ", cached" if gate.cached else ""
    return el(
        "td",
        mark(gate),
        el("span", outcome_words(gate), class_="hidden"),
        class_="gate",
        data_label=name,
        title=f"{name}: {outcome_words(gate)}, {seconds(gate.seconds)}{cached}",
    )
