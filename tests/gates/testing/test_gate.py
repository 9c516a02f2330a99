"""The gate over real pytest runs: what it blames candidates for, and what not."""

import venv

import anyio
import pytest
from msgspec import structs
from tests.gates.testing.fake import Project

from assay.gates.testing.base import ATTEMPTS
from assay.gates.testing.health import TIMES
from assay.gates.tests import TestsGate
from assay.model.outcome import Outcome, Resource, Skip
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import FlakyRule, NoTests

BROKEN = {"lib.py": "def double(x):\n    return 3 * x\n"}
HARMLESS = {"README": "hello\n"}
OLD_FAILURE = {"tests/test_old.py": "def test_old():\n    assert 0\n"}


def test_passes_with_evidence(project, grade):
    got = grade(project(), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.evidence == {"tests": 1}


def test_a_broken_test_rejects_and_names_test_place_and_message(project, grade):
    got = grade(project(), BROKEN)
    assert got.outcome is Outcome.FAILED
    assert got.reason.startswith("tests/test_lib.py::test_double fails: ")
    assert "6 == 4" in got.reason
    (finding,) = got.findings
    assert (finding.rule, finding.path, finding.line) == ("tests/newly-failing", "tests/test_lib.py", 5)
    assert got.detail["newly_failing"] == ["tests/test_lib.py::test_double"]
    assert got.detail["confirmed"] == 1


def test_invariant_6_failures_of_the_base_blame_nobody(project, grade):
    got = grade(project(OLD_FAILURE), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["pre_existing"] == ["tests/test_old.py::test_old"]


def test_invariant_6_a_file_that_the_base_cannot_collect_blames_nobody(project, grade):
    got = grade(project({"tests/test_old.py": "import no_such_module\n"}), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["pre_existing"] == ["tests/test_old.py::<collection>"]


def test_fixing_an_old_failure_is_listed(project, grade):
    got = grade(project(OLD_FAILURE), {"tests/test_old.py": "def test_old():\n    assert 1\n"})
    assert got.outcome is Outcome.PASSED
    assert got.detail["newly_passing"] == ["tests/test_old.py::test_old"]


def test_a_file_that_cannot_be_collected_any_more(project, grade):
    got = grade(project(), {"lib.py": "x = 1\n"})
    assert got.reason.startswith("tests/test_lib.py cannot be collected: ImportError")
    assert got.detail["lost"] == ["tests/test_lib.py::test_double"]


def test_a_new_test_that_fails_rejects(project, grade):
    got = grade(project(), OLD_FAILURE)
    assert got.outcome is Outcome.FAILED
    assert got.detail["new_tests"] == ["tests/test_old.py::test_old"]


def test_a_test_deleted_by_a_person_is_removed_and_by_a_model_comes_back(project, grade, tmp_path):
    more = {"tests/test_more.py": "def test_more():\n    pass\n"}
    changes = {"tests/test_lib.py": None, **BROKEN}
    got = grade(project(more), changes)
    assert got.outcome is Outcome.PASSED
    assert got.detail["removed"] == ["tests/test_lib.py::test_double"]


def test_invariant_3_a_weakened_test_comes_from_the_base(project, grade):
    weak = {"tests/test_lib.py": "def test_double():\n    pass\n", **BROKEN}
    got = grade(project(from_base=True), weak)
    assert got.outcome is Outcome.FAILED
    assert got.detail["restored"] == ["tests/test_lib.py"]


def test_a_module_that_hides_one_of_the_library_rejects_unrun(project, grade):
    base = project(from_base=True)
    got = grade(base, {"random.py": "x = 1\n"})
    assert got.outcome is Outcome.FAILED
    assert got.reason.startswith("random.py would be imported in place of")
    assert (got.findings[0].rule, got.detail["shadows"]) == ("tests/shadows", ["random.py"])
    assert "tests of c" not in [call.label for call in base.calls]


def test_with_tests_of_the_base_none_of_them_may_go(project, grade):
    data = "import pytest\nfrom lib import CASES\n\n\n@pytest.mark.parametrize('x', CASES)\n"
    files = {"lib.py": "CASES = [1, 2]\n", "tests/test_lib.py": data + "def test_case(x):\n    assert x\n"}
    got = grade(project(files, from_base=True), {"lib.py": "CASES = [1]\n"})
    assert got.outcome is Outcome.FAILED
    assert got.detail["lost"] == ["tests/test_lib.py::test_case[2]"]


def test_product_code_that_skips_tests_loses_them(project, grade):
    skips = {"lib.py": "import unittest\n\n\ndef double(x):\n    raise unittest.SkipTest('later')\n"}
    got = grade(project(), skips)
    assert got.outcome is Outcome.FAILED
    assert got.reason.endswith("passes on the base and is skipped now")


LUCKY = """
from pathlib import Path

def test_lucky():
    runs = Path({runs!r})
    runs.write_text(runs.read_text() + "x")
    assert len(runs.read_text()) not in {bad}
"""


def flaky(tmp_path, bad):
    """A test that fails in the runs of these numbers, all runs of base and candidate counted."""
    runs = tmp_path / "runs.txt"
    runs.write_text("")
    return {"tests/test_lucky.py": LUCKY.format(runs=str(runs), bad=bad)}


def test_a_flaky_test_is_tolerated_and_listed(project, grade, tmp_path):
    got = grade(project(flaky(tmp_path, (2,))), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["flaky"] == ["tests/test_lucky.py::test_lucky"]
    assert got.detail["flaky_rates"] == {"tests/test_lucky.py::test_lucky": [1, 3]}
    assert got.detail["newly_failing"] == []


def test_a_flaky_test_is_inconclusive_where_the_policy_says_so(project, grade, tmp_path):
    got = grade(project(flaky(tmp_path, (2,)), flaky=FlakyRule.INCONCLUSIVE), HARMLESS)
    assert got.outcome is Outcome.INFRA
    assert "failed in 1 of 3 runs" in got.reason


def test_invariant_6_the_base_has_to_pass_in_company_as_often_as_the_candidate_fails(
    project, grade, tmp_path
):
    """Base, candidate, alone; then in company, in turn: one lucky run of the base would have convicted."""
    base = project(flaky(tmp_path, (2, 4, 6, 7)), confirm=2, base_runs=1)
    got = grade(base, HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["flaky_rates"] == {"tests/test_lucky.py::test_lucky": [3, 4]}
    assert [call.label for call in base.calls].count("tests on the base again") == 2


def test_broken_isolation_between_tests_rejects(project, grade):
    state = {
        "state.py": "VALUE = []\n",
        "tests/test_a.py": "import lib\n\n\ndef test_first():\n    lib.double(1)\n",
        "tests/test_b.py": "import state\n\n\ndef test_second():\n    assert state.VALUE == []\n",
    }
    leaky = {"lib.py": "import state\n\n\ndef double(x):\n    state.VALUE.append(x)\n    return 2 * x\n"}
    got = grade(project(state), leaky)
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_b.py::test_second"]


def test_a_hanging_candidate_is_exhausted_and_the_test_named(project, grade):
    hang = {"lib.py": "import time\n\n\ndef double(x):\n    time.sleep(600)\n"}
    got = grade(project(grace=4.0, slowdown=0.0), hang)
    assert (got.outcome, got.resource) == (Outcome.EXHAUSTED, Resource.TIME)
    assert "tests/test_lib.py::test_double was running" in got.reason


def test_a_crash_is_the_candidate_s_failure_and_the_test_named(project, grade):
    crash = {"lib.py": "import os\n\n\ndef double(x):\n    os.kill(os.getpid(), 11)\n"}
    base = project()
    got = grade(base, crash)
    assert got.outcome is Outcome.FAILED
    assert "signal 11 while tests/test_lib.py::test_double was running" in got.reason
    labels = [call.label for call in base.calls[1:]]
    assert labels == ["tests of c", "tests of c", "tests on the base again"], "believed when it happens twice"


def struck(base, label, times):
    """The next runs of this label end as if somebody outside had killed them."""
    run, left = base.toolbox.sandbox.run, [True] * times
    call = ToolCall(
        label="t", argv=(), environment_digest="", ending=Ending.SIGNALLED, exit_code=None, signal=9
    )

    async def striking(command):
        return call if command.label == label and left and left.pop() else await run(command)

    base.toolbox.sandbox.run = striking


def test_invariant_6_kills_that_stop_are_somebody_else_s(project, grade):
    base = project()
    struck(base, "tests of c", 4)
    got = grade(base, HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["flaky"], "a pass that chance had a hand in is not kept"


def test_a_base_that_was_killed_once_is_run_again(project, grade):
    base = project()
    struck(base, "tests on the base", 1)
    assert grade(base, HARMLESS).outcome is Outcome.PASSED


def test_invariant_6_kills_that_meet_the_base_too_are_somebody_else_s(project, grade):
    base = project()
    struck(base, "tests of c", 9)
    run, seen = base.toolbox.sandbox.run, []

    async def later(command):
        if command.label == "tests on the base again":
            seen.append(command)
            if len(seen) == 3:
                return ToolCall(
                    label="t",
                    argv=(),
                    environment_digest="",
                    ending=Ending.SIGNALLED,
                    exit_code=None,
                    signal=9,
                )
        return await run(command)

    base.toolbox.sandbox.run = later
    assert grade(base, HARMLESS).outcome is Outcome.INFRA


def test_a_candidate_that_kills_itself_is_to_blame_for_it(project, grade):
    base = project()
    kill = {"lib.py": "import os\n\n\ndef double(x):\n    os.kill(os.getpid(), 9)\n"}
    got = grade(base, kill)
    assert got.outcome is Outcome.FAILED
    assert "was killed by signal 9" in got.reason
    assert [call.label for call in base.calls].count("tests of c") == 5


def world(tmp_path, body):
    """A test of what the machine does, and the file that says how the machine is."""
    state = tmp_path / "world"
    state.write_text("")
    head = "import os, time\nfrom pathlib import Path\n\nfrom lib import double\n\n\ndef test_world():\n"
    text = f"{head}    state = Path({str(state)!r}).read_text()\n    {body}\n    assert double(2) == 4\n"
    return state, {"tests/test_world.py": text}


def test_invariant_6_a_crash_that_the_base_shares_by_now_is_the_machine_s(project, grade, tmp_path):
    state, files = world(tmp_path, "state and os._exit(9)")
    base = project(files)
    assert grade(base, HARMLESS).outcome is Outcome.PASSED
    base.toolbox.forget()
    state.write_text("no space left")
    got = grade(base, {"README": "later"})
    assert got.outcome is Outcome.INFRA
    assert "on the base, run again at the same time, it exited with 9" in got.reason


def test_invariant_6_a_machine_that_became_slow_gives_more_time(project, grade, tmp_path):
    state, files = world(tmp_path, "time.sleep(float(state or 0))")
    base = project(files, grace=0.0, slowdown=9.0)
    grade(base, HARMLESS)
    base.toolbox.forget()
    state.write_text("2")
    base.toolbox.sandbox.endings = [late(Resource.TIME)]
    assert grade(base, {"README": "later"}).outcome is Outcome.PASSED
    assert [call.label for call in base.calls][-3:] == ["tests of c", "tests on the base again", "tests of c"]


def test_invariant_5_a_test_that_base_and_candidate_fail_by_now_is_no_evidence(project, grade, tmp_path):
    state, files = world(tmp_path, "assert not state")
    base = project(files)
    grade(base, HARMLESS)
    base.toolbox.forget()
    state.write_text("no space left")
    got = grade(base, {"README": "later"})
    assert got.outcome is Outcome.INFRA
    assert "tests/test_world.py::test_world passed on the base" in got.reason
    base.toolbox.forget()
    again = grade(base, {"README": "later"})
    assert again.outcome is Outcome.PASSED, "and not for ever: what the base fails is told anew"
    assert again.detail["pre_existing"] == ["tests/test_world.py::test_world"]


def test_a_failure_of_chance_on_the_base_excuses_nobody(project, grade, tmp_path):
    base = project(flaky(tmp_path, (1,)))
    got = grade(base, {"tests/test_lucky.py": "def test_lucky():\n    assert 0\n"})
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_lucky.py::test_lucky"]
    base.toolbox.forget()
    grade(base, HARMLESS)
    labels = [call.label for call in base.calls]
    assert labels.count("tests on the base") == 1, "what was settled is remembered"


@pytest.mark.parametrize(
    "forgery",
    [
        {"lib.py": "import os\nos._exit(0)\n"},
        {"lib.py": "import os\n\n\ndef double(x):\n    os._exit(0)\n"},
        {"conftest.py": "import os\n\n\ndef pytest_collection_finish(session):\n    os._exit(0)\n"},
    ],
)
def test_invariant_5_leaving_with_0_before_the_end_is_tampering(project, grade, forgery):
    assert grade(project(), forgery).outcome is Outcome.TAMPERED


def test_hiding_failures_from_the_exit_status_does_not_help(project, grade):
    hide = {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n", **BROKEN}
    assert grade(project(), hide).outcome is Outcome.FAILED


def test_a_bad_exit_status_that_no_test_explains_rejects(project, grade):
    threshold = {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n"}
    got = grade(project(), threshold)
    assert got.outcome is Outcome.FAILED
    assert "exited with 1 though no test fails" in got.reason


def test_invariant_6_unless_the_base_has_it_too(project, grade):
    threshold = {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n"}
    assert grade(project(threshold), HARMLESS).outcome is Outcome.PASSED


def test_a_broken_conftest_says_why(project, grade):
    got = grade(project(), {"conftest.py": "import no_such_module\n"})
    assert got.outcome is Outcome.FAILED
    assert "no_such_module" in got.reason


def test_the_project_s_own_exitfirst_does_not_hide_tests(project, grade):
    first = {"tests/test_a.py": "def test_a():\n    assert 0\n", "pytest.ini": "[pytest]\naddopts = -x\n"}
    got = grade(project(first), BROKEN)
    assert got.detail["newly_failing"] == ["tests/test_lib.py::test_double"]


def test_odd_parameter_ids_are_confirmed_too(project, grade):
    odd = (
        "import pytest\nfrom lib import double\n\n\n"
        "@pytest.mark.parametrize('x', ['', 'a b', '::', '[x]', 'ü', chr(10), '%', 'a/b.py::c'])\n"
        "def test_odd(x):\n    assert double(2) == 4\n"
    )
    got = grade(project({"tests/test_odd.py": odd}), BROKEN)
    assert len(got.detail["newly_failing"]) == 9
    assert got.detail["confirmed"] == 9


def test_no_tests_at_all(tmp_path, grade):
    got = grade(Project(tmp_path / "a", {"lib.py": "x = 1\n"}), HARMLESS)
    assert (got.outcome, got.skip) == (Outcome.SKIPPED, Skip.NOT_APPLICABLE)
    unfound = {"lib.py": "x = 1\n", "check.py": "def test_x():\n    assert True\n"}
    got = grade(Project(tmp_path / "c", unfound), HARMLESS)
    assert got.reason == "pytest finds no tests, neither on the base nor with the candidate"
    got = grade(Project(tmp_path / "b", {"lib.py": "x = 1\n"}, none=NoTests.INCONCLUSIVE), HARMLESS)
    assert got.outcome is Outcome.INFRA


def test_removing_every_test_is_no_pass(project, grade):
    got = grade(project(), {"tests/test_lib.py": None})
    assert got.outcome is Outcome.FAILED
    assert "no test that passes" in got.reason


def test_a_base_without_a_passing_test_says_nothing(project, grade):
    got = grade(project({"tests/test_lib.py": "def test_double():\n    assert 0\n"}), HARMLESS)
    assert got.outcome is Outcome.INFRA


def test_invariant_6_a_base_that_cannot_run_is_infra_with_a_remedy(project, grade):
    base = project(args=("--no-such-option",))
    got = grade(base, HARMLESS)
    assert got.outcome is Outcome.INFRA
    assert "unrecognized arguments: --no-such-option" in got.reason
    assert base.toolbox.memory == {}


def test_no_pytest_names_the_interpreter(project, grade, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / "bin" / "python")
    got = grade(project(python=python), HARMLESS)
    assert got.outcome is Outcome.INFRA
    assert got.reason == (
        f"pytest is not installed in {python}: install it there or set environment.python in assay.toml"
    )


def test_the_base_runs_once_and_is_remembered(project, grade):
    base = project()
    for number in range(2):
        grade(base, {"README": str(number)})
    labels = [call.label for call in base.calls]
    assert labels.count("tests on the base") == 1
    base.toolbox.forget()
    grade(base, {"README": "later"})
    assert [call.label for call in base.calls].count("tests on the base") == 1


def landed(directory, before, changes, **rules):
    """A later transaction, in which `changes` have landed."""
    after = Project(directory, before.files | changes, **rules)
    after.toolbox.memory = before.toolbox.memory
    return after


def test_what_landed_is_a_base_whose_run_is_known(tmp_path, project, grade):
    before = project()
    grade(before, HARMLESS)
    after = landed(tmp_path / "after", before, HARMLESS)
    got = grade(after, BROKEN)
    assert got.detail["newly_failing"] == ["tests/test_lib.py::test_double"]
    assert "tests on the base" not in [call.label for call in after.calls]


def test_what_did_not_run_as_it_would_land_is_no_base(tmp_path, project, grade):
    before = project(from_base=True)
    added = {"tests/test_new.py": "def test_new():\n    pass\n", **HARMLESS}
    assert grade(before, added).outcome is Outcome.PASSED
    after = landed(tmp_path / "after", before, added, from_base=True)
    grade(after, BROKEN)
    assert [call.label for call in after.calls].count("tests on the base") == 1


def test_invariant_6_a_doubtful_run_is_never_remembered_as_a_bases(tmp_path, project, grade):
    before = project()
    grade(before, BROKEN)
    after = landed(tmp_path / "after", before, BROKEN)
    grade(after, HARMLESS)
    assert [call.label for call in after.calls].count("tests on the base") == 1


def test_a_damaged_memory_is_a_miss(project, grade):
    base = project()
    grade(base, HARMLESS)
    base.toolbox.memory = dict.fromkeys(base.toolbox.memory, b"{}")
    base.toolbox.forget()
    assert grade(base, HARMLESS).outcome is Outcome.PASSED
    assert [call.label for call in base.calls].count("tests on the base") == 2


def test_invariant_8_the_version_follows_rules_and_nothing_else(project):
    base = project()
    version = anyio.run(TestsGate().version, base.toolbox)
    assert version == anyio.run(TestsGate().version, base.toolbox)
    rules = structs.replace(base.toolbox.policy.tests, args=("-k", "x"))
    base.toolbox.policy = structs.replace(base.toolbox.policy, tests=rules)
    assert version != anyio.run(TestsGate().version, base.toolbox)


@pytest.mark.parametrize(
    ("ending", "outcome"), [(Ending.INFRA, Outcome.INFRA), (Ending.CANCELLED, Outcome.SKIPPED)]
)
def test_invariant_6_the_machine_s_trouble_is_not_the_candidate_s(project, grade, ending, outcome):
    base = project()
    grade(base, HARMLESS)
    lost = ToolCall(
        label="t", argv=(), environment_digest="", ending=ending, exit_code=None, reason="no space"
    )
    base.toolbox.sandbox.endings = [lost]
    assert grade(base, BROKEN).outcome is outcome
    base.toolbox.forget()
    base.toolbox.memory.clear()
    base.toolbox.sandbox.endings = [lost] * ATTEMPTS
    assert grade(base, BROKEN).outcome is outcome
    assert base.toolbox.memory == {}


def test_invariant_6_the_machine_s_trouble_on_the_base_is_waited_out_a_bounded_number_of_times(
    project, grade
):
    base = project()
    lost = ToolCall(label="t", argv=(), environment_digest="", ending=Ending.INFRA, exit_code=None)
    base.toolbox.sandbox.endings = [lost] * (ATTEMPTS - 1)
    assert grade(base, HARMLESS).outcome is Outcome.PASSED
    base.toolbox.forget()
    base.toolbox.memory.clear()
    before = len(base.calls)
    base.toolbox.sandbox.endings = [lost] * (ATTEMPTS + 2)
    for number in range(3):
        assert grade(base, {"README": str(number)}).outcome is Outcome.INFRA
    assert len(base.calls) - before == ATTEMPTS, "all candidates together have so many"


def late(resource):
    """A run that was out of something."""
    return ToolCall(
        label="t",
        argv=(),
        environment_digest="",
        ending=Ending.EXHAUSTED,
        exit_code=None,
        resource=resource,
    )


@pytest.mark.parametrize("resource", [Resource.TIME, Resource.MEMORY])
def test_invariant_6_running_out_of_something_is_believed_when_it_happens_twice(project, grade, resource):
    base = project()
    grade(base, HARMLESS)
    base.toolbox.sandbox.endings = [late(resource)]
    got = grade(base, {"README": "later"})
    assert got.outcome is Outcome.PASSED
    assert got.detail["flaky"] == ["<session>"], "and it is no result to keep"
    hang = {"lib.py": "import time\n\n\ndef double(x):\n    time.sleep(600)\n"}
    base.toolbox.policy = structs.replace(
        base.toolbox.policy, tests=structs.replace(base.toolbox.policy.tests, time_limit=4.0)
    )
    base.toolbox.sandbox.endings = []
    assert grade(base, hang).outcome is Outcome.EXHAUSTED
    labels = [call.label for call in base.calls]
    assert labels[-3:] == ["tests of c", "tests on the base again", "tests of c"]


def test_what_a_remembered_base_failed_has_to_fail_today(project, grade, tmp_path):
    state, files = world(tmp_path, "assert not state")
    base = project(files)
    state.write_text("no network that day")
    got = grade(base, HARMLESS)
    assert got.detail["pre_existing"] == ["tests/test_world.py::test_world"]
    base.toolbox.forget()
    assert grade(base, {"README": "b"}).detail["pre_existing"], "it fails still"
    assert [call.label for call in base.calls].count("tests on the base") == 1
    base.toolbox.forget()
    state.write_text("")
    got = grade(base, {"tests/test_world.py": "def test_world():\n    assert 0\n"})
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_world.py::test_world"]


def test_what_fails_in_company_only_is_not_asked_every_day(project, grade):
    state = {
        "tests/test_a.py": "import lib\n\n\ndef test_first():\n    lib.SEEN = 1\n",
        "tests/test_b.py": "import lib\n\n\ndef test_second():\n    assert not hasattr(lib, 'SEEN')\n",
    }
    base = project(state)
    got = grade(base, HARMLESS)
    assert got.detail["pre_existing"] == ["tests/test_b.py::test_second"]
    base.toolbox.forget()
    before = len(base.calls)
    assert grade(base, {"README": "b"}).outcome is Outcome.PASSED
    assert [call.label for call in base.calls[before:]] == ["tests of c"]


def test_a_known_flaky_test_needs_more_proof_and_is_blamed_with_it(project, grade, tmp_path):
    base = project(flaky(tmp_path, (2,)))
    grade(base, HARMLESS)
    breaking = {"tests/test_lucky.py": "def test_lucky():\n    assert 0\n"}
    got = grade(base, breaking)
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_lucky.py::test_lucky"]
    again = [call.label for call in base.calls][-2 * TIMES :]
    assert again == ["tests of c", "suspect tests on the base"] * TIMES


def test_the_health_of_the_base_is_told(project, grade, tmp_path):
    base = project(flaky(tmp_path, (1,)))
    health = grade(base, BROKEN).detail["base_health"]
    assert health["runs"] == 2
    assert health["flaky"] == {"tests/test_lucky.py::test_lucky": [1, 3]}


def test_the_base_runs_as_often_as_the_policy_says(project, grade):
    assert grade(project(base_runs=1), BROKEN).detail["base_health"]["runs"] == 1


def test_lists_are_bounded(project, grade):
    many = "import pytest\nfrom lib import double\n\n\n@pytest.mark.parametrize('x', range(230))\n"
    got = grade(
        project({"tests/test_many.py": many + "def test_many(x):\n    assert double(2) == 4\n"}), BROKEN
    )
    assert len(got.detail["newly_failing"]) == len(got.findings) == 200
    assert got.detail["cut"] == {"newly_failing": 231}
    assert "(and 230 more)" in got.reason
