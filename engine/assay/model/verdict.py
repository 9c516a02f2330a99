"""Verdicts: gate results folded by a policy into accepted, rejected or inconclusive.

Promises: `fold` is pure and fails closed (invariant 5): a required gate that gave no result, or whose result
is neither a pass nor a permitted skip, never yields `accepted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from assay.model.candidate import Record
from assay.model.outcome import GateResult, Outcome, ResourceUse, Severity, Skip
from assay.model.risk import Risk

_PERMITTED_SKIPS = frozenset({Skip.NOT_APPLICABLE, Skip.DISABLED})
_REJECTING = frozenset({Outcome.FAILED, Outcome.EXHAUSTED, Outcome.TAMPERED})


class Decision(StrEnum):
    """The three verdicts."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"


class Repeats(Record, frozen=True, kw_only=True):
    """What came of grading one candidate `runs` times: whether they agree, and sentences on where not."""

    runs: int
    agreed: bool
    differences: tuple[str, ...] = ()


class Verdict(Record, frozen=True, kw_only=True):
    """One candidate's verdict with everything it rests on. `rejected_by` names a gate, or is None."""

    candidate: str
    decision: Decision
    reason: str
    rejected_by: str | None
    gates: tuple[GateResult, ...]
    use: ResourceUse = ResourceUse()
    cached: bool = False
    risk: Risk | None = None
    repeats: Repeats | None = None


def needs_review(verdict: Verdict) -> bool:
    """Whether an accepted candidate has findings that the policy leaves to a person."""
    findings = (finding for result in verdict.gates for finding in result.findings)
    return verdict.decision is Decision.ACCEPTED and any(
        finding.severity is Severity.REVIEW for finding in findings
    )


def partial(verdict: Verdict) -> bool:
    """Whether a gate looked at less than everything, or in processes that were there before: good enough to
    compare candidates by, and not for what lands."""
    return any(result.detail.get("quick") for result in verdict.gates)


def rejects(result: GateResult) -> bool:
    """Whether this result speaks against the candidate, whatever the others say."""
    return result.outcome in _REJECTING


def lets_pass(result: GateResult) -> bool:
    """Whether this result is a pass, or as good as one."""
    return result.outcome is Outcome.PASSED or result.skip in _PERMITTED_SKIPS


def fold(required: Sequence[str], results: Sequence[GateResult]) -> tuple[Decision, str, str | None]:
    """Fold `results` (in the policy's order) into a decision, its one-sentence reason, and the gate to blame.

    A gate that rejects outranks one that could not answer, whatever their order: evidence against a
    candidate stands even when the machine failed elsewhere.
    """
    for result in results:
        if result.outcome in _REJECTING:
            return Decision.REJECTED, result.reason, result.gate
    by_name = {result.gate: result for result in results}
    for gate in required:
        answer = by_name.get(gate)
        if answer is None:
            return Decision.INCONCLUSIVE, f"the {gate} gate gave no result", None
        if not lets_pass(answer):
            return Decision.INCONCLUSIVE, answer.reason, None
    if not any(result.outcome is Outcome.PASSED for result in results):
        return Decision.INCONCLUSIVE, "no gate of this policy produced evidence", None
    return Decision.ACCEPTED, "every required gate passed", None
