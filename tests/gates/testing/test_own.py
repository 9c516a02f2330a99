"""The candidate's own new tests, where only the base's decide."""

import pytest

from assay.gates.testing.own import as_in_ids, own_cases
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.outcome import Outcome, Severity
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import FlakyRule, NoTests

BROKEN = {"lib.py": "def double(x):\n    return 3 * x\n"}
TRIPLE = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
OWN = "from lib import triple\n\n\ndef test_triple():\n    assert triple(2) == {}\n"
GOOD = {"lib.py": TRIPLE, "tests/test_triple.py": OWN.format(6)}
BAD = {"lib.py": TRIPLE, "tests/test_triple.py": OWN.format(7)}
HELD = "tests/test_triple.py::test_triple"


def labels(base):
    return [call.label for call in base.calls]


def test_passing_own_tests_are_evidence(project, grade):
    base = project(from_base=True)
    got = grade(base, GOOD)
    assert got.outcome is Outcome.PASSED
    assert got.evidence == {"tests": 1, "own_tests": 1}
    assert got.detail["own_passed"] == [HELD]
    assert got.detail["absent"] == ["tests/test_triple.py"]
    assert labels(base).count("own tests of c") == 1


def test_invariant_3_passing_own_tests_are_no_proof(project, grade):
    hides = "import lib\n\nlib.double = lambda x: 2 * x\n\n\ndef test_hides():\n    pass\n"
    got = grade(project(from_base=True), {**BROKEN, "tests/test_aaa.py": hides})
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_lib.py::test_double"]


def test_failing_own_tests_reject_and_are_named(project, grade):
    base = project(from_base=True)
    got = grade(base, BAD)
    assert got.outcome is Outcome.FAILED
    assert got.reason.startswith(f"{HELD} fails: ")
    assert got.reason.endswith("(the candidate's own)")
    assert got.detail["confirmed"] == 1
    (finding,) = got.findings
    assert (finding.rule, finding.path, finding.line) == ("tests/own-failing", "tests/test_triple.py", 5)
    assert got.detail["own_failed"] == [HELD]
    assert labels(base).count("own tests of c") == 2, "believed when it fails twice"


def test_failing_own_tests_warn_where_the_policy_says_so(project, grade):
    got = grade(project(from_base=True, own=Severity.WARNING), BAD)
    assert got.outcome is Outcome.PASSED
    assert [finding.severity for finding in got.findings] == [Severity.WARNING]
    assert got.evidence["own_tests"] == 0


def test_tests_added_to_a_file_of_the_base_run_too(project, grade):
    base = project(from_base=True)
    text = base.files["tests/test_lib.py"] + "\n\ndef test_four():\n    assert double(4) == 8\n"
    got = grade(base, {"tests/test_lib.py": text, "lib.py": TRIPLE})
    assert got.detail["own_passed"] == ["tests/test_lib.py::test_four"]
    assert (got.detail["restored"], got.detail["changed_tests"]) == (["tests/test_lib.py"], [])


def test_own_tests_that_cannot_be_collected_reject(project, grade):
    got = grade(project(from_base=True), {**GOOD, "lib.py": "def double(x):\n    return 2 * x\n"})
    assert got.outcome is Outcome.FAILED
    assert got.reason.startswith("tests/test_triple.py cannot be collected: ImportError")


def test_helpers_among_the_tests_are_no_tests(project, grade):
    helper = {"tests/helpers.py": "def test_client():\n    raise RuntimeError\n", "lib.py": TRIPLE}
    got = grade(project(from_base=True), helper)
    assert got.outcome is Outcome.PASSED
    assert got.evidence["own_tests"] == 0


def test_own_tests_that_do_not_come_to_their_end_reject(project, grade):
    leaves = {"tests/test_zzz.py": "import os\n\n\ndef test_leaves():\n    os._exit(0)\n"}
    got = grade(project(from_base=True), leaves)
    assert got.outcome is Outcome.FAILED
    assert got.findings[0].rule == "tests/own-unfinished"
    assert got.evidence["own_tests"] == 0


