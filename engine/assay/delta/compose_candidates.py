"""The part of the page that shows candidates: verdict, the gate that decided, and what to look at.

Promises: pure. The details of a rejection come from the gate that rejected and nothing else, since that is
what its author has to change; what a person is asked to review shows on accepted candidates. Nothing that
the reason says is said again below it, and the risk of what is not accepted is left to the delta.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from assay.delta.compose_risk import advice_words, risk_words
from assay.delta.page import Entry, Line, Span, Tone, bounded, clip, code, count, dim, line
from assay.model.delta import Delta
from assay.model.outcome import Finding, Outcome, Severity
from assay.model.report import CandidateReport, EqualUpTo, GateReport
from assay.model.risk import Action, Risk
from assay.model.verdict import Decision

_MARKS = {
    Decision.ACCEPTED: ("✓", Tone.GOOD),
    Decision.REJECTED: ("✗", Tone.BAD),
    Decision.INCONCLUSIVE: ("?", Tone.DOUBT),
}
_MOST_DETAILS = 5
_ROOMY = 20
"""Up to so many candidates each rejection shows `_MOST_DETAILS` places, beyond it one."""


def names_of(candidates: Sequence[CandidateReport]) -> dict[str, str]:
    """The name to show for each id: the candidate's own, with the id where two share one."""
    uses = Counter(candidate.name for candidate in candidates)
    return {c.id: clip(c.name) if uses[c.name] == 1 else f"{clip(c.name)} ({c.id})" for c in candidates}


def entries(candidates: Sequence[CandidateReport]) -> tuple[Entry, ...]:
    """One entry for each candidate, in the report's order."""
    names = names_of(candidates)
    most = _MOST_DETAILS if len(candidates) <= _ROOMY else 1
    return tuple(_entry(candidate, names, most) for candidate in candidates)


def _entry(candidate: CandidateReport, names: Mapping[str, str], most: int) -> Entry:
    mark, tone = _MARKS[candidate.verdict]
    twin = candidate.equivalent_to
    if twin is not None and candidate.equal_up_to is not EqualUpTo.FORMATTING:
        why = line("same tree as ", code(names.get(twin, twin)))
        return Entry(mark="=", tone=tone, name=names[candidate.id], verdict=candidate.verdict.value, why=why)
    return Entry(
        mark="=" if twin is not None else mark,
        tone=tone,
        name=names[candidate.id],
        verdict=candidate.verdict.value,
        why=_why(candidate, names),
        details=(*_details(candidate, most), *_repeats(candidate, most)),
    )


def _why(candidate: CandidateReport, names: Mapping[str, str]) -> Line:
    cached = dim(" (cached)") if candidate.cached else ""
    if candidate.verdict is not Decision.ACCEPTED:
        gate = candidate.rejected_by or ""
        # A forged result is another matter than a wrong one, and has to be told from it at a glance.
        forged = any(each.outcome == Outcome.TAMPERED for each in _rejecting(candidate))
        how = Span(text=" (tampered)" if forged else "", tone=Tone.BAD)
        return line(gate, how, ": " if gate else "", candidate.reason, cached)
    review: list[str | Span] = (
        [Span(text="needs review", tone=Tone.DOUBT), "; "] if candidate.needs_review else []
    )
    twin = candidate.equivalent_to
    same: list[str | Span] = (
        [code(names.get(twin, twin)), " but for comments and formatting; "] if twin is not None else []
    )
    if candidate.risk is None:
        return line(*same, *review, candidate.reason, cached)
    return line(*same, *review, *_risk(candidate.risk), cached)


def _risk(risk: Risk) -> list[str | Span]:
    """Band and score, and what weighs most or what to do where the risk is worth a reader's time."""
    if risk.advice is not None and risk.advice.action is not Action.LAND:
        return [risk_words(risk), "; ", *advice_words(risk.advice)]
    raising = [part for part in risk.contributions if part.feature != "base" and part.effect > 0]
    if risk.band == "low" or not raising:
        return [risk_words(risk)]
    tone = {"high": Tone.BAD, "medium": Tone.DOUBT}.get(risk.band, Tone.PLAIN)
    most = max(raising, key=lambda part: part.effect)
    top = most.words or most.feature
    return [Span(text=risk_words(risk), tone=tone), f": {top}"]


