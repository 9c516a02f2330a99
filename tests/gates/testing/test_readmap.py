"""A traced run of a real project, what is learnt from it, and which tests a change is found to affect."""

import anyio
import pytest
from msgspec import structs
from tests.gates.testing.fake import Project

from assay.gates.testing import base, readmap
from assay.gates.testing.impact import affected, impact
from assay.gates.testing.suite import Case, Result, Suite
from assay.model.candidate import Change, ChangeKind
from assay.policy.schema import Select
from assay.repo.diff import changes

FILES = {
    "lib/__init__.py": "",
    "lib/plain.py": """
from functools import lru_cache

LIMIT = 3


def double(x):
    "Twice."
    return helper(x)


def helper(x):
    return 2 * x


@lru_cache(maxsize=None)
def cached(x):
    return helper(x) + LIMIT


def unused():
    return 1
""",
    "lib/state.py": """
SEEN = []


def note(x):
    SEEN.append(x)


def count():
    return len(SEEN)


def early():
    return 5


FIVE = early()


class Thing:
    def __del__(self):
        pass
""",
    "lib/data.py": """
import inspect, pathlib, warnings
import lib.plain

HERE = pathlib.Path(__file__).parent


def text():
    return (HERE / "data.json").read_text()


def names():
    return sorted(each.name for each in (HERE / "parts").iterdir())


def shown():
    return inspect.getsource(lib.plain.unused)


def where(x):
    return x.f_lineno
""",
    "lib/data.json": "{}",
    "lib/other.json": "{}",
    "lib/parts/a.dat": "",
    "lib/parts/notes.md": "words\n",
    "lib/late.py": "VALUE = 1\n",
    "lib/never.py": "VALUE = 1\n",
    "lib/once.py": "def once():\n    return 1\n",
    "lib/single.py": """
class Single:
    one = None

    @classmethod
    def get(cls):
        if cls.one is None:
            cls.one = Single()
            cls.one.fill()
        return cls.one

    def fill(self):
        self.items = [1, 2]

    def first(self):
        return self.items[0]

    def last(self):
        return self.items[-1]

    def drop(self):
        self.items.pop()
""",
    "tests/test_single.py": """
from lib.single import Single


def test_single_first():
    assert Single.get().first() == 1


def test_single_last():
    assert Single.get().last() == 2


def test_single_not():
    assert Single
""",
    "README.md": "words\n",
    "tests/conftest.py": """
import pytest


@pytest.fixture
def one():
    return 0 + 1
""",
    "tests/test_plain.py": """
import lib.plain
from lib.plain import cached, double


def test_double():
    assert double(2) == 4


def test_cached():
    assert cached(1) == 5


def test_cached_again():
    assert cached(1) == 5


def test_constant():
    assert lib.plain.LIMIT == 3
""",
    "tests/test_state.py": """
from lib import state


def test_note():
    state.note(1)


def test_count():
    assert state.count() >= 1


def test_nothing():
    pass
""",
    "tests/test_data.py": """
import subprocess
import sys

from lib import data


def test_text():
    assert data.text()


def test_names():
    assert data.names()


def test_source():
    assert "unused" in data.shown()


def test_lines():
    assert data.where(sys._getframe())


def test_late():
    import lib.late
    assert lib.late.VALUE


def test_process():
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_idle():
    pass
""",
    "tests/test_shared.py": """
import pytest
from lib import state


@pytest.fixture(scope="module")
def shared(request):
    return state.count() + 1


@pytest.fixture(scope="session")
def for_all():
    from lib.once import once

    return once()


def test_session(for_all):
    assert for_all


def test_first(shared):
    assert shared


def test_second(shared):
    assert shared


def test_alone():
    pass
""",
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("reads"), FILES)
    reads = anyio.run(readmap.learn, project.toolbox, project.base.tree)
    assert not reads.blind
    return project, reads


@pytest.fixture
def affects(learnt):
    """The last words of the tests that replacing some text of a file affects; the whole answer if all."""
    project, reads = learnt

    def affects(path, old, new):
        assert old in FILES[path]
        text = FILES[path].replace(old, new, 1)
        candidate = project.candidate({path: text})
        repo = project.toolbox.repo
        found = affected(reads, changes(repo, project.base.tree, candidate.tree), repo, project.base.tree)
        if found.tests is None:
            return found.why
        return {test.rpartition("::")[2] for test in found.tests} - {"test_process"}

    return affects


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """The same, looked at hardly ever: each place has its turn after a hundred tests, and at the end."""
    project = Project(tmp_path_factory.mktemp("hurried"), FILES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readmap, "looks", lambda _suite: 1)
        return project, anyio.run(readmap.learn, project.toolbox, project.base.tree)


