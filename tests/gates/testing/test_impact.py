"""New and deleted files: whom they concern, by what a traced run of a real project saw being looked for."""

import anyio
import pytest
from tests.gates.testing.fake import Project

from assay.gates.testing import readmap
from assay.gates.testing.impact import affected
from assay.repo.diff import changes

FILES = {
    "lib/__init__.py": "from lib.core import size\n",
    "lib/core.py": """
import pathlib

HERE = pathlib.Path(__file__).parent


def size(x):
    return len(x)


def names():
    return [each.name for each in (HERE / "plugins").iterdir()]


def settings():
    try:
        return (HERE / "settings.json").read_text()
    except OSError:
        return ""


def data():
    return (HERE / "data.json").read_text()


def local():
    return (HERE / "local.json").exists()


def speedups():
    try:
        import lib.speedups
    except ImportError:
        return None
    return lib.speedups


def find(name):
    import importlib.util

    return importlib.util.find_spec(name)


def numbers():
    return [1, 2]


def one():
    return 1


def idle():
    return 0
""",
    "lib/helper.py": "def help():\n    return 1\n",
    "lib/plugins/a.dat": "",
    "lib/plugins/b.dat": "",
    "lib/notes.dat": "",
    "lib/data.json": "{}",
    "scripts/run.py": "print(1)\n",
    "tests/test_core.py": """
from lib import core


def test_size():
    assert core.size("ab") == 2


def test_names():
    assert core.names()


def test_settings():
    assert core.settings() == ""


def test_data():
    assert core.data()


def test_local():
    assert not core.local()


def test_speedups():
    assert core.speedups() is None


def test_find():
    assert core.find("extras") is None


def test_numbers():
    assert sum(core.numbers()) == 3
""",
    "tests/test_helper.py": """
from lib.helper import help


def test_help():
    assert help()
""",
    "tests/test_cases.py": """
import pytest

from lib.core import one


@pytest.mark.parametrize("x", range(one()))
def test_cases(x):
    pass
""",
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("impact"), FILES)
    reads = anyio.run(readmap.learn, project.toolbox, project.base.tree)
    assert not reads.blind
    assert not reads.deaf
    return project, reads


@pytest.fixture
def impact_of(learnt):
    """(last words of tests, files) that are affected by new contents of some files, or why it is all."""
    project, reads = learnt

    def impact_of(files, texts=None):
        text = {path: FILES[path].replace(*each, 1) for path, each in (texts or {}).items()}
        assert all(text[path] != FILES[path] for path in text)
        candidate = project.candidate({**files, **text})
        repo = project.toolbox.repo
        difference = changes(repo, project.base.tree, candidate.tree)
        found = affected(reads, difference, repo, project.base.tree)
        if found.tests is None:
            return found.why
        return {test.rpartition("::")[2] for test in found.tests}, set(found.files)

    return impact_of


NEW_TEST = "from lib import core\n\n\ndef test_more():\n    assert core.size([])\n"


def test_a_new_test_file_is_run_alone(impact_of):
    assert impact_of({"tests/test_new.py": NEW_TEST}) == (set(), {"tests/test_new.py"})


def test_new_tests_that_change_what_lasts_concern_those_who_find_it(impact_of):
    text = NEW_TEST + "\n\ndef test_state():\n    core.STATE.append(1)\n"
    tests, _ = impact_of({"tests/test_new.py": text})
    assert {"test_size", "test_numbers"} <= tests


def test_a_new_module_that_nobody_looked_for_concerns_nobody(impact_of):
    assert impact_of({"lib/fresh.py": "def f():\n    return 1\n"}) == (set(), set())
    assert impact_of({"scripts/more.py": "print(2)\n"}) == (set(), set())


def test_a_new_module_concerns_those_who_execute_what_imports_it(impact_of):
    fresh = {"lib/fresh.py": "def f():\n    return 1\n"}
    use = {"lib/core.py": ("return [1, 2]", "from lib.fresh import f\n    return [f(), 2]")}
    assert impact_of(fresh, use) == ({"test_numbers"}, set())


