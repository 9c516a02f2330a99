"""Runs with changed lines watched, in a real pytest process: which test came by where."""

import anyio
import pygit2
import pytest

from assay.gates.testing.run import Ended, execute

LIB = """import threading

LIMIT = 3

def clip(x):
    if x > LIMIT:
        return LIMIT
    return x

def aside(x):
    thread = threading.Thread(target=clip, args=(x,))
    thread.start()
    thread.join()

def never():
    return 1
"""
TESTS = """import subprocess
import sys
from lib import aside, clip

def test_small(): assert clip(1) == 1
def test_big(): assert clip(9) == 3
def test_thread(): aside(9)
def test_process(): subprocess.run([sys.executable, "-c", "import lib; lib.never()"], check=True)
"""


@pytest.fixture
def watched(project):
    """The suite of a run in which these lines of `lib.py` are watched."""

    def run(lines, files=None, text=LIB, blob=None):
        made = project({"lib.py": text, "tests/test_lib.py": TESTS, **(files or {})})
        watch = {"lib.py": (blob or str(pygit2.hash(text.encode())), sorted(lines))}
        found = anyio.run(
            lambda: execute(made.toolbox, made.base.tree, label="t", seconds=60, serial=True, watch=watch)
        )
        assert found.ended is Ended.COMPLETE, found.why
        return found.suite

    return run


def came_by(suite):
    return {
        (mark.kind, mark.line): {test.split("::")[1] for test in mark.tests}
        for mark in suite.marks
        if not mark.outside
    }


def test_each_line_and_way_has_the_tests_that_came_by(watched):
    suite = watched(range(1, 17))
    assert suite.count("passed") == 4
    found = came_by(suite)
    both = {"test_small", "test_big", "test_thread"}
    assert found["line", 6] == both
    assert found["line", 7] == found["true", 6] == {"test_big", "test_thread"}
    assert found["line", 8] == found["false", 6] == {"test_small"}
    assert found["line", 5] == both
    assert found["line", 15] == found["line", 16] == set()
    assert {mark.line for mark in suite.marks if mark.outside} == {1, 3}


def test_tests_that_start_processes_are_named(watched):
    assert [test.split("::")[1] for test in watched({16}).left] == ["test_process"]


def test_a_file_that_is_not_the_one_of_the_diff_is_not_watched(watched):
    suite = watched({6}, blob="0" * 40)
    assert suite.marks == ()
    assert suite.watched == {}


def test_a_file_that_nobody_loads_is_said_to_be_so(watched):
    suite = watched({6}, {"tests/test_lib.py": "def test_it(): pass\n"})
    assert suite.watched == {"lib.py": False}
    assert came_by(suite)["line", 6] == set()


def test_events_of_others_are_no_marks(watched):
    forged = "import sys\nfor number in range(10**4):\n    sys.audit('assay.ran', number)\n"
    forged += "def test_it():\n    import gc\n    for n in range(10**4): sys.audit('assay.ran', n)\n"
    suite = watched({16}, {"tests/test_forged.py": forged})
    assert came_by(suite)["line", 16] == set()


def test_a_module_that_pytest_rewrites_is_watched_too(watched):
    files = {"conftest.py": "import pytest\npytest.register_assert_rewrite('lib')\n"}
    assert came_by(watched({7}, files))["line", 7] == {"test_big", "test_thread"}