def test_who_is_looked_at_seldom_is_told_to_leave_no_less_behind(learnt, hurried):
    often, seldom = learnt[1], hurried[1]
    assert not seldom.blind
    assert seldom.tests == often.tests
    assert any(often.changed.values())
    for test, places in often.changed.items():
        assert set(places) <= set(seldom.changed.get(test, ())), test


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("lib/plain.py", "2 * x", "3 * x"),
        ("lib/plain.py", "LIMIT = 3", "LIMIT = 4"),
        ("lib/state.py", "SEEN.append(x)", "SEEN.append(x+0)"),
        ("lib/single.py", "items[0]", "items[1]"),
        ("lib/single.py", "[1, 2]", "[3, 4]"),
    ],
)
def test_who_is_looked_at_seldom_misses_nobody(learnt, hurried, path, old, new):
    found = []
    for project, reads in (learnt, hurried):
        candidate = project.candidate({path: FILES[path].replace(old, new, 1)})
        repo = project.toolbox.repo
        difference = changes(repo, project.base.tree, candidate.tree)
        found.append(affected(reads, difference, repo, project.base.tree).tests)
    often, seldom = found
    assert often
    assert seldom is None or often <= seldom


def test_short_tests_are_looked_at_for_some_milliseconds_and_long_ones_for_half_as_long_as_they_take():
    short, long = (Suite(cases=(Case(id="t", result=Result.PASSED, seconds=s),)) for s in (0.0, 2.0))
    assert readmap.looks(Suite()) == readmap.looks(short) == readmap.FEWEST_LOOKS
    assert readmap.looks(long) == readmap.LOOKS_A_SECOND


def test_what_starts_processes_is_always_among_them(learnt):
    _, reads = learnt
    assert [test.rpartition("::")[2] for test in reads.always] == ["test_process"]
    assert "subprocess.Popen" in next(iter(reads.always.values()))


def test_a_function_affects_those_that_execute_it(affects):
    assert affects("lib/plain.py", "return helper(x)\n", "return helper( x+0 )\n") >= {"test_double"}
    found = affects("lib/plain.py", "2 * x", "3 * x")
    assert found >= {"test_double", "test_cached"}
    assert not found & {"test_nothing", "test_alone", "test_text", "test_constant"}


def test_a_cache_hides_nobody_who_uses_it(affects):
    assert affects("lib/plain.py", "helper(x) + LIMIT", "helper(x) - LIMIT") >= {
        "test_cached",
        "test_cached_again",
    }


def test_text_that_is_looked_at_affects_those_who_look(affects):
    assert affects("lib/plain.py", "LIMIT = 3", "LIMIT = 3  # three") == {"test_source", "test_lines"}


def test_a_constant_affects_all_who_get_at_it(affects):
    found = affects("lib/plain.py", "LIMIT = 3", "LIMIT = 4")
    assert found >= {"test_constant", "test_double", "test_cached", "test_text"}
    assert not found & {"test_nothing", "test_alone", "test_count"}


def test_what_a_test_leaves_behind_affects_those_who_find_it(affects):
    found = affects("lib/state.py", "SEEN.append(x)", "SEEN.append(x+0)")
    assert found >= {"test_note", "test_count", "test_first"}
    assert not found & {"test_double", "test_idle"}


def test_what_the_first_test_makes_for_all_is_made_by_each(affects, learnt):
    _, reads = learnt
    assert not any("lib/single.py" in places for places in reads.changed.values())
    assert affects("lib/single.py", "items[0]", "items[1]") == {"test_single_first"}
    assert affects("lib/single.py", "[1, 2]", "[3, 4]") >= {"test_single_first", "test_single_last"}


def test_a_method_that_changes_what_lasts_affects_all_who_get_at_it(affects):
    found = affects("lib/single.py", "pop()", "pop(0)")
    assert found >= {"test_single_first", "test_single_last", "test_single_not"}
    assert "test_double" not in found


