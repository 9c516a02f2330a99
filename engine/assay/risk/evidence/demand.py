"""What a policy demands of evidence, as a gate's result: asked last, of what every other gate has passed.

Promises: pure. What is lacking is named by place, so that its author knows what to add. Evidence that nobody
gathered, or that a machine could not, is never the candidate's fault (invariant 6): it keeps an accept from
being given (invariant 5), and rejects nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec.structs import replace

from assay.model.evidence import Evidence, Fate
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, passed, skipped
from assay.model.verdict import Decision, Verdict, lets_pass, rejects
from assay.policy.stakes import EvidenceRules
from assay.risk.evidence.shortfalls import demands, shortfalls

GATE = "evidence"
_MOST = 100


def demanded(evidence: Evidence | None, rules: EvidenceRules) -> GateResult | None:
    """What the policy's demands come to; None where it has none."""
    if not demands(rules):
        return None
    short = shortfalls(evidence, rules)
    asked = evidence is not None and bool(evidence.executed or evidence.missed)
    if evidence is None or not asked:
        if short:
            return skipped(GATE, Skip.NOT_REACHED, short[0])
        return skipped(GATE, Skip.NOT_APPLICABLE, "no changed line can be run")
    counts = {"lines": evidence.executed + evidence.missed, "mutants": len(evidence.mutants)}
    if not short:
        return passed(GATE, evidence=counts)
    found = tuple(_findings(evidence, short, rules.severity))[:_MOST]
    if rules.severity is Severity.ERROR:
        return failed(GATE, "; ".join(short), findings=found, evidence=counts)
    return passed(GATE, evidence=counts, findings=found)


def with_demanded(verdict: Verdict, result: GateResult | None) -> Verdict:
    """An accepted verdict, after what the policy demands of evidence; any other as it is."""
    if result is None or verdict.decision is not Decision.ACCEPTED:
        return verdict
    gates = (*verdict.gates, result)
    if rejects(result):
        return replace(
            verdict, gates=gates, decision=Decision.REJECTED, reason=result.reason, rejected_by=GATE
        )
    if not lets_pass(result):
        return replace(verdict, gates=gates, decision=Decision.INCONCLUSIVE, reason=result.reason)
    return replace(verdict, gates=gates)


def _findings(evidence: Evidence, short: tuple[str, ...], severity: Severity) -> Iterator[Finding]:
    """Each shortfall, then each place that has a part in one."""
    for words in short:
        yield _finding("short", "", 0, words, severity)
    for seen in evidence.files:
        for line in seen.missed:
            yield _finding("missed", seen.path, line, "no test runs this line", Severity.WARNING)
    for branch in evidence.branches:
        words = branch.words or "a way out of this line is taken by no test"
        yield _finding("branch", branch.path, branch.line, words, Severity.WARNING)
    for mutant in evidence.fates(Fate.SURVIVED):
        words = f"no test notices if `{mutant.before}` were `{mutant.after}`"
        yield _finding("survivor", mutant.path, mutant.line, words, Severity.WARNING)


def _finding(rule: str, path: str, line: int, message: str, severity: Severity) -> Finding:
    told = "\0".join((rule, path, message)).encode("utf-8", "surrogateescape")
    return Finding(
        rule=f"{GATE}/{rule}",
        path=path,
        line=line,
        message=message,
        severity=severity,
        fingerprint=hashlib.sha256(told).hexdigest()[:16],
    )
