"""A pass that changes with hash seed or order is none, unless the base's changes with them too."""

import pytest

from assay.gates.testing.conditions import others
from assay.model.outcome import Outcome, Resource, Severity
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import FlakyRule

HARMLESS = {"README": "hello\n"}
BY_SEED = {
    "lib.py": "import os\n\n\n"
    "def double(x):\n    return (2 if os.environ['PYTHONHASHSEED'] == '0' else 3) * x\n"
}
BY_ORDER = {
    "lib.py": "SEEN = []\n\n\n"
    "def double(x):\n    SEEN.append(x)\n    return 2 * x if SEEN == sorted(SEEN) else 0\n"
}
SIX = "from lib import double\n\n\n" + "\n\n".join(
    f"def test_{n}():\n    assert double({n}) == {2 * n}\n" for n in range(6)
)
TESTS = {"tests/test_lib.py": SIX}


def test_a_pass_by_hash_seed_is_none(project, grade):
    base = project(perturb=True)
    got = grade(base, BY_SEED)
    seed = others(str(base.tree)).hash_seed
    assert got.outcome is Outcome.FAILED
    assert got.reason == (
        "tests/test_lib.py::test_double passes with hash seed 0 "
        f"and fails with hash seed {seed}, where it passes on the base"
    )
    assert [finding.rule for finding in got.findings] == ["tests/unsteady"]
    assert got.detail["perturbed"]["failing"] == ["tests/test_lib.py::test_double"]


def test_a_pass_by_order_is_none(project, grade):
    got = grade(project(TESTS, perturb=True), BY_ORDER)
    assert got.outcome is Outcome.FAILED
    assert "passes in file order and fails with hash seed" in got.reason


