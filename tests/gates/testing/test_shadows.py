"""Modules added where imports begin, under names that tests are run with."""

import pytest

from assay.gates.testing.shadows import shadowing
from assay.repo.globs import compile_globs


def shadows(base, changes):
    is_test = compile_globs(base.toolbox.policy.tests.paths)
    return shadowing(base.toolbox.repo, base.candidate(changes), is_test)


@pytest.mark.parametrize(
    "path",
    [
        "random.py",
        "src/pytest.py",
        "unittest/__init__.py",
        "_pytest/__init__.py",
        "pluggy.cpython-311-x86_64-linux-gnu.so",
        "tests/json.py",
        "pkg/unit/json.py",
    ],
)
def test_found_where_imports_begin(project, path):
    base = project({"pkg/__init__.py": "", "pkg/unit/test_a.py": ""})
    assert shadows(base, {path: "x = 1\n"}) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        "pkg/types.py",
        "src/pkg/random.py",
        "cmd/main.go",
        "test/__init__.py",
        "random.txt",
        "docs/conf.py",
        "site/index.html",
        "pkg/inner/json.py",
    ],
)
def test_honest_names_are_none(project, path):
    base = project({"pkg/__init__.py": "", "pkg/inner/__init__.py": "", "pkg/inner/test_a.py": ""})
    assert shadows(base, {path: "x = 1\n"}) == ()


def test_what_the_base_has_may_be_changed_and_deleted(project):
    base = project({"json.py": "x = 1\n", "attr/__init__.py": ""})
    assert shadows(base, {"json.py": "x = 2\n", "attr/new.py": "", "attr/__init__.py": None}) == ()


def test_a_directory_that_pytest_puts_on_the_module_path_counts(project):
    base = project({"pytest.ini": "[pytest]\npythonpath = ./lib\n"})
    assert shadows(base, {"lib/random.py": "x = 1\n"}) == ("lib/random.py",)
    assert shadows(base, {"other/random.py": "x = 1\n"}) == ()


def test_the_names_of_the_base_s_own_helpers_count(project):
    base = project({"tests/helpers.py": "x = 1\n"})
    for path in ("tests.py", "helpers.py", "src/helpers.py", "src/test_lib.so"):
        assert shadows(base, {path: "x = 1\n"}) == (path,), path
    assert shadows(base, {"pkg/helpers.py": "", "tests/more.py": "", "more.py": "", "src/new.py": ""}) == ()
