"""The acceptance gate over plain processes: what passes, what is blamed, and what is not."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from msgspec import structs
from tests.gates.testing import fake
from tests.gates.testing.fake import Project

from assay.gates.acceptance import AcceptanceGate
from assay.gates.protocol import Particular
from assay.gates.testing.package import Laid, Package
from assay.gates.testing.required import Required
from assay.model.outcome import PRIVATE, Outcome, Resource
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import Acceptance
from assay.repo.veil import Veil

BROKEN = "def add(a, b):\n    return a - b\n\n\ndef zero():\n    return 0\n"
FIXED = BROKEN.replace("a - b", "a + b")
WRONG = BROKEN.replace("a - b", "a * b")
OWN = "from calc import zero\n\n\ndef test_zero():\n    assert zero() == 0\n"
HIDDEN = (
    "from calc import add, zero\n\n\ndef test_add():\n    assert add(2, 3) == 5\n\n\n"
    "def test_zero():\n    assert zero() == 0\n"
)
NAME = "tests/test_hidden.py"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Makes projects whose `add` is broken, with a sandbox that checks out what is kept in memory, too."""
    repos = {}

    def check_out(git, tree, root: Path):
        root.mkdir(parents=True)
        repo = repos[git.path]
        for entry in repo.files(tree):
            path = root / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(repo.blob(entry.blob))

    def make(files=None, **rules):
        directory = tmp_path / f"project{len(repos)}"
        directory.mkdir()
        made = Project(directory, {"calc.py": BROKEN, "tests/test_calc.py": OWN} | (files or {}), **rules)
        repos[made.git.path] = made.toolbox.repo
        return made

    monkeypatch.setattr(fake, "_check_out", check_out)

    return make


def package(files=None, required=None, run=(NAME,), instance=""):
    laid = {NAME: HIDDEN} if files is None else files
    return Package(
        instance=instance,
        source="hidden",
        files=tuple(
            Laid(path=path, mode=0o100644, content=None if text is None else text.encode())
            for path, text in laid.items()
        ),
        required=required or Required(),
        run=run,
    )


def examine(project, changes, *packages, instance=""):
    candidate = structs.replace(project.candidate(changes), instance=instance)
    gate = AcceptanceGate(packages or (package(),))
    return anyio.run(gate.run, project.toolbox, candidate)


def ran(project):
    """The test files that each run was narrowed to."""
    return [[word for word in call.argv if word.startswith("tests/")] for call in project.calls]


def test_the_right_change_passes_and_the_base_says_what_it_mended(project):
    result = examine(project(), {"calc.py": FIXED})
    assert (result.gate, result.outcome, result.evidence) == ("acceptance", Outcome.PASSED, {"tests": 2})
    assert result.detail["fail_to_pass"] == {"passed": [f"{NAME}::test_add"], "failed": []}
    assert result.detail["pass_to_pass"] == {"passed": [f"{NAME}::test_zero"], "failed": []}


def test_the_wrong_change_is_rejected_by_the_test_it_fails(project):
    made = project()
    result = examine(made, {"calc.py": WRONG})
    assert result.outcome is Outcome.FAILED
    assert f"{NAME}::test_add fails: assert 6 == 5" in result.reason
    (finding,) = result.findings
    assert (finding.rule, finding.path, finding.line) == ("acceptance/fail-to-pass", NAME, 5)
    assert result.detail["counts"]["fail_to_pass"] == {"passed": 0, "failed": 1}
    # Only the hidden file is run, alone again before it is believed, and never from the database.
    assert {tuple(names) for names in ran(made)} == {(NAME,)}
    assert Veil(made.toolbox.repo).veiled
    assert not any(oid in made.git.odb for oid in made.toolbox.repo.veiled)


def test_what_the_base_passes_and_the_candidate_breaks_is_confirmed_on_the_base(project):
    result = examine(project(), {"calc.py": FIXED.replace("return 0", "return 1")})
    assert result.outcome is Outcome.FAILED
    assert {finding.rule for finding in result.findings} == {"acceptance/pass-to-pass"}


def test_nothing_of_the_candidate_stands_in_the_place_of_the_hidden_tests(project):
    own = {
        NAME: "def test_add():\n    pass\n",
        "tests/conftest.py": "collect_ignore = ['test_hidden.py']\n",
        "pytest.ini": "[pytest]\npython_functions = nothing\n",
    }
    result = examine(project(), {"calc.py": WRONG, **own})
    assert result.outcome is Outcome.FAILED
    assert "assert 6 == 5" in result.reason


def test_a_person_s_own_change_is_examined_with_the_base_s_settings_too(project):
    made = project(from_base=False)
    result = examine(made, {"calc.py": WRONG, "pytest.ini": "[pytest]\naddopts = --ignore=tests\n"})
    assert result.outcome is Outcome.FAILED


