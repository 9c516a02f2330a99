"""Which tests a quick run consists of, what it may decide, and that the slow way decides the rest."""

import pytest
from msgspec import structs

from assay.gates.testing.choice import Choice, clear, narrowed, plainly, selection
from assay.gates.testing.run import Ended, Haste, Run
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.outcome import (
    Finding,
    Outcome,
    Resource,
    Severity,
    exhausted,
    failed,
    infra,
    passed,
    tampered,
)
from assay.policy.schema import Select

TWO = {
    "tests/test_lib.py": None,
    "lib.py": "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n",
    "tests/test_double.py": "import lib\n\n\ndef test_double():\n    assert lib.double(2) == 4\n",
    "tests/test_triple.py": (
        "import lib\n\n\ndef test_triple():\n    assert lib.triple(2) == 6\n\n\n"
        "def test_six():\n    assert lib.triple(2) == 6\n"
    ),
}
SAME = {"lib.py": TWO["lib.py"].replace("3 * x", "x * 3")}
WRONG = {"lib.py": TWO["lib.py"].replace("3 * x", "4 * x")}
FINDING = Finding(rule="r", path="p", line=0, message="m", severity=Severity.ERROR, fingerprint="f")


def suite(**results):
    return Suite(
        cases=tuple(Case(id=name.replace("__", "::"), result=result) for name, result in results.items())
    )


@pytest.fixture
def quick(project, grade):
    """Grades a candidate on the quick way: its result, and which tests each of its runs was asked for."""

    def run(changes, **rules):
        made = project(TWO, select=Select.ALWAYS, **rules)
        return grade(made, changes), made

    return run


def test_a_selection_is_of_the_base_s_tests_and_of_whole_files():
    found = suite(a__one=Result.PASSED, a__two=Result.PASSED, b__one=Result.PASSED)
    assert selection(found, {"a::one", "gone::x"}, ()) == (("a::one",), 1)
    assert selection(found, {"a::one"}, {"a"}) == (("a",), 2)
    assert selection(found, {"b::one"}, {"new"}) == (("new", "b::one"), 1)


def test_invariant_5_no_selection_is_empty():
    found = suite(a__bad=Result.FAILED, a__good=Result.PASSED, b__good=Result.PASSED)
    assert selection(found, (), ()) == (("a::good",), 1)
    assert selection(suite(a__bad=Result.FAILED), (), ()) == ((), 0)


def test_a_narrowed_run_has_the_tests_and_the_collection_of_their_files():
    cases = ("a::one", "a::two", "b::one", "b" + COLLECTION, "c" + COLLECTION)
    run = Run(suite=Suite(cases=tuple(Case(id=i, result=Result.PASSED) for i in cases)), ended=Ended.COMPLETE)
    kept = [case.id for case in narrowed(run, ("a", "b::one")).suite.cases]
    assert kept == ["a::one", "a::two", "b::one", "b" + COLLECTION]
    assert narrowed(run, None) is run


@pytest.mark.parametrize(
    ("result", "stands"),
    [
        (passed("tests", evidence={"tests": 1}), True),
        (passed("tests", evidence={"tests": 1}, detail={"flaky": ["a"]}), False),
        (failed("tests", "why", detail={"confirmed": 1}), True),
        (failed("tests", "why", findings=(FINDING,)), True),
        (failed("tests", "pytest exited with 2"), False),
        (exhausted("tests", Resource.TIME, "why"), True),
        (infra("tests", "why"), False),
        (tampered("tests", "why"), False),
    ],
)
def test_a_quick_result_stands_only_if_it_is_clear(result, stands):
    assert clear(result) is stands


def test_the_slow_way_has_nothing_quick_about_it():
    choice = Choice(tests=("a",), of=9, haste=Haste(enough=1))
    assert choice.quick and not plainly(choice).quick
    assert plainly(choice).of == 9


def test_only_what_the_diff_can_affect_runs(quick):
    got, _ = quick(SAME)
    assert got.outcome is Outcome.PASSED
    assert (got.detail["selected"]["ran"], got.detail["selected"]["of"]) == (2, 3)
    assert got.evidence["tests"] == 2
    assert got.detail["quick"] is True


def test_files_of_tests_that_are_left_out_are_not_missed_where_the_base_s_decide(quick):
    got, _ = quick(SAME, from_base=True, perturb=True)
    assert got.outcome is Outcome.PASSED
    assert got.detail["selected"]["ran"] == 2
    assert got.detail["quick"] is True


