"""Folding records into one result per test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing import records as r
from assay.gates.testing.suite import Body, Result, fold


def stream(*makers, cwd="/repo", root="/repo"):
    head = [
        lambda n: r.Hello(n=n, cwd=cwd, python="3.8.1"),
        lambda n: r.Session(n=n, pytest="7.0", root=root, parallel=False),
    ]
    return r.Stream(records=tuple(make(n) for n, make in enumerate([*head, *makers])))


def start(i, test):
    return lambda n: r.Start(n=n, i=i, id=test)


def phase(i, when, outcome, **rest):
    return lambda n: r.Phase(n=n, i=i, when=when, outcome=outcome, **rest)


def finish(i):
    return lambda n: r.Finish(n=n, i=i)


def end(status=0, phases=0, stopped=""):
    return lambda n: r.End(n=n, status=status, phases=phases, stopped=stopped)


def result(*phases):
    return fold(stream(start(0, "t.py::t"), *phases, finish(0))).by_id()["t.py::t"].result


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([phase(0, "call", "passed")], Result.PASSED),
        ([phase(0, "call", "failed")], Result.FAILED),
        ([phase(0, "setup", "failed")], Result.ERROR),
        ([phase(0, "call", "passed"), phase(0, "teardown", "failed")], Result.ERROR),
        ([phase(0, "call", "failed"), phase(0, "teardown", "failed")], Result.FAILED),
        ([phase(0, "setup", "skipped")], Result.SKIPPED),
        ([phase(0, "call", "skipped", xfail=True)], Result.XFAILED),
        ([phase(0, "setup", "skipped", xfail=True)], Result.XFAILED),
        ([phase(0, "call", "passed", xfail=True)], Result.XPASSED),
        ([phase(0, "call", "failed", message="[XPASS(strict)]")], Result.FAILED),
        ([phase(0, "???", "failed", message="worker crashed")], Result.FAILED),
        ([phase(0, "call", "failed", sub=True), phase(0, "call", "passed")], Result.FAILED),
        ([phase(0, "call", "skipped", sub=True), phase(0, "call", "passed")], Result.PASSED),
    ],
)
def test_phases(phases, expected):
    assert result(*phases) is expected


def test_of_two_runs_of_one_id_the_worst_counts():
    suite = fold(
        stream(
            *(start(0, "t"), phase(0, "call", "failed"), finish(0)),
            *(start(1, "t"), phase(1, "call", "passed"), finish(1)),
        )
    )
    assert [case.result for case in suite.cases] == [Result.FAILED]


def test_running_tests_are_named():
    suite = fold(stream(start(0, "a"), finish(0), start(1, "b"), start(2, "c")))
    assert suite.running == ("b", "c")


def test_collection_errors_and_skips():
    suite = fold(
        stream(
            lambda n: r.Collect(n=n, id="a.py", outcome="failed", message="E", path="/repo/lib.py", line=3),
            lambda n: r.Collect(n=n, id="b.py", outcome="skipped", message="no", path="b.py", line=1),
        )
    )
    broken, skipped = suite.cases
    assert (broken.id, broken.result, broken.file) == ("a.py::<collection>", Result.ERROR, "a.py")
    assert (broken.path, broken.line) == ("lib.py", 3)
    assert skipped.result is Result.SKIPPED


def test_paths_are_the_repository_s_though_pytest_is_rooted_below():
    suite = fold(
        stream(
            start(0, "tests/t.py::t"),
            phase(0, "call", "failed", path="tests/t.py", line=4),
            finish(0),
            root="/repo/sub",
        )
    )
    assert (suite.cases[0].file, suite.cases[0].path) == ("sub/tests/t.py", "sub/tests/t.py")


@pytest.mark.parametrize("path", ["/usr/lib/python3/unittest.py", "../other.py", ""])
def test_a_place_outside_the_repository_is_no_place(path):
    suite = fold(stream(start(0, "t.py::t"), phase(0, "call", "failed", path=path, line=4), finish(0)))
    assert (suite.cases[0].path, suite.cases[0].line) == ("", 0)


def test_a_report_that_counts_other_phases_is_not_whole():
    assert fold(stream(start(0, "t"), phase(0, "call", "passed"), end(phases=1))).whole
    assert not fold(stream(start(0, "t"), phase(0, "call", "passed"), end(phases=2))).whole


def test_phases_of_an_unknown_number_are_not_whole():
    assert not fold(stream(phase(7, "call", "passed"), end(phases=1))).whole


def seen(i, **fields):
    return lambda n: r.Finish(n=n, i=i, **fields)


def test_what_was_seen_of_a_call():
    suite = fold(
        stream(
            start(0, "t"),
            phase(0, "call", "passed"),
            lambda n: r.Equal(n=n, i=0, type="Any", path="lib.py"),
            seen(0, raised=True, origin="t.py::t", plain=True, body="left"),
        )
    )
    [case] = suite.cases
    assert (case.raised, case.origin, case.plain, case.body) == (True, "t.py::t", True, Body.LEFT)
    assert case.equal == ("Any (lib.py)",)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [(("left", "entered"), Body.ENTERED), (("left", "none"), Body.NONE), (("left", ""), Body.UNKNOWN)],
)
def test_of_two_runs_of_one_test_the_least_is_seen(bodies, expected):
    runs = [
        step
        for number, body in enumerate(bodies)
        for step in (start(number, "t"), phase(number, "call", "passed"), seen(number, body=body))
    ]
    assert fold(stream(*runs)).cases[0].body is expected


def test_a_state_that_nobody_knows_is_unknown():
    suite = fold(stream(start(0, "t"), phase(0, "call", "passed"), seen(0, body="asleep")))
    assert suite.cases[0].body is Body.UNKNOWN


def canary(i, expected):
    return lambda n: r.Canary(n=n, i=i, id="t.py::c", expected=expected)


def test_canaries_are_no_tests_and_are_held_against_what_they_should_be():
    suite = fold(
        stream(
            lambda n: r.Planned(n=n, count=5),
            *(start(0, "t"), phase(0, "call", "passed"), finish(0)),
            *(canary(1, "passed"), phase(1, "call", "passed")),
            *(canary(2, "failed"), phase(2, "call", "failed")),
            *(canary(3, "failed"), phase(3, "call", "passed")),
            canary(4, "failed"),
            end(phases=4),
        )
    )
    assert [case.id for case in suite.cases] == ["t"]
    assert (suite.canaries.planned, suite.canaries.ran) == (5, 4)
    assert suite.canaries.wrong == ("not reported instead of failed", "passed instead of failed")
    assert suite.whole


def test_what_a_trusted_file_alters_is_left_out():
    suite = fold(
        stream(
            lambda n: r.Altered(n=n, what="time.time", path="lib.py"),
            lambda n: r.Altered(n=n, what="os.kill", path="conftest.py", trusted=True),
            lambda n: r.File(n=n, path="t.py", state="rewritten"),
        )
    )
    assert suite.altered == {"time.time": "lib.py"}
    assert suite.files == {"t.py": "rewritten"}


OUTCOMES = st.tuples(
    st.sampled_from(["setup", "call", "teardown"]), st.sampled_from(["passed", "failed", "skipped"])
)


@given(st.lists(OUTCOMES, min_size=1, max_size=6), st.randoms())
def test_order_of_records_does_not_matter_and_no_failure_is_lost(outcomes, random):
    phases = [phase(0, when, outcome) for when, outcome in outcomes]
    expected = result(*phases)
    random.shuffle(phases)
    assert result(*phases) is expected
    assert expected.bad == any(outcome == "failed" for _, outcome in outcomes)