def test_a_directory_of_the_candidate_s_gives_way_to_a_file(project):
    result = examine(project(), {"calc.py": FIXED, f"{NAME}/trap.py": "x = 1\n"})
    assert result.outcome is Outcome.PASSED


def test_removed_files_are_removed(project):
    both = {NAME: HIDDEN, "tests/test_calc.py": None}
    made = project({"tests/test_calc.py": "raise SystemExit\n"})
    assert examine(made, {"calc.py": FIXED}, package(both)).outcome is Outcome.PASSED


MODULE = "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


def test_tests_of_something_new_cannot_be_collected_on_the_base(project):
    made = project()
    given = package({NAME: MODULE})
    right = examine(made, {"calc.py": FIXED + "\n\ndef double(x):\n    return 2 * x\n"}, given)
    assert right.outcome is Outcome.PASSED
    assert right.detail["fail_to_pass"]["passed"] == [f"{NAME}::test_double"]
    without = examine(made, {"calc.py": FIXED}, given)
    assert without.outcome is Outcome.FAILED
    assert "cannot be collected" in without.reason


@pytest.mark.parametrize(
    "body",
    ["import unittest; raise unittest.SkipTest('no')", "import pytest; pytest.xfail('no')"],
)
def test_a_candidate_that_skips_a_hidden_test_has_not_passed_it(project, body):
    result = examine(project(), {"calc.py": f"def add(a, b):\n    {body}\n\n\ndef zero():\n    return 0\n"})
    assert result.outcome is Outcome.FAILED
    assert "has to pass, and is" in result.reason


def test_a_candidate_that_skips_the_whole_file_has_not_passed_it(project):
    skipping = "import pytest\n\npytest.skip('no', allow_module_level=True)\n"
    for given in (package(), package({NAME: MODULE})):
        assert examine(project(), {"calc.py": skipping}, given).outcome is Outcome.FAILED


def test_invariant_6_what_the_base_fails_too_is_left_out_of_what_should_keep_passing(project):
    lists = Required(
        fail_to_pass=(f"{NAME}::test_add",),
        pass_to_pass=(f"{NAME}::test_zero", f"{NAME}::test_no_network"),
    )
    text = HIDDEN + "\n\ndef test_no_network():\n    raise OSError\n"
    result = examine(project(), {"calc.py": FIXED}, package({NAME: text}, lists))
    assert result.outcome is Outcome.PASSED
    assert result.detail["excluded"] == {f"{NAME}::test_no_network": "fails on the base too"}
    # Without a list it is as required as the others.
    assert examine(project(), {"calc.py": FIXED}, package({NAME: text})).outcome is Outcome.FAILED


def test_a_list_that_names_what_nobody_has_blames_nobody(project):
    lists = Required(fail_to_pass=(f"{NAME}::test_ad",))
    result = examine(project(), {"calc.py": FIXED}, package(required=lists))
    assert result.outcome is Outcome.INFRA
    assert "check the list" in result.reason


def test_invariant_5_tests_that_say_nothing_are_no_pass(project):
    lists = Required(pass_to_pass=(f"{NAME}::test_add",))
    result = examine(project(), {"calc.py": FIXED}, package(required=lists))
    assert result.outcome is Outcome.INFRA
    result = examine(project(), {"calc.py": FIXED}, package({NAME: "x = 1\n"}))
    assert (result.outcome, "no test" in result.reason) == (Outcome.INFRA, True)


def test_lists_alone_apply_to_the_candidate_s_own_tests(project):
    own = {"tests/test_own.py": "from calc import add\n\n\ndef test_own():\n    assert add(1, 1) == 2\n"}
    lists = Required(must_pass=("tests/test_own.py::test_own", "tests/test_calc.py::test_zero"))
    given = package({}, lists, run=())
    made = project(from_base=False)
    assert examine(made, {"calc.py": FIXED, **own}, given).outcome is Outcome.PASSED
    result = examine(made, {"calc.py": FIXED}, given)
    assert result.outcome is Outcome.FAILED
    assert "tests/test_own.py::test_own has to pass, and is not collected" in result.reason


HANGS = "import time\n\n\ndef add(a, b):\n    time.sleep(60)\n\n\ndef zero():\n    return 0\n"


def test_a_base_that_hangs_on_what_is_to_be_mended_is_no_obstacle(project):
    made = project({"calc.py": HANGS}, time_limit=2.0)
    assert examine(made, {"calc.py": FIXED}).outcome is Outcome.PASSED
    result = examine(made, {"calc.py": HANGS + "\n"})
    assert (result.outcome, result.resource) == (Outcome.EXHAUSTED, Resource.TIME)


def test_a_base_that_cannot_be_run_with_them_blames_nobody(project):
    conftest = {NAME: HIDDEN, "tests/conftest.py": "import nowhere_to_be_found\n"}
    assert examine(project(), {"calc.py": FIXED}, package(conftest)).outcome is Outcome.INFRA


