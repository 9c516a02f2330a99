"""Everything a report has to say about places in files, as one flat list: for renderings that are such lists.

Promises: pure; severest first, and within a severity in the report's order; what another candidate with the
same tree already says is not said again; every fingerprint is stable under line shifts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from assay.delta.compose_candidates import names_of
from assay.delta.compose_risk import branch_words, survivor_words
from assay.model.candidate import Record
from assay.model.evidence import Branch, Evidence, Fate, Mutant
from assay.model.outcome import Finding, Outcome, Severity
from assay.model.report import CandidateReport, EqualUpTo, GateReport, Report

PATCH_SET = "patch set"
"""The name of what is said about the members together."""

_AGAINST = frozenset({Outcome.FAILED, Outcome.EXHAUSTED, Outcome.TAMPERED})
_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


class Notice(Record, frozen=True, kw_only=True):
    """One thing to know about one place. `rule` begins with the gate; `candidate` is its id, empty for the
    patch set, and `name` what to call it. Places are as in a finding."""

    candidate: str
    name: str
    gate: str
    rule: str
    severity: Severity
    message: str
    fingerprint: str
    path: str = ""
    line: int = 0
    end_line: int = 0
    column: int = 0


def notices(report: Report) -> tuple[Notice, ...]:
    """The list."""
    found = [notice for each in _of_all(report) for notice in each]
    return tuple(sorted(found, key=lambda notice: _ORDER[notice.severity]))


def _of_all(report: Report) -> Iterator[Iterator[Notice]]:
    names = names_of(report.candidates)
    for candidate in report.candidates:
        if candidate.equivalent_to is not None and candidate.equal_up_to is not EqualUpTo.FORMATTING:
            continue
        yield _of_candidate(candidate, names[candidate.id])
    if report.patch_set is not None:
        yield _of_gates(report.patch_set.gates, "", PATCH_SET)


def _of_candidate(candidate: CandidateReport, name: str) -> Iterator[Notice]:
    yield from _of_gates(candidate.gates, candidate.id, name)
    if candidate.risk is not None and candidate.risk.evidence is not None:
        yield from _of_evidence(candidate.risk.evidence, candidate.id, name)


def _of_gates(gates: Iterable[GateReport], identity: str, name: str) -> Iterator[Notice]:
    for gate in gates:
        shown = [_of_finding(finding, gate.gate, identity, name) for finding in gate.findings]
        yield from shown
        # A refusal has to be said even where no finding says it.
        if gate.outcome in _AGAINST and not any(each.severity is Severity.ERROR for each in shown):
            rule = f"{gate.gate}/{gate.outcome}"
            yield Notice(
                candidate=identity,
                name=name,
                gate=gate.gate,
                rule=rule,
                severity=Severity.ERROR,
                message=gate.reason,
                fingerprint=_digest(rule, name),
            )


def _of_finding(finding: Finding, gate: str, identity: str, name: str) -> Notice:
    rule = finding.rule if finding.rule.startswith(f"{gate}/") else f"{gate}/{finding.rule}"
    return Notice(
        candidate=identity,
        name=name,
        gate=gate,
        rule=rule,
        severity=finding.severity,
        message=finding.message,
        fingerprint=finding.fingerprint or _digest(rule, finding.path, finding.message),
        path=finding.path,
        line=max(finding.line, 0),
        end_line=finding.end_line if finding.end_line >= finding.line > 0 else 0,
        column=max(finding.column, 0),
    )


def _of_evidence(evidence: Evidence, identity: str, name: str) -> Iterator[Notice]:
    for mutant in evidence.fates(Fate.SURVIVED):
        yield _note("evidence/survivor", survivor_words(mutant), mutant, identity, name)
    for branch in evidence.branches:
        yield _note("evidence/branch", branch_words(branch), branch, identity, name)


def _note(rule: str, message: str, place: Mutant | Branch, identity: str, name: str) -> Notice:
    return Notice(
        candidate=identity,
        name=name,
        gate="evidence",
        rule=rule,
        severity=Severity.NOTE,
        message=message,
        fingerprint=_digest(rule, place.path, message),
        path=place.path,
        line=place.line,
    )


def _digest(*parts: str) -> str:
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:32]
