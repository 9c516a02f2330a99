"""Put the report together from what a run found out.

Promises: pure; every field of the report comes from a record of the run, none is computed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.grade.votes import standings
from assay.model.candidate import Candidate
from assay.model.errors import Exit
from assay.model.outcome import PRIVATE, GateResult
from assay.model.report import CandidateReport, Cluster, GateReport, PolicyStamp, Report
from assay.model.risk import Risk
from assay.model.verdict import Decision, Verdict, needs_review
from assay.policy.overrides import TRUST_TESTS, overrides
from assay.policy.schema import Policy


def stamp(policy: Policy) -> PolicyStamp:
    """The policy as a report names it."""
    return PolicyStamp(name=policy.name, digest=policy.digest, overrides=overrides(policy))


def words_on(policy: Policy) -> tuple[str, ...]:
    """Notes on what a verdict rests on besides the policy: the user's own word."""
    if not policy.tests.trust:
        return ()
    word = (
        f"the user's word ({TRUST_TESTS})" if TRUST_TESTS in overrides(policy) else "the policy (tests.trust)"
    )
    return (f"changed tests count as the candidates have them, by {word}",)


def gate_reports(results: Iterable[GateResult]) -> tuple[GateReport, ...]:
    """Gate results in the form of the JSON contract."""
    return tuple(
        GateReport(
            gate=result.gate,
            outcome=result.outcome.value,
            reason=result.reason,
            seconds=round(result.use.seconds, 4),
            cpu_seconds=round(result.use.cpu_seconds, 4),
            cached=result.cached,
            resource=result.resource.value if result.resource else None,
            skip=result.skip.value if result.skip else None,
            findings=result.findings,
            evidence=result.evidence,
            detail={key: value for key, value in result.detail.items() if key != PRIVATE},
            equivalent_to=result.equivalent_to,
        )
        for result in results
    )


def candidate_reports(
    candidates: Sequence[Candidate],
    verdicts: Sequence[Verdict],
    refs: Mapping[str, str],
    risks: Mapping[str, Risk],
    clusters: Mapping[str, Cluster],
) -> tuple[CandidateReport, ...]:
    """One entry for each candidate, in order. `refs`, `risks` and `clusters` are by candidate id."""
    standing = standings(candidates, verdicts)
    return tuple(
        CandidateReport(
            id=candidate.id,
            name=candidate.name,
            source=candidate.source,
            tree=candidate.tree,
            ref=refs.get(candidate.id),
            verdict=verdict.decision,
            reason=verdict.reason,
            rejected_by=verdict.rejected_by,
            equivalent_to=standing[candidate.id].equivalent_to,
            cached=verdict.cached,
            seconds=round(verdict.use.seconds, 4),
            cpu_seconds=round(verdict.use.cpu_seconds, 4),
            gates=gate_reports(verdict.gates),
            risk=risks.get(candidate.equivalent_to or candidate.id),
            needs_review=needs_review(verdict),
            repeats=verdict.repeats,
            equal_up_to=standing[candidate.id].up_to,
            votes=standing[candidate.id].votes,
            cluster=clusters.get(candidate.id),
        )
        for candidate, verdict in zip(candidates, verdicts, strict=True)
    )


def exit_code(report: Report, first: int = 0) -> Exit:
    """What the process exits with. A rejection outranks an inconclusive answer: it is known, not missing."""
    decisions = [candidate.verdict for candidate in report.candidates]
    if report.command == "land":
        return _exit_of_landing(report, decisions)
    if first:
        distinct = [c for c in report.candidates if c.equivalent_to is None]
        missing = first - sum(c.verdict is Decision.ACCEPTED for c in distinct)
        if missing <= 0:
            return Exit.ACCEPTED
        if sum(c.verdict is Decision.INCONCLUSIVE for c in distinct) >= missing:
            return Exit.INCONCLUSIVE  # they may yet be there: what was rejected is not what was asked
    if all(decision is Decision.ACCEPTED for decision in decisions):
        return Exit.ACCEPTED
    if Decision.REJECTED in decisions:
        return Exit.REJECTED
    return Exit.INCONCLUSIVE


def _exit_of_landing(report: Report, decisions: Sequence[Decision]) -> Exit:
    patch_set = report.patch_set
    if report.landed is not None:
        return Exit.ACCEPTED
    if patch_set is not None and patch_set.verdict is Decision.ACCEPTED and patch_set.members:
        return Exit.ACCEPTED  # a dry run: the set would have landed
    undecided = patch_set is not None and patch_set.verdict is Decision.INCONCLUSIVE
    held = patch_set is not None and patch_set.verdict is None and bool(patch_set.left_out)
    if held and all(decision is Decision.ACCEPTED for decision in decisions):
        return Exit.REJECTED  # everything was decided: the policy lets none of it land by itself
    if undecided or (decisions and Decision.REJECTED not in decisions):
        return Exit.INCONCLUSIVE
    return Exit.REJECTED
