"""Tests that pass only because the candidate weakened them."""

import pytest

from assay.gates.testing.suite import Case, Result, Suite
from assay.gates.testing.weakened import affected, failing_as_on_base
from assay.model.outcome import Outcome, Severity
from assay.model.tool import Ending, ToolCall

BROKEN = {"lib.py": "def double(x):\n    return 3 * x\n"}
WEAK = {"tests/test_lib.py": "from lib import double\n\n\ndef test_double():\n    assert double(2)\n"}
TEST = "tests/test_lib.py::test_double"
LABEL = "tests that c changed"


def labels(base):
    return [call.label for call in base.calls]


def test_a_weakened_test_is_a_finding_that_names_it(project, grade):
    base = project()
    got = grade(base, {**BROKEN, **WEAK})
    assert got.outcome is Outcome.PASSED
    (finding,) = got.findings
    assert (finding.rule, finding.severity) == ("tests/weakened", Severity.WARNING)
    assert finding.message == f"{TEST} fails as the base has it, and passes only as it was changed"
    assert got.detail["weakened"] == got.detail["changed_tests"] == [TEST]
    assert labels(base).count(LABEL) == 2, "believed when it fails twice"


def test_it_rejects_where_the_policy_says_so(project, grade):
    got = grade(project(weakened=Severity.ERROR), {**BROKEN, **WEAK})
    assert got.outcome is Outcome.FAILED
    assert TEST in got.reason


def test_a_test_that_is_gone_is_found_as_well(project, grade):
    more = {"tests/test_more.py": "def test_more():\n    pass\n"}
    got = grade(project(more), {**BROKEN, "tests/test_lib.py": None})
    assert got.detail["weakened"] == got.detail["removed"] == [TEST]
    assert "does not run here" in got.findings[0].message


def test_a_test_that_still_passes_as_on_the_base_is_none(project, grade):
    base = project()
    got = grade(base, {**WEAK, "README": "why"})
    assert (got.outcome, got.findings, got.detail["weakened"]) == (Outcome.PASSED, (), [])
    assert got.detail["changed_tests"] == [TEST]


def test_a_conftest_that_hides_failures_is_seen_through(project, grade):
    conftest = "import lib\n\nlib.double = lambda x: 2 * x\n"
    got = grade(project(), {**BROKEN, "tests/conftest.py": conftest})
    assert got.detail["weakened"] == [TEST]


def test_where_only_tests_change_nothing_more_is_run(project, grade):
    base = project()
    assert grade(base, WEAK).outcome is Outcome.PASSED
    assert LABEL not in labels(base)


def test_a_user_s_word_ends_the_matter_and_is_shown(project, grade):
    base = project(from_base=True, trust=True)
    got = grade(base, {**BROKEN, **WEAK})
    assert got.outcome is Outcome.PASSED
    (finding,) = got.findings
    assert (finding.rule, finding.path) == ("tests/trusted", "tests/test_lib.py")
    assert "test_double" in finding.message
    assert labels(base) == ["tests on the base", "tests of c"]


def test_versions_of_the_base_that_come_to_no_end_are_a_finding(project, grade):
    leaves = {
        "tests/test_end.py": "import os, lib\n\n\ndef test_end():\n    lib.double(2) == 4 or os._exit(3)\n"
    }
    changed = {"tests/test_end.py": "def test_end():\n    pass\n", **WEAK, **BROKEN}
    got = grade(project(leaves), changed)
    assert got.outcome is Outcome.PASSED
    assert "do not run to their end" in got.findings[0].message
    assert got.detail["weakened"] == []


@pytest.mark.parametrize(
    ("severity", "outcome"), [(Severity.WARNING, Outcome.PASSED), (Severity.ERROR, Outcome.INFRA)]
)
def test_invariant_6_trouble_of_the_machine_weighs_only_where_it_could_reject(
    project, grade, severity, outcome
):
    lost = ToolCall(
        label="t", argv=(), environment_digest="", ending=Ending.INFRA, exit_code=None, reason="no space"
    )
    base = project(weakened=severity)
    real = base.toolbox.sandbox.run

    async def run(command):
        return lost if command.label == LABEL else await real(command)

    base.toolbox.sandbox.run = run
    got = grade(base, {**BROKEN, **WEAK})
    assert (got.outcome, got.findings) == (outcome, ())


def suite(**results):
    cases = (
        Case(id=f"{path}::{name}", result=Result(result), file=path)
        for path, tests in results.items()
        for name, result in tests.items()
    )
    return Suite(cases=tuple(cases))


SUITE = suite(
    **{
        "tests/a.py": {"x": "passed", "y": "failed"},
        "tests/unit/b.py": {"x": "passed"},
        "docs/c.py": {"x": "passed"},
    }
)


@pytest.mark.parametrize(
    ("restored", "absent", "files"),
    [
        (("tests/a.py",), (), {"tests/a.py"}),
        (("tests/conftest.py",), (), {"tests/a.py", "tests/unit/b.py"}),
        (("tests/unit/data/x.json",), (), {"tests/unit/b.py"}),
        (("pyproject.toml",), (), {"tests/a.py", "tests/unit/b.py", "docs/c.py"}),
        ((), ("tests/unit/conftest.py",), {"tests/unit/b.py"}),
        ((), ("tests/test_new.py", "tests/data.json"), set()),
    ],
)
def test_what_a_changed_file_has_a_say_in(restored, absent, files):
    assert set(affected(SUITE, restored, absent)) == {f"{file}::x" for file in files}


def test_a_test_counts_if_it_passes_or_is_gone_here_and_not_as_on_the_base():
    found = suite(t={"kept": "passed", "bad": "failed", "skip": "skipped"})
    again = suite(t={"kept": "failed", "bad": "failed", "skip": "error", "fine": "passed"})
    select = ("t::kept", "t::bad", "t::skip", "t::gone", "t::fine")
    assert failing_as_on_base(found, again, select) == ("t::kept", "t::skip", "t::gone")