@pytest.mark.parametrize("files", [BY_SEED, TESTS | BY_ORDER], ids=["seed", "order"])
def test_invariant_6_a_project_that_depends_on_them_is_blamed_for_nothing(project, grade, files):
    got = grade(project(files, perturb=True), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert got.detail["perturbed"]["pre_existing"]
    assert got.detail["perturbed"]["failing"] == []


def test_a_steady_pass_counts_what_passed_again_and_runs_the_base_once(project, grade):
    base = project(perturb=True)
    got = grade(base, HARMLESS)
    assert got.evidence == {"tests": 1, "tests_otherwise": 1}
    base.toolbox.forget()
    grade(base, {"README": "later"})
    labels = [call.label for call in base.calls]
    assert labels.count("tests on the base in another order") == 1


def test_for_several_candidates_the_base_is_run_otherwise_before_anybody_passes(project, grade):
    base = project(perturb=True)
    base.toolbox.candidates = 2
    got = grade(base, BY_SEED)
    assert got.detail["perturbed"]["failing"] == ["tests/test_lib.py::test_double"]
    labels = [call.label for call in base.calls]
    assert sorted(labels[:2]) == ["tests on the base", "tests on the base in another order"]
    assert labels.count("tests on the base in another order") == 1


def test_without_the_rule_nothing_more_is_run(project, grade):
    base = project()
    assert "perturbed" not in grade(base, BY_SEED).detail
    assert len(base.calls) == 2


LUCKY = "from pathlib import Path\n\n\ndef test_lucky():\n    {body}\n"


def lucky(tmp_path, number):
    """A test that fails in the run of this number, and no other."""
    runs = tmp_path / "counted"
    runs.write_text("")
    body = f"runs = Path({str(runs)!r}); runs.write_text(runs.read_text() + 'x')"
    return {"tests/test_lucky.py": LUCKY.format(body=f"{body}; assert len(runs.read_text()) != {number}")}


@pytest.mark.parametrize(
    ("rule", "outcome"), [(FlakyRule.TOLERATE, Outcome.PASSED), (FlakyRule.INCONCLUSIVE, Outcome.INFRA)]
)
def test_invariant_6_chance_under_other_conditions_is_chance(project, grade, tmp_path, rule, outcome):
    base = project(lucky(tmp_path, 4), perturb=True, flaky=rule)
    got = grade(base, HARMLESS)  # runs: base, candidate, base otherwise, candidate otherwise, re-runs
    assert got.outcome is outcome
    assert got.detail["flaky"] == ["tests/test_lucky.py::test_lucky"]
    assert got.detail["flaky_rates"] == {"tests/test_lucky.py::test_lucky": [1, 3]}


def test_invariant_6_the_machine_s_trouble_meanwhile_is_infra(project, grade):
    base = project(perturb=True)
    lost = ToolCall(
        label="t", argv=(), environment_digest="", ending=Ending.INFRA, exit_code=None, reason="no space"
    )
    run = base.toolbox.sandbox.run

    async def failing(command):
        return lost if "PYTHONHASHSEED" in command.variables else await run(command)

    base.toolbox.sandbox.run = failing
    assert grade(base, HARMLESS).outcome is Outcome.INFRA


def test_a_candidate_that_ends_only_under_the_usual_conditions(project, grade):
    body = "os.environ['PYTHONHASHSEED'] == '0' or os._exit(3)"
    leave = {"lib.py": f"import os\n\n\ndef double(x):\n    {body}\n    return 2 * x\n"}
    got = grade(project(perturb=True), leave)
    assert got.outcome is Outcome.FAILED
    assert "twice; on the base it runs to its end" in got.reason


def test_invariant_6_a_base_that_does_not_end_under_them_excuses(project, grade):
    leave = {"conftest.py": "import os\nos.environ['PYTHONHASHSEED'] == '0' or os._exit(3)\n"}
    got = grade(project(leave, perturb=True), HARMLESS)
    assert got.outcome is Outcome.PASSED
    assert "the base's own pytest exited with 3" in got.detail["perturbed"]["note"]


def killed_under_them(base, label, times):
    """The next runs of this label under other conditions are killed, as somebody outside would do it."""
    run, left = base.toolbox.sandbox.run, [True] * times
    struck = ToolCall(
        label="t", argv=(), environment_digest="", ending=Ending.SIGNALLED, exit_code=None, signal=9
    )

    async def striking(command):
        if command.label == label and "PYTHONHASHSEED" in command.variables and left:
            return left.pop() and struck
        return await run(command)

    base.toolbox.sandbox.run = striking


def test_invariant_6_two_kills_from_outside_under_them_are_no_proof(project, grade):
    base = project(perturb=True)
    killed_under_them(base, "tests of c", 2)
    assert grade(base, HARMLESS).outcome is Outcome.PASSED


def test_invariant_6_a_machine_too_slow_for_the_base_by_now_is_to_blame(project, grade):
    base = project(perturb=True)
    late = ToolCall(
        label="t",
        argv=(),
        environment_digest="",
        ending=Ending.EXHAUSTED,
        resource=Resource.TIME,
        exit_code=None,
    )
    run = base.toolbox.sandbox.run

    async def slow(command):
        there = command.label in ("tests of c", "tests on the base again")
        return late if there and "PYTHONHASHSEED" in command.variables else await run(command)

    base.toolbox.sandbox.run = slow
    got = grade(base, HARMLESS)
    assert got.outcome is Outcome.INFRA
    assert "on the base, run again at the same time, it ran out of time" in got.reason


def test_chance_that_the_base_was_not_seen_to_have_is_shown(project, grade, tmp_path):
    # Runs: the base, the candidate, the base under other conditions, the candidate under them.
    files = {**lucky(tmp_path, 4)}
    base = project(files, perturb=True, from_base=True)
    got = grade(base, HARMLESS)
    assert got.outcome is Outcome.PASSED
    (found,) = got.findings
    assert (found.rule, found.severity) == ("tests/wavers", Severity.REVIEW)
    assert "failed in 1 of 3 runs of the candidate" in found.message