def test_what_newly_fails_ends_the_run_and_is_confirmed(quick):
    got, _ = quick(WRONG)
    assert got.outcome is Outcome.FAILED
    assert len(got.detail["newly_failing"]) == 1
    assert got.detail["confirmed"] == 1
    assert got.detail["quick"] is True


@pytest.mark.parametrize("way", [Select.ALWAYS, Select.NEVER])
@pytest.mark.parametrize(("changes", "outcome"), [(SAME, Outcome.PASSED), (WRONG, Outcome.FAILED)])
def test_the_verdicts_of_both_ways_agree(project, grade, way, changes, outcome):
    assert grade(project(TWO, select=way), changes).outcome is outcome


def test_without_a_selection_what_the_diff_can_affect_is_run_ahead(project, grade):
    long = "import time\n\n\ndef test_rest():\n    time.sleep(0.5)\n"
    made = project(TWO | {"tests/test_a.py": long}, select=Select.NEVER)
    got = grade(made, WRONG)
    assert (got.outcome, got.detail["counts"]) == (Outcome.FAILED, {"failed": 1})
    assert (got.detail["selected"]["ran"], got.detail["confirmed"]) == (2, 1)
    got = grade(made, SAME)
    assert (got.outcome, got.evidence["tests"]) == (Outcome.PASSED, 4)


def test_all_tests_are_run_in_their_own_order_before_a_candidate_is_accepted(project, grade):
    """What a candidate breaks for the test that comes next is not hidden by running that one first."""
    files = {
        "lib.py": "SEEN = []\n\n\ndef slow(x):\n    return x\n\n\ndef double(x):\n    return 2 * x\n",
        "tests/test_lib.py": "import time\n\nimport lib\n\n\ndef test_a():\n    time.sleep(0.05)\n"
        "    assert lib.double(1) == 2\n\n\ndef test_b():\n    assert lib.double(2) == 4\n",
        "tests/test_rest.py": "import time\n\n\ndef test_rest():\n    time.sleep(0.5)\n",
    }
    keeps = files["lib.py"].replace("    return 2 * x\n", "    SEEN.append(2 * x)\n    return SEEN[0]\n")
    got = grade(project(files, select=Select.NEVER), {"lib.py": keeps})
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_lib.py::test_b"]


def test_a_run_that_calls_itself_cut_short_is_run_whole(quick):
    """A candidate that ends the session early by pytest's own means gains nothing."""
    stop = (
        "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n"
        "    import gc\n    import _pytest.main\n"
        "    for each in gc.get_objects():\n"
        "        if type(each) is _pytest.main.Session:\n"
        "            each.shouldfail = 'enough tests failed'\n"
        "    return 6 if x == 2 else 0\n"
    )
    got, _ = quick({"lib.py": stop})
    assert got.outcome is not Outcome.PASSED or got.detail["quick"] is False
    if got.outcome is Outcome.PASSED:
        assert got.evidence["tests"] == 3


def test_settled_rules_alone_make_a_run_quick(project, grade):
    made = project(TWO)
    assert made.toolbox.policy.tests.select is Select.MANY
    got = grade(made, SAME)
    assert got.detail["quick"] is False
    assert got.evidence["tests"] == 3


def test_choices_are_records():
    assert structs.replace(Choice(of=3), of=4).told() == {"ran": 4, "of": 4, "shared": 0, "why": ""}


def test_a_slow_test_that_spoils_a_quick_one_is_found_though_the_quick_one_is_run_ahead(project, grade):
    """A candidate whose code remembers what an earlier, slower test asked for."""
    tests = {
        "tests/test_triple.py": (
            "import time\n\nimport lib\n\n\n"
            "def test_slow():\n    time.sleep(0.2)\n    assert lib.triple(2) == 6\n\n\n"
            "def test_at_once():\n    assert lib.triple(3) == 9\n"
        ),
        "tests/test_void.py": "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n",
    }
    spoilt = SAME["lib.py"].replace("return x * 3", "return 0 if 2 in SEEN else SEEN.setdefault(x, x * 3)")
    memory = {"lib.py": "SEEN = {}\n\n\n" + spoilt}
    got = grade(project(TWO | tests, select=Select.NEVER, base_runs=1), memory)
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_triple.py::test_at_once"]
