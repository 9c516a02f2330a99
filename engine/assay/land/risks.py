"""The risk of the candidates of one run, and of the set.

Promises: one candidate's risk follows from its tree, what the gates found and what evidence there is; equal
ones are assessed once. What the counterfactual says, which files make it risky, is asked of those that may
land. Advice is for what was accepted: "land" says nothing of what its gates reject, or did not decide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from msgspec.structs import replace

from assay.land.job import Job
from assay.land.past import past_of
from assay.ledger.keeping import NOWHERE, Keeping
from assay.model.candidate import Candidate
from assay.model.evidence import Evidence
from assay.model.outcome import Finding, GateResult, Outcome
from assay.model.risk import Risk
from assay.model.verdict import Decision, Verdict
from assay.risk.answers import Answers
from assay.risk.background import Background
from assay.risk.evidence.bound import false_green
from assay.risk.score import assess, assess_set

_WANTED = ("coverage and mutants of the changed lines (--evidence mutants)",)

_Key = tuple[str, tuple[Finding, ...], bool, Decision]


class Risks:
    """Assesses risks, with what is known of the repository's past."""

    def __init__(self, job: Job, keeping: Keeping = NOWHERE) -> None:
        """What models say is kept in `keeping`."""
        self._job = job
        self._keeping = keeping
        self._seen: dict[_Key, Risk] = {}

    def of(self, candidate: Candidate, verdict: Verdict, evidence: Evidence | None) -> Risk:
        """Of one candidate that has a tree."""
        assert candidate.tree is not None
        if evidence is not None:
            return self._assessed(candidate, verdict, evidence)
        findings = tuple(finding for result in verdict.gates for finding in result.findings)
        key = candidate.tree, findings, _tested(verdict), verdict.decision
        if key not in self._seen:
            self._seen[key] = self._assessed(candidate, verdict, None)
        return self._seen[key]

    def of_tree(self, combined: Candidate, results: Sequence[GateResult]) -> Risk:
        """Of a tree that no candidate has."""
        return assess(self._job.repo, combined, self._job.policy, results, self._known, answers=self._answers)

    def of_set(
        self,
        combined: Candidate,
        results: Sequence[GateResult],
        members: Sequence[tuple[Candidate, Risk]],
        meeting: Collection[frozenset[str]],
    ) -> Risk:
        """Of several candidates landed together; see `assess_set`."""
        return assess_set(self._job.repo, combined, self._job.policy, results, members, meeting)

    def _assessed(self, candidate: Candidate, verdict: Verdict, evidence: Evidence | None) -> Risk:
        risk = assess(
            self._job.repo,
            candidate,
            self._job.policy,
            verdict.gates,
            self._known,
            evidence=evidence,
            wanted=_WANTED if evidence is None and _tested(verdict) else (),
            false_green=false_green(evidence) if evidence is not None else None,
            apart=verdict.decision is not Decision.REJECTED,
            answers=self._answers,
        )
        return risk if verdict.decision is Decision.ACCEPTED else replace(risk, advice=None)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self._job.repo, self._known, self._keeping)

    @cached_property
    def _known(self) -> Background:
        """What is known of the repository's past, brought up to date once a run."""
        return past_of(self._job)


def _tested(verdict: Verdict) -> bool:
    """Whether tests ran for it, so that more can be learnt from them."""
    passes = {result.gate for result in verdict.gates if result.outcome is Outcome.PASSED}
    return "tests" in passes