def test_a_fixture_that_is_shared_affects_all_who_share_it(affects):
    assert affects("lib/state.py", "len(SEEN)", "len(SEEN)+0") >= {"test_first", "test_second", "test_count"}


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        ("lib/once.py", "return 1", "return 2", "once of lib/once.py runs outside of tests"),
        ("lib/state.py", "FIVE = early()", "FIVE = early() + 1", "may be felt elsewhere"),
        ("lib/state.py", "        pass", "        return", "nobody decides when"),
        ("lib/plain.py", "return 1", "import lib.never", "imports what was not loaded"),
        ("lib/plain.py", "return 1", "return (", "cannot be parsed"),
        ("lib/late.py", "VALUE = 1", "VALUE = 2", "by a test that is running"),
        ("tests/conftest.py", "0 + 1", "1", "may decide how tests are run"),
        ("lib/other.json", "{}", "[]", "nothing is known of who reads"),
    ],
)
def test_what_cannot_be_told_affects_everything(affects, path, old, new, why):
    assert why in affects(path, old, new)


def test_what_runs_at_an_import_affects_those_who_get_at_it(affects):
    found = affects("lib/state.py", "return 5", "return 6")
    assert found >= {"test_note", "test_count", "test_first"}
    assert not found & {"test_double", "test_text"}


def test_files_affect_those_who_open_or_list_them(affects):
    assert affects("lib/data.json", "{}", "[]") == {"test_text"}
    assert affects("README.md", "words", "other words") == set()
    assert affects("lib/parts/notes.md", "words", "other words") == {"test_names"}


def test_a_module_that_nobody_loads_affects_nobody(affects):
    assert affects("lib/never.py", "VALUE = 1", "VALUE = 2") == set()


def test_a_changed_test_file_affects_all_of_it(affects, learnt):
    found = affects("tests/test_shared.py", "def test_alone", "def test_more(): pass\n\n\ndef test_alone")
    assert found == {"test_first", "test_second", "test_alone", "test_session"}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ChangeKind.MODE, "new_mode": 0o100755},
        {"kind": ChangeKind.TYPE, "new_mode": 0o120000},
        {"path": "pyproject.toml"},
        {"path": "requirements-dev.txt"},
    ],
)
def test_other_kinds_of_change_affect_everything(learnt, change):
    _, reads = learnt
    usual = Change(
        kind=ChangeKind.MODIFIED,
        path="lib/plain.py",
        old_path="lib/plain.py",
        old_mode=0o100644,
        new_mode=0o100644,
        old_blob="a",
        new_blob="b",
    )
    assert impact(reads, [structs.replace(usual, **change)], lambda _: b"x = 1\n").tests is None


def test_a_map_of_another_tree_says_nothing(learnt):
    project, reads = learnt
    assert affected(reads, (), project.toolbox.repo, "0" * 40).tests is None


def test_the_map_is_remembered_and_carried_to_the_next_base(learnt):
    project, reads = learnt
    toolbox = project.toolbox.forget()
    calls = len(project.calls)
    assert anyio.run(readmap.learn, toolbox, project.base.tree) == reads
    assert len(project.calls) == calls

    text = FILES["lib/plain.py"].replace("return helper(x)\n", "return helper(x+0)\n")
    moved = project.candidate({"lib/plain.py": text, "tests/test_new.py": "def test_new(): pass\n"})
    usual = anyio.run(base.results, toolbox, moved.tree)
    difference = changes(toolbox.repo, project.base.tree, moved.tree)
    new = readmap.carried(reads, difference, moved.tree, usual.suite, toolbox.repo.blob)
    assert new.tree == moved.tree
    unknown = {test.rpartition("::")[2] for test in new.always}
    assert unknown == {"test_process", "test_double", "test_source", "test_lines", "test_new"}
    # Nobody saw the new file being loaded: what is in it may be anybody's from now on.
    again = project.candidate({"tests/test_new.py": "def test_new(): assert 1\n"})
    odd = structs.replace(changes(toolbox.repo, project.base.tree, again.tree)[0], kind=ChangeKind.MODIFIED)
    assert "nothing is known of who gets at" in impact(new, [odd], toolbox.repo.blob).why
    moved = project.candidate({"lib/plain.py": text, "tests/test_new.py": "double = print()\n"})
    difference = changes(toolbox.repo, project.base.tree, moved.tree)
    assert readmap.carried(reads, difference, moved.tree, usual.suite, toolbox.repo.blob) is None


