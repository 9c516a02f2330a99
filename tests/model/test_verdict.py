"""Folding gate results into verdicts: fails closed, blames fairly."""

from hypothesis import given
from hypothesis import strategies as st

from assay.model.outcome import Finding, GateResult, Outcome, Resource, Severity, Skip, passed
from assay.model.verdict import Decision, Verdict, fold, lets_pass, needs_review, rejects

GATES = ("apply", "scope", "tests")


def result(gate: str, outcome: Outcome, skip: Skip | None = None) -> GateResult:
    return GateResult(
        gate=gate,
        outcome=outcome,
        reason="" if outcome is Outcome.PASSED else f"{gate} is {outcome}",
        resource=Resource.TIME if outcome is Outcome.EXHAUSTED else None,
        skip=(skip or Skip.NOT_REACHED) if outcome is Outcome.SKIPPED else None,
        evidence={"n": 1},
    )


def results_of(outcomes):
    return [result(gate, outcome, skip) for gate, (outcome, skip) in zip(GATES, outcomes, strict=False)]


any_results = st.lists(
    st.tuples(st.sampled_from(Outcome), st.sampled_from(Skip)), min_size=0, max_size=len(GATES)
).map(results_of)


@given(any_results)
def test_invariant_5_fail_closed_accept_needs_an_answer_from_every_required_gate(results):
    decision, _, _ = fold(GATES, results)
    permitted = {Skip.NOT_APPLICABLE, Skip.DISABLED}
    answered = {r.gate for r in results if r.outcome is Outcome.PASSED or r.skip in permitted}
    if decision is Decision.ACCEPTED:
        assert answered == set(GATES)
        assert any(r.outcome is Outcome.PASSED for r in results)


@given(any_results)
def test_invariant_6_blame_fairly_machine_trouble_alone_never_rejects(results):
    rejecting = {Outcome.FAILED, Outcome.EXHAUSTED, Outcome.TAMPERED}
    decision, reason, blamed = fold(GATES, results)
    assert (decision is Decision.REJECTED) == any(r.outcome in rejecting for r in results)
    assert (blamed is not None) == (decision is Decision.REJECTED)
    assert reason


def test_a_rejection_outranks_trouble_of_the_machine():
    results = [result("apply", Outcome.INFRA), result("tests", Outcome.FAILED)]
    assert fold(GATES, results)[0] is Decision.REJECTED


def test_optional_gates_may_stay_silent_but_not_fail():
    quiet = [result("apply", Outcome.PASSED), result("extra", Outcome.INFRA)]
    assert fold(("apply",), quiet)[0] is Decision.ACCEPTED
    loud = [result("apply", Outcome.PASSED), result("extra", Outcome.FAILED)]
    assert fold(("apply",), loud)[0] is Decision.REJECTED


def test_skips_alone_are_no_evidence():
    skips = [result(gate, Outcome.SKIPPED, Skip.NOT_APPLICABLE) for gate in GATES]
    assert fold(GATES, skips)[0] is Decision.INCONCLUSIVE


def test_what_rejects_and_what_lets_pass():
    assert rejects(result("a", Outcome.FAILED))
    assert not rejects(result("a", Outcome.INFRA))
    assert lets_pass(result("a", Outcome.PASSED))
    assert lets_pass(result("a", Outcome.SKIPPED, Skip.DISABLED))
    assert not lets_pass(result("a", Outcome.INFRA))
    assert not lets_pass(result("a", Outcome.SKIPPED, Skip.CANCELLED))


def test_a_pass_without_evidence_cannot_be_built():
    import pytest

    with pytest.raises(ValueError, match="without evidence"):
        passed("lint", evidence={"files": 0})


@given(st.sampled_from(Decision), st.lists(st.sampled_from(Severity)))
def test_only_what_is_accepted_asks_for_review(decision, severities):
    findings = tuple(
        Finding(rule="r", path="", line=0, message="m", severity=severity, fingerprint="f")
        for severity in severities
    )
    scope = passed("scope", evidence={"files": 1}, findings=findings)
    verdict = Verdict(candidate="c", decision=decision, reason="r", rejected_by=None, gates=(scope,))
    asked = decision is Decision.ACCEPTED and Severity.REVIEW in severities
    assert needs_review(verdict) is asked