def test_a_new_module_that_does_something_when_it_is_imported_concerns_all(impact_of):
    fresh = {"lib/fresh.py": "import lib.core\nlib.core.names()\n"}
    use = {"lib/core.py": ("return [1, 2]", "from lib.fresh import names\n    return [1, 2]")}
    assert "may be felt elsewhere" in impact_of(fresh, use)


def test_a_new_module_that_hides_a_name_of_its_package_concerns_all(impact_of):
    fresh = {"lib/size.py": "def f():\n    return 1\n"}
    use = {"lib/core.py": ("return [1, 2]", "from lib.size import f\n    return [f(), 2]")}
    assert "may hide what its package has" in impact_of(fresh, use)


@pytest.mark.parametrize("path", ["lib/speedups.py", "lib/speedups/__init__.py", "extras.py", "extras/a.dat"])
def test_a_module_that_was_looked_for_concerns_all(impact_of, path):
    assert "was looked for" in impact_of({path: ""})


@pytest.mark.parametrize("path", ["json.py", "tests/lib/a.dat", "src/pytest.py"])
def test_a_module_that_takes_another_s_place_concerns_all(impact_of, path):
    assert "was looked for" in impact_of({path: ""})


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("tests/__init__.py", "", "makes a package"),
        ("tests/conftest.py", "", "may decide how tests are run"),
        ("lib/test_inside.py", NEW_TEST, "is one of the tests is not known"),
        ("tests/more/test_new.py", NEW_TEST, "is one of the tests is not known"),
        ("tests/test_new.py", "from lib import core\n\ncore.names()\n", "may be felt elsewhere"),
        ("tests/test_new.py", "def test_(:\n", "cannot be parsed"),
        ("docs/test_words.txt", ">>> 1\n", "doctests are looked for"),
    ],
)
def test_what_a_new_file_does_cannot_always_be_told(impact_of, path, text, why):
    assert why in impact_of({path: text})


def test_new_data_concerns_those_who_looked_for_it_or_list_its_directory(impact_of):
    assert impact_of({"lib/settings.json": "{}"}) == ({"test_settings"}, set())
    assert impact_of({"lib/local.json": "{}"}) == ({"test_local"}, set())
    assert impact_of({"lib/plugins/c.dat": ""}) == ({"test_names"}, set())
    assert impact_of({"lib/plugins/c/d.dat": ""}) == ({"test_names"}, set())
    assert impact_of({"lib/unheard.json": "{}"}) == (set(), set())


def test_deleted_files_concern_those_who_got_at_them(impact_of):
    # Who asks for any module at all is among them.
    assert impact_of({"lib/helper.py": None}) == ({"test_help", "test_find"}, {"tests/test_helper.py"})
    assert impact_of({"lib/data.json": None}) == ({"test_data"}, set())
    assert impact_of({"scripts/run.py": None}) == (set(), set())
    assert "nothing is known of who reads" in impact_of({"lib/notes.dat": None})
    assert "which has tests, is deleted" in impact_of({"tests/test_helper.py": None})
    assert "made a package" in impact_of({"lib/__init__.py": None})


def test_a_moved_file_is_one_that_goes_and_one_that_comes(impact_of):
    text = FILES["lib/helper.py"]
    tests, files = impact_of({"lib/helper.py": None, "lib/help.py": text})
    assert (tests, files) == ({"test_help", "test_find"}, {"tests/test_helper.py"})


def test_what_tests_are_made_of_runs_them_whole(impact_of):
    tests, files = impact_of({}, {"lib/core.py": ("return 1\n", "return 2\n")})
    assert "test_cases[0]" in tests
    assert "tests/test_cases.py" in files


def test_a_body_that_compiles_with_a_warning_concerns_all(impact_of):
    assert "gives a warning" in impact_of({}, {"lib/core.py": ("return [1, 2]", "return [1, 2] is 1")})


def test_one_test_sees_whether_a_changed_file_can_be_loaded(impact_of):
    tests, _ = impact_of({}, {"lib/core.py": ("return 0", "return 1")})
    assert len(tests) == 1


def test_a_function_that_becomes_a_generator_concerns_all_who_get_at_it(impact_of):
    tests, _ = impact_of({}, {"lib/core.py": ("return [1, 2]", "yield 1")})
    assert {"test_numbers", "test_size"} <= tests
