"""Which files run, and the command line for that."""

import pytest
from tests.gates.testing.fake import Project

from assay.gates.testing.selection import collectable, narrowed

FILES = {
    "tests/test_a.py": "",
    "tests/unit/test_b.py": "",
    "tests/pytest.ini": "",
    "-odd/test_c.py": "",
    "slow": "",
}


@pytest.fixture
def project(tmp_path):
    def make(files=None):
        return Project(tmp_path, {**FILES, **(files or {})})

    return make


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        ((), ()),
        (("tests",), ()),
        (("-q", "tests/unit", "--strict-markers", "tests/test_a.py::test_x"), ("-q", "--strict-markers")),
        (("-c", "tests/pytest.ini", "tests/"), ("-c", "tests/pytest.ini")),
        (("-m", "slow", "."), ("-m", "slow")),
        (("--ignore", "tests/unit", "tests"), ("--ignore", "tests/unit")),
        (("--ignore=tests/unit", "tests"), ("--ignore=tests/unit",)),
        (("-k", "tests"), ("-k", "tests")),
        (("--pyargs", "package.tests"), ("--pyargs", "package.tests")),
        (("/elsewhere",), ("/elsewhere",)),
    ],
)
def test_places_to_look_give_way_and_all_else_stays(project, args, kept):
    made = project()
    repo, tree = made.toolbox.repo, made.base.tree
    assert narrowed(repo, tree, args, ["tests/test_a.py"]) == (*kept, "tests/test_a.py")


def test_a_file_that_looks_like_an_option_is_spelled_out(project):
    made = project()
    assert narrowed(made.toolbox.repo, made.base.tree, (), ["-odd/test_c.py"]) == ("./-odd/test_c.py",)


PATHS = ["x/test_a.py", "x/a_test.py", "x/check_a.py", "x/conftest.py", "x/data.json", "x/testing.py"]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, ["x/a_test.py", "x/test_a.py"]),
        (
            {"pytest.ini": "[pytest]\npython_files = check_*.py testing.py\n"},
            ["x/check_a.py", "x/testing.py"],
        ),
        ({"setup.cfg": "[tool:pytest]\npython_files = x/t*.py\n"}, ["x/test_a.py", "x/testing.py"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n"}, ["x/check_a.py"]),
        (
            {
                "pytest.ini": "[pytest]\npython_files = check_*.py\n",
                "tox.ini": "[pytest]\npython_files=t*.py\n",
            },
            ["x/check_a.py"],
        ),
        ({"pyproject.toml": "not toml ["}, ["x/a_test.py", "x/test_a.py"]),
    ],
)
def test_test_files_are_told_as_the_project_says(project, settings, found):
    made = project(settings)
    assert list(collectable(made.toolbox.repo, made.base.tree, PATHS)) == found
