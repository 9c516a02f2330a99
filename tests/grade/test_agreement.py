"""Where gradings of one candidate differ, in words."""

from hypothesis import given
from hypothesis import strategies as st

from assay.grade.agreement import differences
from assay.model.outcome import Finding, Severity, Skip, failed, passed, skipped
from assay.model.verdict import Decision, Verdict


def verdict(*results, decision=Decision.ACCEPTED):
    return Verdict(candidate="c", decision=decision, reason="r", rejected_by=None, gates=results)


def finding(name):
    return Finding(rule="r", path="p", line=1, message=name, severity=Severity.ERROR, fingerprint=name)


def told(**detail):
    return passed("tests", evidence={"tests": 2}, detail=detail)


@given(
    st.dictionaries(
        st.sampled_from(["flaky", "lost"]), st.lists(st.sampled_from("abc"), unique=True), max_size=2
    ),
    st.integers(1, 4),
)
def test_equal_gradings_do_not_differ(detail, times):
    assert differences([verdict(told(**detail))] * times) == ()


def test_times_and_costs_may_differ():
    use = passed("tests", evidence={"tests": 2}, detail={"seconds": 1.5, "base_health": {"slow": {"t": 1.5}}})
    other = passed("tests", evidence={"tests": 2}, detail={"seconds": 2.5, "base_health": {"slow": {"t": 2}}})
    assert differences([verdict(use), verdict(other)]) == ()


def test_verdicts_and_outcomes_are_counted():
    good, bad = told(), failed("tests", "no")
    found = differences([verdict(good), verdict(bad, decision=Decision.REJECTED), verdict(good)])
    assert found[0] == "verdict: accepted in 2 of 3 runs, rejected in 1 of 3 runs"
    assert found[1] == "tests: passed in 2 of 3 runs, failed in 1 of 3 runs"


def test_tests_are_named():
    found = differences([verdict(told(flaky=["t::a"])), verdict(told(flaky=[])), verdict(told())])
    assert found == ("tests, flaky in 1 of 3 runs: t::a",)


def test_counts_and_evidence_are_told():
    one = passed("tests", evidence={"tests": 2}, detail={"counts": {"passed": 2, "skipped": 1}})
    two = passed("tests", evidence={"tests": 3}, detail={"counts": {"passed": 3}})
    assert differences([verdict(one), verdict(two)]) == (
        "tests, counts: passed 2 or 3",
        "tests, counts: skipped 0 or 1",
        "tests, evidence: tests 2 or 3",
    )


def test_findings_are_named():
    one = failed("lint", "no", findings=(finding("a"), finding("b")))
    two = failed("lint", "no", findings=(finding("b"),))
    assert differences([verdict(one), verdict(two)]) == ("lint, finding in 1 of 2 runs: r p: a",)


def test_a_gate_that_was_not_reached_differs_in_nothing_but_that():
    reached = verdict(failed("lint", "no"), skipped("tests", Skip.NOT_REACHED, "lint settled it"))
    both = verdict(failed("lint", "no"), told(flaky=["t::a"]))
    assert differences([reached, both]) == ("tests: skipped in 1 of 2 runs, passed in 1 of 2 runs",)


def test_long_lists_are_cut():
    many = verdict(told(flaky=[f"t{number:02}" for number in range(30)]))
    found = differences([many, verdict(told())])
    assert len(found) == 21
    assert found[-1] == "tests, flaky: and 10 more"
