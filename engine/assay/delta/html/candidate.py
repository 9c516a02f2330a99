"""One candidate's part of the page: why, its gates, its findings, its risk, its diff.

Promises: the sentence on top is the page's entry; findings are the worst first, at most `MOST_FINDINGS`, and
what was left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.delta.compose_candidates import finding_line
from assay.delta.html import bars, diffs
from assay.delta.html.markup import Markup, el, join
from assay.delta.html.matrix import mark, outcome_words
from assay.delta.html.words import line, lines
from assay.delta.page import Entry, seconds
from assay.model.excerpt import Excerpt
from assay.model.outcome import Finding, Severity
from assay.model.report import CandidateReport, GateReport

MOST_FINDINGS = 200


def part(
    candidate: CandidateReport, entry: Entry, excerpt: Excerpt | None, names: dict[str, str], *, opened: bool
) -> Markup:
    """The part, folded unless `opened`. The place that links lead to is inside the fold, which opens it."""
    head = el(
        "summary",
        el("span", entry.mark, class_=f"mark {entry.tone}", aria_hidden="true"),
        el("h3", entry.name),
        el("span", entry.verdict, class_=f"{entry.tone} verdict"),
    )
    findings = _findings(candidate)
    body = el(
        "div",
        el("p", line(entry.why), class_="why"),
        lines(entry.details) if entry.details else None,
        el("section", el("h4", "Gates"), gate_table(candidate.gates)) if candidate.gates else None,
        _list_of(findings) if len(findings) > len(entry.details) else None,
        bars.panel(candidate.risk) if candidate.risk is not None else None,
        el("section", el("h4", "Diff"), diffs.diff(excerpt, candidate)) if excerpt is not None else None,
        el("section", el("h4", "Facts"), el("dl", _facts(candidate, names), class_="facts")),
        id=f"c-{candidate.id}",
        class_="inside",
    )
    return el("details", head, body, class_="candidate", open=opened, data_verdict=entry.verdict,
              data_name=entry.name.lower())  # fmt: skip


def _findings(candidate: CandidateReport) -> list[Finding]:
    order = list(Severity)
    found = [finding for gate in candidate.gates for finding in gate.findings]
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _list_of(findings: list[Finding]) -> Markup:
    left = len(findings) - MOST_FINDINGS
    return el(
        "section",
        el("h4", "Findings"),
        el("ul", (_finding(finding) for finding in findings[:MOST_FINDINGS]), class_="lines"),
        el("p", f"… and {left} more, which the JSON report has.", class_="dim") if left > 0 else None,
    )


def _finding(finding: Finding) -> Markup:
    return el("li", el("span", finding.severity, class_=f"badge {finding.severity}"), " ",
              line(finding_line(finding)))  # fmt: skip


def gate_table(gates: tuple[GateReport, ...]) -> Markup:
    """Each gate with its outcome, its time, and what it counted."""
    head = el(
        "tr",
        el("th", "Gate", scope="col"),
        el("th", "Outcome", scope="col"),
        el("th", "Time", scope="col", class_="number"),
        el("th", "Checked", scope="col"),
    )
    return el("table", el("thead", head), el("tbody", (_gate(gate) for gate in gates)), class_="gates")


def _gate(gate: GateReport) -> Markup:
    checked = ", ".join(_counted(what, number) for what, number in gate.evidence.items() if number)
    reason = el("div", gate.reason, class_="dim") if gate.reason else None
    cached = " (cached)" if gate.cached else ""
    return el(
        "tr",
        el("th", gate.gate, scope="row"),
        el("td", mark(gate), " ", outcome_words(gate), reason),
        el("td", seconds(gate.seconds) + cached, class_="number"),
        el("td", checked),
    )


def _counted(what: str, number: int) -> str:
    """`1 file`, `2 own tests`, from the name of a count, which is a plural."""
    words = what.replace("_", " ")
    return f"{number} {words.removesuffix('s') if number == 1 else words}"


def _facts(candidate: CandidateReport, names: dict[str, str]) -> Iterator[Markup]:
    cluster = candidate.cluster
    facts = {
        "identity": candidate.id,
        "source": candidate.source,
        "tree": candidate.tree or "none: it does not apply",
        "kept at": candidate.ref,
        "time": f"{seconds(candidate.seconds)}, CPU {seconds(candidate.cpu_seconds)}",
        "stands for": f"{candidate.votes} candidates" if candidate.votes > 1 else None,
        "behaves like": f"{cluster.size} of {cluster.attempts} attempts: {cluster.why}" if cluster else None,
        "same as": names.get(candidate.equivalent_to, candidate.equivalent_to)
        if candidate.equivalent_to
        else None,
    }
    for name, value in facts.items():
        if value:
            yield join(el("dt", name), el("dd", value))
