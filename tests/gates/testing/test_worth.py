"""When a traced run of the base pays."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.reads import ReadMap
from assay.gates.testing.suite import Case, Result, Suite
from assay.gates.testing.worth import SOONER
from assay.gates.testing.worth import pays as worth_it
from assay.model.outcome import ResourceUse


def suite(seconds):
    return Suite(
        cases=tuple(Case(id=f"t::{i}", result=Result.PASSED, seconds=s) for i, s in enumerate(seconds))
    )


def pays(count, suite, cpu, *rest, **options):
    """On an idle machine: all of a run's time is the processor's."""
    return worth_it(count, suite, ResourceUse(seconds=cpu, cpu_seconds=cpu), *rest, **options)


def latest(**rest):
    return ReadMap(tree="t", tests=("a", "b"), files=("a", "b"), seconds=(3.0, 1.0), **rest)


def test_many_candidates_of_a_long_suite_pay_and_few_of_a_short_one_do_not():
    assert pays(64, suite([10.0, 20.0]), 32.0)
    assert not pays(3, suite([10.0, 20.0]), 32.0)
    # What takes long to begin, and not to run, is spared nothing.
    assert not pays(64, suite([0.01, 0.02]), 2.0)
    assert not pays(16, suite([0.05] * 20), 1.4)


def test_a_base_of_which_little_could_be_known_before_pays_less():
    long = suite([10.0])
    assert pays(30, long, 10.0, latest())
    assert not pays(30, long, 10.0, latest(always={"a": "it starts programs"}))
    assert not pays(4000, long, 10.0, latest(blind="it forks"))


@given(st.integers(1, 1000), st.lists(st.floats(0, 100), max_size=5), st.floats(0, 1000))
def test_more_candidates_never_pay_less(count, seconds, cpu):
    assert not pays(count, suite(seconds), cpu) or pays(count + 1, suite(seconds), cpu)


def test_time_that_tests_wait_is_no_time_to_save():
    idle, busy = ResourceUse(seconds=12.0, cpu_seconds=12.0), ResourceUse(seconds=120.0, cpu_seconds=12.0)
    assert worth_it(20, suite([10.0]), idle) == worth_it(20, suite([100.0]), busy)
    assert not worth_it(20, suite([10.0]), busy)


def test_what_is_run_ahead_saves_less_than_what_is_left_out():
    assert pays(20, suite([10.0]), 10.0)
    assert not pays(20, suite([10.0]), 10.0, spared=SOONER)
    assert pays(40, suite([10.0]), 10.0, spared=SOONER)


def test_what_a_run_takes_besides_its_tests_is_traced_at_no_further_cost():
    assert pays(64, suite([1.5]), 3.0)
    assert not pays(64, suite([1.5]), 13.0)
    # Of boltons, 1.7 of 4.1 seconds are the bodies of its tests; a selection halves what 64 candidates take.
    boltons = suite([1.72 / 416] * 416)
    assert worth_it(48, boltons, ResourceUse(seconds=4.1, cpu_seconds=3.5))


def test_looking_at_what_short_tests_leave_behind_has_a_price():
    short = suite([0.0002] * 20_000)
    assert pays(40, short, 5.0, lasting=False)
    assert not pays(40, short, 5.0)