def test_invariant_6_trouble_of_the_machine_is_no_failure(project, grade):
    base = project(from_base=True)
    grade(base, {"lib.py": TRIPLE})
    lost = ToolCall(
        label="t", argv=(), environment_digest="", ending=Ending.INFRA, exit_code=None, reason="no space"
    )
    real = base.toolbox.sandbox.run

    async def run(command):
        return lost if command.label == "own tests of c" else await real(command)

    base.toolbox.sandbox.run = run
    assert grade(base, GOOD).outcome is Outcome.INFRA


def test_own_tests_reject_where_the_base_has_none(tmp_path, grade):
    from tests.gates.testing.fake import Project

    base = Project(tmp_path, {"lib.py": "x = 1\n"}, from_base=True, none=NoTests.SKIP)
    got = grade(base, BAD)
    assert (got.outcome, got.detail["own_failed"]) == (Outcome.FAILED, [HELD])
    got = grade(base, GOOD)
    assert (got.outcome, got.detail["own_passed"]) == (Outcome.SKIPPED, [HELD])


LUCKY = """
from pathlib import Path

def test_lucky():
    runs = Path({runs!r})
    runs.write_text(runs.read_text() + "x")
    assert len(runs.read_text()) != 1
"""


@pytest.mark.parametrize(
    ("rule", "outcome"), [(FlakyRule.TOLERATE, Outcome.PASSED), (FlakyRule.INCONCLUSIVE, Outcome.INFRA)]
)
def test_a_flaky_own_test_is_listed_and_judged_by_the_policy(project, grade, tmp_path, rule, outcome):
    runs = tmp_path / "count"
    runs.write_text("")
    got = grade(project(from_base=True, flaky=rule), {"tests/test_lucky.py": LUCKY.format(runs=str(runs))})
    assert got.outcome is outcome
    assert "tests/test_lucky.py::test_lucky" in got.detail["flaky"]


def test_without_from_base_nothing_runs_apart(project, grade):
    base = project()
    got = grade(base, GOOD)
    assert got.evidence == {"tests": 2}
    assert "own tests of c" not in labels(base)


def case(test, result="passed", file=""):
    return Case(id=test, result=Result(result), file=file or test.split("::")[0])


def test_own_cases_are_new_or_broken_by_the_candidate_s_own_version():
    known = {
        each.id: each
        for each in (case("t.py::a"), case("t.py::old", "failed"), case("u.py" + COLLECTION, "error"))
    }
    found = Suite(
        cases=(
            case("t.py::a", "failed"),
            case("t.py::old", "failed"),
            case("t.py::b"),
            case("v.py::c"),
            case("u.py" + COLLECTION, "error"),
            case("t.py" + COLLECTION, "error"),
        )
    )
    assert [own.id for own in own_cases(known, found, ("t.py", "u.py"))] == [
        "t.py::a",
        "t.py::b",
        "t.py" + COLLECTION,
    ]


def test_a_test_of_the_base_that_fails_as_the_candidate_changed_it_rejects(project, grade):
    wrong = "from lib import double\n\n\ndef test_double():\n    assert double(2) == 5\n"
    got = grade(project(from_base=True), {"tests/test_lib.py": wrong, "lib.py": TRIPLE})
    assert got.outcome is Outcome.FAILED
    assert got.detail["own_failed"] == got.detail["changed_tests"] == ["tests/test_lib.py::test_double"]


def test_paths_are_spelled_as_in_ids():
    assert as_in_ids(("t.py",), Suite()) == ("t.py",)
    below = Suite(cases=(case("tests/a.py::x", file="sub/tests/a.py"),))
    assert as_in_ids(("sub/tests/b.py", "c.py"), below) == ("tests/b.py", "../c.py")
