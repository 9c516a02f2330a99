"""What a path may matter for, by its name alone."""

import pytest

from assay.gates.testing import kinds
from assay.model.candidate import ChangeKind


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py",
        "a/pytest.ini",
        "requirements-dev.txt",
        "src/a.egg-info/top_level.txt",
        "b.dist-info/RECORD",
    ],
)
def test_what_decides_how_tests_are_run(path):
    assert kinds.decides(path)


def test_how_another_project_is_built_decides_nothing():
    assert kinds.decides("setup.py")
    assert not kinds.decides("examples/one/setup.py")
    assert kinds.decides("examples/one/setup.py", ChangeKind.ADDED)


@pytest.mark.parametrize("path", ["lib/a.py", "tests/test_a.py", "data.json", "README.md"])
def test_what_does_not(path):
    assert not kinds.decides(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", True),
        (".github/workflows/ci.yml", True),
        ("LICENSE", True),
        ("lib/more.pyi", True),
        ("docs/test_all.txt", False),
        ("lib/a.py", False),
        ("data.json", False),
    ],
)
def test_what_people_read(path, expected):
    assert kinds.for_people(path) is expected


def test_links_and_submodules_are_no_plain_files():
    assert kinds.plain(0o100755)
    assert not kinds.plain(0o120000)
    assert not kinds.plain(0o160000)