def _details(candidate: CandidateReport, most: int) -> tuple[Line, ...]:
    found = findings_of(candidate)
    if candidate.verdict is Decision.ACCEPTED:
        shown = bounded([finding_line(finding) for finding in found], most)
        return (*shown, *_flaky(candidate.gates), *_excluded(candidate.gates))
    lines = [line for finding in found if (line := _beyond(candidate.reason, finding))]
    return bounded(lines or _newly_failing(candidate), most)


def findings_of(candidate: CandidateReport) -> tuple[Finding, ...]:
    """The findings that the entry is about, worst first: those of the rejecting gate, or what the reviewer of
    an accepted candidate is to look at."""
    if candidate.verdict is Decision.ACCEPTED:
        found = [f for gate in candidate.gates for f in gate.findings if f.severity is not Severity.NOTE]
    else:
        found = [f for gate in _rejecting(candidate) for f in gate.findings]
    return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))


def _rejecting(candidate: CandidateReport) -> list[GateReport]:
    return [gate for gate in candidate.gates if gate.gate == candidate.rejected_by]


def _beyond(reason: str, finding: Finding) -> Line:
    """What a finding says beyond the reason: all of it, its place alone, or nothing."""
    if finding.message not in reason:
        return finding_line(finding)
    place = _place(finding)
    return line(code(place), dim(f" [{finding.rule}]")) if place not in reason else ()


def _newly_failing(candidate: CandidateReport) -> list[Line]:
    tests = [test for gate in _rejecting(candidate) for test in _strings(gate, "newly_failing")]
    return [line("newly failing: ", code(test)) for test in tests if test not in candidate.reason]


def _flaky(gates: Sequence[GateReport]) -> list[Line]:
    tests = [test for gate in gates for test in _strings(gate, "flaky")]
    if not tests:
        return []
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return [line("flaky, not counted: ", code(tests[0]), more)]


def _excluded(gates: Sequence[GateReport]) -> list[Line]:
    """Required tests that the base fails or lacks: a list with a wrong name in it must not go unnoticed."""
    found = [gate.detail.get("excluded") for gate in gates if gate.gate == "acceptance"]
    tests = [
        (str(test), str(why)) for each in found if isinstance(each, Mapping) for test, why in each.items()
    ]
    if not tests:
        return []
    (test, why), more = tests[0], f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return [line("required, not counted: ", code(test), f" {why}", more)]


def _repeats(candidate: CandidateReport, most: int) -> tuple[Line, ...]:
    """Whether several gradings of it agree, and where they do not."""
    repeats = candidate.repeats
    if repeats is None:
        return ()
    if repeats.agreed:
        return (line(dim(f"graded {repeats.runs} times, each time the same")),)
    head = line(Span(text=f"graded {repeats.runs} times, not the same each time:", tone=Tone.DOUBT))
    return (head, *bounded([line(difference) for difference in repeats.differences], most))


def finding_line(finding: Finding) -> Line:
    """Place, message, rule."""
    place = _place(finding)
    return line(
        code(place) if place else "", " " if place else "", finding.message, dim(f" [{finding.rule}]")
    )


def _place(finding: Finding) -> str:
    """`path:line`; a line without a path is one of the patch, which the message names."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path


def summary(delta: Delta) -> str:
    """One line on a delta, the same wherever it shows."""
    parts = [
        f"{count(len(delta.files), 'file')} +{delta.added_lines} -{delta.deleted_lines}",
        count(len(delta.api_breaks), "API break") if delta.api_breaks else "",
        f"{count(len(delta.tests_added), 'test')} added" if delta.tests_added else "",
        f"{count(len(delta.tests_removed), 'test')} removed" if delta.tests_removed else "",
        f"{count(len(delta.dependencies), 'dependency', 'dependencies')} changed"
        if delta.dependencies
        else "",
    ]
    return ", ".join(filter(None, parts))


def _strings(gate: GateReport, key: str) -> list[str]:
    """A list of strings out of a gate's detail, which is the gate's own affair and may hold anything."""
    value = gate.detail.get(key)
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