def test_the_next_base_needs_no_traced_run_while_enough_holds(tmp_path):
    tests = "".join(f"def test_{index}(): pass\n" for index in range(20))
    files = {"lib.py": "def f():\n    return 1\n", "tests/test_many.py": tests}
    files["tests/test_lib.py"] = "import lib\n\n\ndef test_f():\n    assert lib.f()\n"
    project = Project(tmp_path, files)
    anyio.run(readmap.learn, project.toolbox, project.base.tree)
    traced = [call.label for call in project.calls].count("traced tests on the base")
    moved = project.candidate({"lib.py": "def f():\n    return 2\n"})
    reads = anyio.run(readmap.learn, project.toolbox.forget(), moved.tree)
    assert reads.tree == moved.tree
    assert list(reads.always) == ["tests/test_lib.py::test_f"]
    elsewhere = project.candidate({"lib.py": "def f(:\n"})
    assert anyio.run(readmap.learn, project.toolbox.forget(), elsewhere.tree).tree == elsewhere.tree
    labels = [call.label for call in project.calls]
    assert (traced, labels.count("traced tests on the base")) == (1, 2)


LONG = {
    "lib.py": "def f():\n    return 1\n",
    "tests/test_lib.py": """
import time
import lib


def test_f():
    time.sleep(0.2)
    assert lib.f()
""",
}


def test_a_map_is_made_where_it_pays_for_those_who_come_after(tmp_path):
    project = Project(tmp_path, LONG)
    toolbox, tree = project.toolbox, project.base.tree

    def traced():
        return [call.label for call in project.calls].count("traced tests on the base")

    toolbox.candidates = 3
    assert anyio.run(readmap.useful, toolbox, tree) is None
    assert traced() == 0
    toolbox.candidates = 10_000

    async def two():
        found = []

        async def ask():
            found.append(await readmap.useful(toolbox, tree))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
        return found

    found = anyio.run(two)
    assert len([each for each in found if each is not None]) >= 1
    assert traced() == 1
    assert anyio.run(readmap.useful, toolbox, tree) in found
    # What is at hand costs nothing, however few they are.
    toolbox.forget().candidates = 3
    assert anyio.run(readmap.useful, toolbox, tree).tests
    assert traced() == 1


def test_what_tests_leave_behind_is_looked_for_only_where_a_selection_counts(tmp_path):
    files = {
        "lib.py": "SEEN = []\n\n\ndef note():\n    SEEN.append(1)\n    return SEEN\n",
        "tests/test_lib.py": "import lib\n\n\ndef test_note():\n    assert lib.note()\n",
    }
    project = Project(tmp_path, files)
    toolbox, tree = project.toolbox, project.base.tree
    selecting = toolbox.policy
    toolbox.policy = structs.replace(
        selecting, tests=structs.replace(selecting.tests, select=Select.NEVER, warm=True)
    )
    quick = anyio.run(readmap.learn, toolbox, tree)
    toolbox.policy = selecting
    # What was made for those who run everything in the end is nothing to select by.
    whole = anyio.run(readmap.learn, toolbox.forget(), tree)
    assert quick.executed == whole.executed
    assert quick.executed["lib.py::note"]
    assert quick.changed == {}
    assert whole.changed == {"tests/test_lib.py::test_note": ("lib.py",)}


def test_that_there_can_be_no_map_is_remembered(tmp_path):
    files = {**LONG, "tests/conftest.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-V'])\n"}
    project = Project(tmp_path, files)
    assert anyio.run(readmap.learn, project.toolbox, project.base.tree).blind
    calls = len(project.calls)
    assert anyio.run(readmap.learn, project.toolbox.forget(), project.base.tree).blind
    assert len(project.calls) == calls


ODD = {
    "lib.py": """
import threading

DONE = []


def threaded():
    return 1


def lazily():
    yield 1
    yield later()


def later():
    return 2


def run():
    thread = threading.Thread(target=threaded)
    thread.start()
    thread.join()
""",
    "tests/test_odd.py": """
import os
import pathlib
import sys

import pytest
import lib

PLACE = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"assay-odd-{os.getpid()}"


@pytest.fixture(scope="module")
def numbers():
    numbers = lib.lazily()
    next(numbers)
    return numbers


def test_writes_into_the_tree():
    pathlib.Path("made.txt").write_text("x")


def test_reads_what_is_not_in_the_tree():
    assert pathlib.Path("made.txt").read_text()


def test_changes_the_environment():
    os.environ["ODD"] = "1"


def test_profiles():
    sys.setprofile(None)


def test_hands_over():
    PLACE.write_text("x")


def test_takes_over():
    assert PLACE.read_text()
    PLACE.unlink()


def test_threads():
    lib.run()


def test_resumes(numbers):
    assert next(numbers) == 2


def test_renames(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("a", dir_fd=here)
    os.rename("a", "b", src_dir_fd=here, dst_dir_fd=here)
    os.close(here)


def test_differs_from_the_usual_run():
    assert sys.getprofile() is None and not getattr(sys, "monitoring", None) or (
        sys.version_info >= (3, 12) and not sys.monitoring.get_tool(4)
    )
""",
}


