"""Which tree is run, and what of it the candidate had a hand in."""

import pytest
from msgspec import structs

from assay.gates.testing.trusted import changed_tests, literal, own_files, subject, with_base_tests
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


def test_invariant_3_new_tests_of_the_candidate_are_absent_and_listed(base):
    new = {"tests/test_new.py": "x = 1\n", "tests/data/new.json": "{}"}
    got, tree = files(base, {**new, "lib.py": "y = 2\n"})
    assert not new.keys() & tree.keys()
    assert got.absent == ("tests/data/new.json", "tests/test_new.py")
    assert (got.restored, got.touched.paths) == ((), {"lib.py"})


def test_a_user_s_word_leaves_the_candidate_s_tests_as_they_are(project):
    base = project(from_base=True, trust=True)
    got, tree = files(base, {"tests/test_lib.py": "x = 1\n", "tests/test_new.py": "x = 1\n"})
    assert tree["tests/test_lib.py"] == tree["tests/test_new.py"] == "x = 1\n"
    assert (got.restored, got.absent, got.touched.trusted) == ((), (), False)


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


@pytest.mark.parametrize(
    "path",
    [
        "src/new/conftest.py",
        "sitecustomize.py",
        "src/usercustomize/__init__.py",
        "evil.pth",
        "__pycache__/lib.cpython-311.pyc",
        "src/lib.pyc",
        "evil.egg-info/entry_points.txt",
        "src/evil-1.0.dist-info/entry_points.txt",
        "evil.egg-link",
    ],
)
def test_invariant_3_nothing_of_the_candidate_runs_before_the_tests_do(base, path):
    got, tree = files(base, {path: "x = 1\n"})
    assert path not in tree
    assert got.absent == (path,)


def test_invariant_3_the_file_that_tests_args_names_is_the_base_s(project):
    base = project({"ci/py.cfg": "[pytest]\n"}, from_base=True, args=("-c", "./ci/py.cfg"))
    got, _ = files(base, {"ci/py.cfg": "[pytest]\naddopts = -x\n"})
    assert got.restored == ("ci/py.cfg",)


def test_invariant_3_a_link_in_place_of_the_tests_gives_way_to_them(base):
    repo = base.toolbox.repo
    names = dict(repo.entries(base.tree))
    del names[b"tests"]
    names[b"mine"] = repo.entries(base.tree)[b"tests"]
    names[b"tests"] = (0o120000, repo.write_blob(b"mine"))
    candidate = structs.replace(
        base.candidate({path: None for path in base.files if path.startswith("tests/")}),
        tree=repo.write_tree(names),
    )
    got = subject(repo, candidate, base.toolbox.policy.tests)
    assert repo.read(got.tree, "tests/test_lib.py") == base.files["tests/test_lib.py"].encode()
    assert repo.entry(got.tree, "tests").mode == 0o040000


def test_the_base_s_tests_can_be_had_whatever_the_policy_says(project):
    base = project(from_base=False)
    candidate = base.candidate({"tests/test_lib.py": None, "lib.py": "y = 2\n"})
    got = with_base_tests(base.toolbox.repo, candidate, base.toolbox.policy.tests)
    assert got.restored == ("tests/test_lib.py",)
    assert base.toolbox.repo.read(got.tree, "lib.py") == b"y = 2\n"


def names(base, changes, renames=None):
    return changed_tests(base.toolbox.repo, base.candidate(changes, renames), base.toolbox.policy.tests)


def test_changed_tests_are_named_and_added_ones_are_not(base):
    old = base.files["tests/test_lib.py"]
    assert names(base, {"tests/test_lib.py": old + "\n\ndef test_more():\n    pass\n"}) == ()
    assert names(base, {"tests/test_lib.py": f"# moved\n{old}", "lib.py": "x = 1\n"}) == ()
    weak = old.replace("== 4", "> 0")
    assert names(base, {"tests/test_lib.py": weak}) == ("tests/test_lib.py::test_double",)
    assert names(base, {"tests/test_lib.py": None})[-1] == "tests/test_lib.py::test_double"
    assert names(base, {"tests/test_lib.py": "((("}) == ("tests/test_lib.py::<module>",)


def test_a_moved_test_is_no_changed_one_unless_it_leaves_the_tests(base):
    old = base.files["tests/test_lib.py"]
    for new, changed in (("tests/unit/test_lib.py", False), ("attic/lib.py", True)):
        got = names(base, {"tests/test_lib.py": None, new: old}, {"tests/test_lib.py": new})
        assert bool(got) == changed


def test_own_files_are_new_or_changed_tests_only(base):
    changes = {"tests/test_new.py": "x = 1\n", "tests/test_lib.py": None, "lib.py": "", "docs.md": ""}
    candidate = base.candidate(changes)
    assert own_files(base.toolbox.repo, candidate, base.toolbox.policy.tests) == ("tests/test_new.py",)


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
    assert (path in (*got.restored, *got.absent)) == back


@pytest.mark.parametrize("path", ["a[1].py", "a*b?.py", "[!x]/y", "**/z", "plain/path.py"])
def test_literal_globs_match_their_path_alone(path):
    matcher = compile_globs(literal([path]))
    assert matcher.matches(path)
    for other in ("a1.py", "aXbY.py", "z", "q/z", "y/y", path + "x", "x/" + path):
        assert not matcher.matches(other)
