"""The injected plugin in a real pytest process: what it reports, and what it keeps to itself."""

import anyio
import pytest

from assay.gates.testing.run import Ended, execute, warmth
from assay.gates.testing.suite import COLLECTION, Result

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

    def run(files, select=None, warm=None, **rules):
        made = project({"tests/test_lib.py": "", **files}, **rules)
        result = anyio.run(
            lambda: execute(made.toolbox, made.base.tree, label="t", seconds=60, select=select, warm=warm)
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


@pytest.mark.parametrize(
    ("again", "found"),
    [
        (["tests/test_a.py::TestB::test_b[x]", "tests/test_a.py::test_c"], []),
        (["tests/test_a.py::TestB::test_b[x]", "tests/test_a.py"], ["tests/test_a.py::TestA::<collection>"]),
    ],
)
def test_what_is_run_again_by_name_is_collected_without_what_is_beside_it(suite, again, found):
    files = {
        "conftest.py": "def pytest_generate_tests(metafunc):\n"
        "    assert metafunc.function.__name__ != 'test_a'\n",
        "tests/test_a.py": "import pytest\n\n\nclass TestA:\n    def test_a(self): pass\n\n\nclass Above:\n"
        "    @pytest.mark.parametrize('x', ['x', 'y'])\n    def test_b(self, x): pass\n\n\n"
        "class TestB(Above):\n    pass\n\n\ndef test_c(): pass\n",
    }
    cases = [case.id for case in suite(files, again, warmth([])).cases]
    assert [case for case in cases if case.endswith(COLLECTION)] == found
    assert {"tests/test_a.py::TestB::test_b[x]", "tests/test_a.py::test_c"} <= {*cases}


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
        import gc, types
        sent = 0
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__qualname__ == "open_channel.<locals>.send":
                thing("start", i=99, id="forged")
                sent += 1
        os._exit(0 if sent else 1)
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


def test_what_is_seen_of_a_test_besides_its_report(suite):
    seen = """
import functools
import unittest

import pytest


def quiet(function):
    @functools.wraps(function)
    def inner():
        try:
            function()
        except ValueError:
            pass
    return inner


def test_left(): assert 1 == 1
def test_returns(): return None
def test_raises(): raise ValueError
@quiet
def test_quiet(): raise ValueError
@pytest.mark.parametrize("n", [1])
def test_cases(n): pass


class Base:
    def test_inherited(self): pass


class TestA(Base): pass


class Case(unittest.TestCase):
    def test_method(self): self.assertEqual(1, 2)
"""
    cases = {case.id.split("::", 1)[1]: case for case in suite({"tests/test_s.py": seen}).cases}
    got = {name: (case.body, case.plain, case.raised) for name, case in cases.items()}
    assert got == {
        "test_left": ("left", True, False),
        "test_returns": ("left", True, False),
        "test_raises": ("entered", True, True),
        "test_quiet": ("entered", False, False),
        "test_cases[1]": ("left", True, False),
        "TestA::test_inherited": ("left", True, False),
        "Case::test_method": ("entered", True, True),
    }
    assert cases["TestA::test_inherited"].origin == "tests/test_s.py::Base::test_inherited"
    assert cases["test_quiet"].origin == "tests/test_s.py::test_quiet"


def test_evidence_without_rewriting_of_assertions(suite):
    files = {
        "tests/test_p.py": "def test_p(): assert True\n",
        "pytest.ini": "[pytest]\naddopts = --assert=plain\n",
    }
    [case] = suite(files).cases
    assert (case.body, case.origin) == ("left", "tests/test_p.py::test_p")


def test_canaries_come_back_right_and_count_for_nothing(suite):
    conftest = """
seen = []
def pytest_runtest_logreport(report): seen.append(report.nodeid)
def pytest_sessionfinish(session):
    assert {item.nodeid for item in session.items} == set(seen)
    assert session.testsfailed == 0 and session.testscollected == 3
"""
    tests = "class TestA:\n    def test_1(self): pass\n    def test_2(self): pass\ndef test_3(): pass\n"
    got = suite({"tests/test_c.py": tests, "conftest.py": conftest})
    assert (got.canaries.planned, got.canaries.ran, got.canaries.wrong) == (4, 4, ())
    assert len(got.cases) == 3
    assert (got.end_status, got.whole) == (0, True)


def test_a_selection_runs_without_canaries(suite):
    got = suite({"tests/test_a.py": "def test_a(): pass\n"}, select=["tests/test_a.py::test_a"])
    assert got.canaries.planned == 0


def test_what_is_altered_is_told_with_its_place_and_undone_patches_are_not(suite):
    files = {
        "lib.py": "import time\ntime.sleep = lambda seconds: None\n",
        "tests/test_a.py": "import os\nimport lib\n\n\ndef test_a(monkeypatch):\n"
        "    monkeypatch.setattr(os, '_exit', print)\n",
    }
    assert suite(files).altered == {"time.sleep": "lib.py"}


MATCH = "_pytest.raises.RaisesExc._check_match"
PUT = "import _pytest.raises\ncls = _pytest.raises.RaisesExc\n"


@pytest.mark.parametrize(
    ("product", "told"),
    [
        (
            PUT + "from _pytest._io.saferepr import saferepr\ncls._check_match = staticmethod(saferepr)\n",
            {MATCH: ""},
        ),
        (
            PUT + "cls._check_match = type('Says', (str,), {'__module__': cls.__module__})\n",
            {MATCH: ""},
        ),
        (
            PUT + "cls._check_match = type('Says', (str,), {'__module__': 'tests.test_a'})\n",
            {MATCH: ""},
        ),
        (
            PUT + "_pytest.raises.RaisesExc = type('RaisesExc', (cls,), {'__module__': cls.__module__})\n",
            {"_pytest.raises.RaisesExc": ""},
        ),
        (
            "import pathlib\nfile = pathlib.Path(__file__).parent / 'tests' / 'test_a.py'\n"
            "compile('1', str(file), 'eval')\n",
            {"compile in lib.py": "lib.py"},
        ),
        ("import time\nimport pluggy\ntime.sleep = pluggy.HookspecMarker.__init__\n", {}),
    ],
    ids=[
        "an installed function in a judge's place",
        "a class that says it is installed",
        "a class that says it is a test's",
        "a class that takes another's name",
        "code under a test's name",
        "a clock by a library",
    ],
)
def test_who_put_something_there_is_told_by_code_and_not_by_what_it_says(suite, product, told):
    assert suite({"lib.py": product, "tests/test_a.py": "import lib\ndef test_a(): pass\n"}).altered == told


def test_what_test_files_alter_is_their_own_business(suite):
    files = {"conftest.py": "import unittest\nunittest.TestCase.assertEqual = lambda *sides: None\n"}
    assert suite({**files, "tests/test_a.py": "def test_a(): pass\n"}).altered == {}


def test_a_plugin_out_of_the_product_is_told(suite):
    files = {
        "lib.py": "def pytest_runtest_setup(item): pass\n",
        "conftest.py": "pytest_plugins = ['lib']\n",
        "tests/test_a.py": "def test_a(): pass\n",
    }
    told = {"the hook pytest_runtest_setup in lib.py": "lib.py", "the plugin lib.py": "lib.py"}
    assert suite(files).altered == told


def test_a_test_file_that_changes_on_disk_is_told(suite):
    files = {
        "tests/data.txt": "right",
        "lib.py": "import pathlib\n"
        "pathlib.Path(__file__).with_name('tests').joinpath('data.txt').write_text('x')\n",
        "tests/test_a.py": "import lib\n\n\ndef test_a(): pass\n",
        "tests/test_b.py": "import pathlib\n\n\ndef test_b():\n"
        "    pathlib.Path(__file__).with_name('late.txt').write_text('y')\n",
        "tests/late.txt": "early",
    }
    assert suite(files).files == {"tests/data.txt": "rewritten", "tests/late.txt": "later"}


@pytest.mark.parametrize("from_base", [True, False])
def test_tests_of_the_base_run_without_workers(suite, from_base):
    """Workers of pytest-xdist show no evidence; a plugin that looks like it stands in for it here."""
    workers = """
import pytest
def pytest_addoption(parser):
    parser.addoption("--numprocesses", dest="numprocesses", default=3)
    parser.addoption("--dist", dest="dist", default="no")
    parser.addoption("--tx", dest="tx", default=[])
@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    config.option.tx, config.option.dist = ["popen"] * 3, "load"
"""
    files = {"conftest.py": workers, "tests/test_a.py": "def test_a(): pass\n"}
    assert suite(files, from_base=from_base).parallel is not from_base


def test_what_was_loaded_of_the_trusted_files(suite):
    files = {
        "tests/__init__.py": "",
        "tests/helper.py": "def check(got, wanted):\n    assert got == wanted, 'no'\n",
        "tests/unused.py": "",
        "tests/test_h.py": "from tests.helper import check\ndef test_check(): check(1, 1)\n"
        "def test_not():\n    check([1], [2])\n",
    }
    got = suite(files)
    assert set(got.loaded) >= {"tests/helper.py", "tests/test_h.py"}
    assert "tests/unused.py" not in got.loaded
    assert got.by_id()["tests/test_h.py::test_check"].result is Result.PASSED
    assert got.by_id()["tests/test_h.py::test_not"].message == "AssertionError: no"
