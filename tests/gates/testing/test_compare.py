"""What a candidate broke, fixed, removed and added, from two suites."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.compare import Comparison, Touched, clears, compare
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite

UNTOUCHED = Touched()


def suite(**results):
    """Tests of t.py by name."""
    return of({f"t.py::{name}": result for name, result in results.items()})


def of(results):
    return Suite(
        cases=tuple(
            Case(id=test, result=Result(result), file=test.split("::")[0]) for test, result in results.items()
        )
    )


def test_newly_failing_and_newly_passing():
    got = compare(suite(a="passed", b="failed"), suite(a="failed", b="passed"), UNTOUCHED)
    assert got == Comparison(failing=("t.py::a",), newly_passing=("t.py::b",))


def test_invariant_6_what_the_base_fails_too_blames_nobody():
    got = compare(suite(a="failed", b="error"), suite(a="error", b="failed"), UNTOUCHED)
    assert got.suspects == ()
    assert got.pre_existing == ("t.py::a", "t.py::b")


def test_a_new_test_that_fails_counts():
    got = compare(suite(), suite(a="failed"), UNTOUCHED)
    assert got.suspects == got.new_tests == ("t.py::a",)


def test_a_skipped_or_expected_failure_that_fails_now_counts():
    got = compare(suite(a="skipped", b="xfailed"), suite(a="failed", b="failed"), UNTOUCHED)
    assert got.failing == ("t.py::a", "t.py::b")


def test_invariant_5_a_test_that_silently_stops_running_is_lost():
    for now in ({}, {"a": "skipped"}, {"a": "xfailed"}):
        assert compare(suite(a="passed"), suite(**now), UNTOUCHED).lost == ("t.py::a",)


def test_a_test_that_the_candidate_itself_took_out_is_removed():
    for touched in (
        Touched(paths=frozenset({"t.py"})),
        Touched(paths=frozenset({"conftest.py"})),
        Touched(configured=True),
    ):
        got = compare(suite(a="passed"), suite(), touched)
        assert (got.lost, got.removed) == ((), ("t.py::a",))


def test_a_conftest_elsewhere_excuses_nothing():
    assert compare(suite(a="passed"), suite(), Touched(paths=frozenset({"x/conftest.py"}))).lost


def test_a_touched_file_that_cannot_be_collected_excuses_nothing():
    broken = of({"t.py" + COLLECTION: "error"})
    got = compare(suite(a="passed"), broken, Touched(paths=frozenset({"t.py"})))
    assert got.suspects == ("t.py" + COLLECTION, "t.py::a")


def test_a_parametrised_case_may_go_while_others_of_it_run():
    base, now = of({"t.py::p[1]": "passed"}), of({"t.py::p[2]": "passed"})
    assert compare(base, now, UNTOUCHED).removed == ("t.py::p[1]",)
    assert compare(base, now, Touched(trusted=True)).lost == ("t.py::p[1]",)


def test_a_parametrised_test_of_which_nothing_runs_is_lost():
    base = of({"t.py::p[1]": "passed"})
    assert compare(base, of({"t.py::p[NOTSET]": "skipped"}), UNTOUCHED).lost == ("t.py::p[1]",)


def test_clearing_needs_what_the_base_had():
    passed, skipped = (Case(id="t", result=Result(result)) for result in ("passed", "skipped"))
    assert clears({"t": passed}, "t", passed)
    assert not clears({"t": skipped}, "t", passed)
    assert clears({"t": skipped}, "t", skipped)
    assert not clears({}, "t", passed)
    assert clears({}, "t" + COLLECTION, None)


RESULTS = st.dictionaries(
    st.sampled_from(["a.py::x", "a.py::y[1]", "b.py::z"]), st.sampled_from(list(Result))
)


@given(RESULTS)
def test_equal_suites_have_no_difference(results):
    got = compare(of(results), of(results), UNTOUCHED)
    assert got.suspects == got.newly_passing == got.removed == got.new_tests == ()


@given(RESULTS, RESULTS)
def test_every_test_that_passed_is_accounted_for(before, after):
    got = compare(of(before), of(after), Touched(paths=frozenset({"a.py"})))
    accounted = {*got.failing, *got.lost, *got.removed}
    for test, result in before.items():
        if result.good:
            still = test in after and after[test].good
            assert still != (test in accounted)


@given(RESULTS, RESULTS)
def test_every_failure_is_blamed_or_pre_existing(before, after):
    got = compare(of(before), of(after), UNTOUCHED)
    bad = {test for test, result in after.items() if result.bad}
    assert bad == {*got.failing, *got.pre_existing}
    assert not set(got.failing) & set(got.pre_existing)
