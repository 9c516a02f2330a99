"""The injected plugin in a real pytest process: what it reports, and what it keeps to itself."""

import anyio
import pytest

from assay.gates.testing.run import Ended, execute
from assay.gates.testing.suite import Result

KINDS = """
import unittest

import pytest


def test_pass(): pass
def test_fail(): assert 1 == 2
@pytest.mark.skip
def test_skip(): pass
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
@pytest.fixture
def bad_setup(): raise ValueError("setup")
def test_setup(bad_setup): pass
@pytest.fixture
def bad_teardown():
    yield
    raise ValueError("teardown")
def test_teardown(bad_teardown): pass


class Case(unittest.TestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

    @unittest.expectedFailure
    def test_expected(self):
        self.fail()
"""


@pytest.fixture
def suite(project):
    """The suite of these files, run once."""

    def run(files, select=None, **rules):
        made = project({"tests/test_lib.py": "", **files}, **rules)
        result = anyio.run(
            lambda: execute(made.toolbox, made.base.tree, label="t", seconds=60, select=select)
        )
        assert result.ended is Ended.COMPLETE, result.why
        return result.suite

    return run


def test_every_kind_of_result(suite):
    got = {case.id.split("::")[-1]: case.result for case in suite({"tests/test_k.py": KINDS}).cases}
    assert got == {
        "test_pass": Result.PASSED,
        "test_fail": Result.FAILED,
        "test_skip": Result.SKIPPED,
        "test_xfail": Result.XFAILED,
        "test_xpass": Result.XPASSED,
        "test_strict": Result.FAILED,
        "test_setup": Result.ERROR,
        "test_teardown": Result.ERROR,
        "test_subtests": Result.FAILED,
        "test_expected": Result.XFAILED,
    }


def test_a_skipped_module(suite):
    skipped = "import pytest\n\npytest.importorskip('no_such_module')\n"
    got = suite({"tests/test_s.py": skipped}).by_id()["tests/test_s.py::<collection>"]
    assert got.result is Result.SKIPPED
    assert "no_such_module" in got.message


def test_selection_runs_these_tests_and_imports_no_other_file(suite):
    files = {
        "tests/test_a.py": "def test_one(): pass\ndef test_two(): pass\n",
        "tests/test_b.py": "raise SystemExit('imported')\n",
    }
    got = suite(files, select=["tests/test_a.py::test_two", "tests/gone.py::test_x"])
    assert [case.id for case in got.cases] == ["tests/test_a.py::test_two"]


def test_a_very_long_id_is_cut_and_still_selectable(suite):
    long = "import pytest\n\n\n@pytest.mark.parametrize('x', ['a' * 3000, 'a' * 3001])\ndef test_l(x): pass\n"
    cases = suite({"tests/test_l.py": long}).cases
    assert len({case.id for case in cases}) == 2
    assert all(len(case.id) < 1100 for case in cases)


def test_the_pipe_and_the_secret_stay_with_the_reporter(suite):
    snoop = """
import multiprocessing, os, subprocess, sys

LOOK = "import os, sys; sys.exit(any(os.readlink('/proc/self/fd/' + n).startswith('pipe:') for n in " \
       "os.listdir('/proc/self/fd') if int(n) > 2 and os.path.exists('/proc/self/fd/' + n)))"

def test_environment():
    assert "ASSAY_REPORT_FD" not in os.environ

def test_executed_program_has_no_pipe():
    assert subprocess.run([sys.executable, "-c", LOOK], close_fds=False).returncode == 0

def test_forked_child_that_runs_on_reports_nothing():
    child = os.fork()
    if child == 0:
        import gc
        for thing in gc.get_objects():
            if type(thing).__name__ == "Channel":
                thing.send("start", i=99, id="forged")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    cases = suite({"tests/test_snoop.py": snoop}).cases
    assert {case.result for case in cases} == {Result.PASSED}
    assert len(cases) == 3


def test_modules_of_the_project_do_not_stand_in_for_the_plugin_s(suite):
    """A json.py in the root is what the project's tests import, but not what the report is written with."""
    files = {"hashlib.py": "raise SystemExit(0)\n", "tests/test_a.py": "def test_one(): pass\n"}
    assert suite(files).count(Result.PASSED) == 1


def test_it_looks_like_python_m_pytest(suite):
    look = (
        "import os, sys\n\n\ndef test_look():\n"
        "    assert os.getcwd() in sys.path\n    assert '' not in sys.path\n"
        "    assert sys.argv[0].endswith('pytest/__main__.py')\n"
    )
    assert suite({"tests/test_look.py": look}).count(Result.PASSED) == 1