def test_trouble_of_the_machine_is_nobody_s(project):
    made = project()
    trouble = ToolCall(
        label="x",
        argv=(),
        environment_digest="e",
        ending=Ending.INFRA,
        exit_code=None,
        reason="no space",
        started_at=0.0,
    )
    examine(made, {"calc.py": FIXED})
    made.toolbox.sandbox.endings = [trouble]
    assert examine(made, {"calc.py": WRONG}).outcome is Outcome.INFRA


FLAKY = (
    "from pathlib import Path\n\nMARK = Path({path!r})\n\n\ndef add(a, b):\n"
    "    bad = not MARK.exists()\n    MARK.touch()\n    return 0 if bad else a + b\n\n\n"
    "def zero():\n    return 0\n"
)


def test_what_passes_only_sometimes_is_no_pass_where_the_base_never_passes_it(project, tmp_path):
    result = examine(project(), {"calc.py": FLAKY.format(path=str(tmp_path / "mark"))})
    assert result.outcome is Outcome.INFRA
    assert "failed in 1 of" in result.reason


SEEDED = "def add(a, b):\n    return a + b if hash('x') == {fixed} else 0\n\n\ndef zero():\n    return 0\n"


def test_a_pass_that_hangs_on_the_hash_seed_is_none(project):
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    told = subprocess.run(
        [sys.executable, "-c", "print(hash('x'))"], env=environ, capture_output=True, text=True, check=True
    )
    lucky = {"calc.py": SEEDED.format(fixed=told.stdout.strip())}
    assert examine(project(perturb=False), lucky).outcome is Outcome.PASSED
    made = project(perturb=True)
    assert examine(made, {"calc.py": FIXED}).outcome is Outcome.PASSED
    result = examine(made, lucky)
    assert result.outcome is Outcome.FAILED
    assert "it passes with hash seed 0" in result.reason


def test_tests_that_are_not_to_be_shown_are_counted(project):
    made = project()
    made.toolbox.policy = structs.replace(made.toolbox.policy, acceptance=Acceptance(show=False))
    result = examine(made, {"calc.py": WRONG})
    assert result.reason == "1 of 2 acceptance tests fail"
    told = structs.replace(result, detail={k: v for k, v in result.detail.items() if k != PRIVATE})
    assert "hidden" not in repr(told) and "test_add" not in repr(told)
    assert "test_add" in repr(result.detail[PRIVATE])
    assert examine(made, {"calc.py": FIXED}).reason == ""


def test_a_set_of_attempts_at_several_tasks_has_to_pass_the_tests_of_each(project):
    made = project()
    zero = package(
        {NAME: "from calc import zero\n\n\ndef test_zero():\n    assert zero() == 0\n"}, instance="zero"
    )
    add = package(instance="add")
    assert examine(made, {"calc.py": WRONG}, add, zero, instance="zero").outcome is Outcome.PASSED
    assert examine(made, {"calc.py": WRONG}, add, zero, instance="add\nzero").outcome is Outcome.FAILED
    both = examine(made, {"calc.py": FIXED}, add, zero, instance="add\nzero")
    assert (both.outcome, both.evidence) == (Outcome.PASSED, {"tests": 3})
    assert set(both.detail["tasks"]) == {"add", "zero"}
    assert examine(made, {"calc.py": FIXED}, add, zero, instance="other").outcome is Outcome.INFRA


def test_invariant_8_the_content_of_the_tests_is_part_of_the_key(project):
    made = project()
    candidate = structs.replace(made.candidate({"calc.py": FIXED}), instance="b")
    contents = [
        (package(),),
        (package({NAME: HIDDEN + "# more\n"}),),
        (package(required=Required(must_pass=(f"{NAME}::test_add",))),),
        (package({}, instance="a"), package(instance="b")),
    ]
    gates = [AcceptanceGate(content) for content in contents]
    assert all(isinstance(gate, Particular) for gate in gates)
    keys = {gate.about(candidate) for gate in gates}
    assert len(keys) == len(gates)
    assert AcceptanceGate((structs.replace(package(), source="elsewhere"),)).about(candidate) in keys
    # Of several tasks only the candidate's own matter to it.
    others = (package({}, instance="c"), package(instance="b"))
    assert AcceptanceGate(others).about(candidate) in keys
    attempt = structs.replace(candidate, instance="a")
    assert gates[-1].about(attempt) != gates[-1].about(candidate)


def test_the_base_with_the_tests_is_run_once_and_remembered(project):
    made = project()
    examine(made, {"calc.py": FIXED})
    before = len(made.calls)
    made.toolbox.forget()
    examine(made, {"calc.py": FIXED + "\n"})
    labels = [call.label for call in made.calls[before:]]
    assert labels.count("tests on the base") == 0
