"""Two runs of one tree as one: chance takes no part in what the base is said to fail."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.base import better, settled
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite

RESULTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(list(Result)))


def run(results, status=None):
    cases = tuple(Case(id=test, result=result) for test, result in sorted(results.items()))
    if status is None:
        status = int(any(case.result.bad for case in cases))
    return Run(suite=Suite(cases=cases), ended=Ended.COMPLETE, status=status)


def results(run):
    return {case.id: case.result for case in run.suite.cases}


@given(RESULTS, RESULTS)
def test_only_what_fails_twice_fails(first, second):
    merged = results(better(run(first), run(second)))
    bad = {test for test, result in merged.items() if result.bad}
    assert bad <= {test for test, result in first.items() if result.bad}
    assert not bad & {test for test, result in second.items() if not result.bad}
    for test, result in first.items():
        if not result.bad:
            assert merged[test] is result


def test_a_file_that_is_collected_the_second_time_has_its_tests():
    first = run({"t.py" + COLLECTION: Result.ERROR, "u.py::a": Result.PASSED})
    second = run({"t.py::b": Result.PASSED, "u.py::a": Result.FAILED})
    merged = better(first, second)
    assert results(merged) == {"t.py::b": Result.PASSED, "u.py::a": Result.PASSED}
    assert merged.status == 0


def test_two_runs_tell_chance_from_company_and_from_failure():
    bad, good = Result.FAILED, Result.PASSED
    first = run({"always": bad, "company": bad, "chance": bad, "later": good, "never": good})
    again = run({"always": bad, "company": bad, "chance": good, "later": bad, "never": good})
    alone = run({"always": bad, "company": good, "chance": good})
    known = settled(first, alone, again)
    assert known.flaky == {"chance": (1, 3), "later": (1, 2)}
    assert known.company == ("company",)
    assert {test for test, result in results(known.run).items() if result.bad} == {"always", "company"}


def test_an_exit_status_of_the_project_s_own_is_kept():
    assert better(run({"a": Result.FAILED}), run({"a": Result.PASSED}, status=9)).status == 9
    assert better(run({"a": Result.FAILED}), run({"a": Result.FAILED})).status == 1
