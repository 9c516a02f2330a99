"""What a policy demands of evidence rejects, asks or keeps quiet; what nobody gathered is nobody's fault."""

from __future__ import annotations

from assay.model.evidence import Branch, Evidence, Fate, LinesSeen, Mutant
from assay.model.outcome import Outcome, Severity, Skip, passed
from assay.model.verdict import Decision, Verdict, needs_review
from assay.policy.stakes import EvidenceRules
from assay.risk.evidence.demand import demanded, with_demanded

STRICT = EvidenceRules(max_missed=0, min_killed=0.7, severity=Severity.ERROR)
ACCEPTED = Verdict(
    candidate="a",
    decision=Decision.ACCEPTED,
    reason="every required gate passed",
    rejected_by=None,
    gates=(passed("tests", evidence={"tests": 3}),),
)
WEAK = Evidence(
    files=(LinesSeen(path="a.py", executed=(1,), missed=(2, 3)),),
    branches=(Branch(path="a.py", line=1, target=0),),
    mutants=(Mutant(path="a.py", line=1, operator="o", before="<", after="<=", fate=Fate.SURVIVED),),
)
STRONG = Evidence(
    files=(LinesSeen(path="a.py", executed=(1,), missed=()),),
    mutants=(Mutant(path="a.py", line=1, operator="o", before="<", after="<=", fate=Fate.KILLED),),
)


def judged(evidence: Evidence | None, rules: EvidenceRules) -> Verdict:
    return with_demanded(ACCEPTED, demanded(evidence, rules))


def test_a_policy_without_demands_asks_nothing() -> None:
    assert judged(WEAK, EvidenceRules()) == ACCEPTED


def test_weak_evidence_rejects_where_the_policy_says_so_and_names_each_place() -> None:
    verdict = judged(WEAK, STRICT)
    assert (verdict.decision, verdict.rejected_by) == (Decision.REJECTED, "evidence")
    assert "2 changed lines are run by no test" in verdict.reason
    found = verdict.gates[-1].findings
    assert [(f.rule, f.line) for f in found if f.path] == [
        ("evidence/missed", 2),
        ("evidence/missed", 3),
        ("evidence/branch", 1),
        ("evidence/survivor", 1),
    ]


def test_weak_evidence_asks_for_a_person_where_the_policy_says_review() -> None:
    verdict = judged(WEAK, EvidenceRules(max_missed=0))
    assert verdict.decision is Decision.ACCEPTED
    assert needs_review(verdict)


def test_strong_evidence_is_a_pass_that_counts_what_it_rests_on() -> None:
    verdict = judged(STRONG, STRICT)
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.gates[-1].evidence == {"lines": 1, "mutants": 1}


def test_evidence_that_nobody_could_gather_neither_accepts_nor_blames() -> None:
    """Invariants 5 and 6."""
    for evidence in (None, Evidence(missing="the time of the run was up")):
        verdict = judged(evidence, STRICT)
        assert verdict.decision is Decision.INCONCLUSIVE
        assert verdict.rejected_by is None
        assert verdict.gates[-1].skip is Skip.NOT_REACHED


def test_a_change_without_a_line_that_runs_lacks_nothing() -> None:
    verdict = judged(Evidence(), STRICT)
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.gates[-1].skip is Skip.NOT_APPLICABLE


def test_what_was_rejected_before_stays_as_it_was() -> None:
    rejected = Verdict(
        candidate="a", decision=Decision.REJECTED, reason="r", rejected_by="lint", gates=ACCEPTED.gates
    )
    assert with_demanded(rejected, demanded(WEAK, STRICT)) == rejected
    asked = demanded(WEAK, STRICT)
    assert asked is not None
    assert asked.outcome is Outcome.FAILED
