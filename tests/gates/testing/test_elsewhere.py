"""Tests that import the project from somewhere else say nothing of a change."""

import pytest

from assay.gates.testing.elsewhere import elsewhere
from assay.gates.testing.records import Learned
from assay.repo.globs import compile_globs

SRC = {"src/pkg/__init__.py": "", "src/pkg/core.py": "x = 1\n", "tests/test_a.py": ""}
FLAT = {"pkg/__init__.py": "", "pkg/core.py": "x = 1\n", "tool.py": "", "code.py": "", "docs/conf.py": ""}


def found(base, change, *, installed=(), others=()):
    candidate = base.candidate({change: "x = 2\n"})
    is_test = compile_globs(base.toolbox.policy.tests.paths)
    learned = Learned(n=0, installed=tuple(installed), others=tuple(others))
    return elsewhere(base.toolbox.repo, candidate.base.tree, candidate.changes, is_test, learned)


@pytest.mark.parametrize(
    ("files", "change", "name"),
    [
        (SRC, "src/pkg/core.py", "pkg"),
        (SRC, "src/pkg/new.py", "pkg"),
        (FLAT, "pkg/core.py", "pkg"),
        (FLAT, "tool.py", "tool"),
    ],
)
def test_a_package_that_is_installed_besides_the_tree_is_named(project, files, change, name):
    assert found(project(files), change, installed=["pkg", "pkg.core", "tool"]) == name


@pytest.mark.parametrize(
    ("files", "change", "installed", "others"),
    [
        (SRC, "src/pkg/core.py", [], []),  # imported in tests only, or by nobody
        (SRC, "src/pkg/core.py", ["pkg.plugin"], ["src/pkg/__init__.py"]),  # as the tree has it
        (SRC, "tests/test_a.py", ["pkg"], []),
        (SRC, "README.md", ["pkg"], []),
        (FLAT, "code.py", ["code"], []),  # the library's, whatever is in the tree
        (FLAT, "docs/conf.py", ["pkg", "docs"], []),
        (FLAT, "fresh.py", ["fresh"], []),  # the base has no such module: `shadows` looks at that
    ],
)
def test_what_is_not_the_projects_own_from_elsewhere_is_no_matter(project, files, change, installed, others):
    assert found(project(files), change, installed=installed, others=others) == ""


def test_a_run_that_told_nothing_tells_nothing(project):
    base = project(SRC)
    candidate = base.candidate({"src/pkg/core.py": "x = 2\n"})
    is_test = compile_globs(base.toolbox.policy.tests.paths)
    assert elsewhere(base.toolbox.repo, candidate.base.tree, candidate.changes, is_test, None) == ""