def test_what_tests_do_that_cannot_be_followed(tmp_path):
    project = Project(tmp_path, ODD)
    reads = anyio.run(readmap.learn, project.toolbox, project.base.tree)

    def words(tests):
        return {test.rpartition("::")[2] for test in tests}

    assert words(reads.always) == {
        "test_reads_what_is_not_in_the_tree",
        "test_profiles",
        "test_takes_over",
        "test_differs_from_the_usual_run",
    }
    world = {test for test, places in reads.changed.items() if "*" in places}
    assert words(world) >= {"test_writes_into_the_tree", "test_changes_the_environment"}
    assert "test_renames" not in words(world)

    def executing(unit):
        return words(reads.tests[index] for index in reads.executed[f"lib.py::{unit}"])

    assert executing("threaded") == {"test_threads"}
    assert "test_resumes" in executing("later")


def test_each_test_has_a_file_and_takes_some_time(learnt):
    _, reads = learnt
    assert len(reads.seconds) == len(reads.tests) == len(reads.files)


def test_a_run_that_breaks_teaches_nothing(tmp_path):
    project = Project(tmp_path, {"tests/test_exit.py": "import os\ndef test_exit(): os._exit(0)\n"})
    reads = anyio.run(readmap.learn, project.toolbox, project.base.tree)
    assert reads.blind
    assert impact(reads, (), lambda _: b"").tests is None


HIDDEN = {
    "lazy/__init__.py": """
import importlib

WHERE = {"LIMIT": ".limits"}


def __getattr__(name):
    if name in WHERE:
        return getattr(importlib.import_module(WHERE[name], __name__), name)
    raise AttributeError(name)
""",
    "lazy/limits.py": "LIMIT = 10\n",
    "deco.py": """
import functools


def memoize(function):
    known = {}

    def wrapper(x):
        if x not in known:
            known[x] = function(x)
        return known[x]

    return wrapper


def told(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x)

    return wrapper
""",
    "calc.py": """
from functools import lru_cache

import deco


@deco.memoize
def square(x):
    return x * x


@deco.told
@lru_cache
def cube(x):
    return x * x * x
""",
    "table.py": "TABLE = {}\n",
    "fill.py": "import table\n\nVALUE = 3\ntable.TABLE['value'] = VALUE\n",
    "store.py": """
import sqlite3

BASE = sqlite3.connect(":memory:")
BASE.execute("create table t (name text)")


def add(name):
    BASE.execute("insert into t values (?)", (name.strip(),))
""",
    "tests/test_a.py": """
import fill
from calc import cube, square
from lazy import LIMIT
from store import BASE, add


def test_limit():
    assert LIMIT == 10


def test_squares():
    assert square(3) > 0


def test_square():
    assert square(3) == 9


def test_cubes():
    assert cube(3) > 0


def test_cube():
    assert cube(3) == 27


def test_add():
    add(" x ")


def test_names():
    assert BASE.execute("select name from t").fetchall() == [("x",)]
""",
    "tests/test_table.py": "import table\n\n\ndef test_table():\n    assert table.TABLE['value'] == 3\n",
}


def test_hidden_ways_to_a_change_are_found(tmp_path):
    project = Project(tmp_path, HIDDEN)
    reads = anyio.run(readmap.learn, project.toolbox, project.base.tree)
    assert not reads.blind
    repo = project.toolbox.repo
    for path, old, new, test in (
        ("lazy/limits.py", "10", "11", "test_limit"),
        ("calc.py", "x * x\n", "x * x + 1\n", "test_square"),
        ("calc.py", "x * x * x", "x * x + x", "test_cube"),
        ("fill.py", "VALUE = 3", "VALUE = 4", "test_table"),
        ("store.py", "strip", "lstrip", "test_names"),
    ):
        candidate = project.candidate({path: HIDDEN[path].replace(old, new, 1)})
        found = affected(reads, changes(repo, project.base.tree, candidate.tree), repo, project.base.tree)
        words = None if found.tests is None else {each.rpartition("::")[2] for each in found.tests}
        assert words is None or test in words or found.files, (path, found)
