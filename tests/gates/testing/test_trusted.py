"""Which tree is run, and what of it the candidate had a hand in."""

import pytest

from assay.gates.testing.trusted import literal, pytest_section, subject
from assay.repo.globs import compile_globs

CONFTEST = "import pytest\n"
PYPROJECT = '[project]\nname = "p"\nversion = "1"\n\n[tool.pytest.ini_options]\naddopts = "-q"\n'


@pytest.fixture
def base(project):
    return project({"pyproject.toml": PYPROJECT, "tests/conftest.py": CONFTEST}, from_base=True)


def files(base, changes, renames=None):
    """The files of the tree that would be run."""
    repo = base.toolbox.repo
    got = subject(repo, base.candidate(changes, renames), base.toolbox.policy.tests)
    return got, {entry.path: repo.read(got.tree, entry.path).decode() for entry in repo.files(got.tree)}


def test_without_from_base_the_candidate_s_own_tree_runs(project):
    base = project(from_base=False)
    candidate = base.candidate({"tests/test_lib.py": "x = 1\n"})
    got = subject(base.toolbox.repo, candidate, base.toolbox.policy.tests)
    assert (got.tree, got.restored) == (candidate.tree, ())
    assert got.touched.paths == {"tests/test_lib.py"}


def test_invariant_3_changed_and_deleted_tests_come_back(base):
    for changed in ("x = 1\n", None):
        got, tree = files(base, {"tests/test_lib.py": changed, "lib.py": "y = 2\n"})
        assert tree["tests/test_lib.py"] == base.files["tests/test_lib.py"]
        assert tree["lib.py"] == "y = 2\n"
        assert got.restored == ("tests/test_lib.py",)
        assert got.touched.paths == {"lib.py"}


def test_new_tests_of_the_candidate_stay(base):
    _, tree = files(base, {"tests/test_new.py": "x = 1\n", "tests/data/new.json": "{}"})
    assert {"tests/test_new.py", "tests/data/new.json"} <= tree.keys()


def test_invariant_3_a_renamed_test_is_back_under_its_old_name_only(base):
    changes = {"tests/test_lib.py": None, "tests/unit/test_lib.py": base.files["tests/test_lib.py"]}
    _, tree = files(base, changes, {"tests/test_lib.py": "tests/unit/test_lib.py"})
    assert "tests/test_lib.py" in tree
    assert "tests/unit/test_lib.py" not in tree


@pytest.mark.parametrize(
    "path", ["conftest.py", "tests/conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml"]
)
def test_invariant_3_what_governs_base_tests_is_the_base_s(base, path):
    _, tree = files(base, {path: "x = 1\n"})
    assert tree.get(path) == base.files.get(path)


def test_a_conftest_in_a_directory_of_the_candidate_s_own_stays(base):
    _, tree = files(base, {"tests/new/conftest.py": "x = 1\n"})
    assert "tests/new/conftest.py" in tree


@pytest.mark.parametrize(
    ("path", "text", "back"),
    [
        ("pyproject.toml", PYPROJECT.replace("-q", "-x"), True),
        ("pyproject.toml", PYPROJECT.replace('"1"', '"2"'), False),
        ("pyproject.toml", "[broken", True),
        ("setup.cfg", "[tool:pytest]\naddopts = -x\n", True),
        ("setup.cfg", "[metadata]\nname = p\n", False),
        ("tox.ini", "[pytest]\naddopts = -x\n", True),
        ("tox.ini", "[tox]\nenvlist = py\n", False),
    ],
)
def test_invariant_3_shared_configuration_comes_back_if_pytest_s_part_differs(base, path, text, back):
    got, tree = files(base, {path: text})
    assert tree.get(path) == (base.files.get(path) if back else text)
    assert (path in got.restored) == back


def test_sections_compare_by_meaning():
    assert pytest_section("setup.cfg", b"[tool:pytest]\na = 1\n") == pytest_section(
        "setup.cfg", b"# c\n[metadata]\nx = 1\n[tool:pytest]\na=1"
    )
    assert pytest_section("pyproject.toml", None) is None


@pytest.mark.parametrize("path", ["a[1].py", "a*b?.py", "[!x]/y", "**/z", "plain/path.py"])
def test_literal_globs_match_their_path_alone(path):
    matcher = compile_globs(literal([path]))
    assert matcher.matches(path)
    for other in ("a1.py", "aXbY.py", "z", "q/z", "y/y", path + "x", "x/" + path):
        assert not matcher.matches(other)
