"""Tests of modules that take another's place."""

from __future__ import annotations

import pytest
from tests.gates.scope_files import changed

from assay.gates.scope_shadows import shadows
from assay.repo.globs import compile_globs

IS_TEST = compile_globs(("tests/**", "**/tests/**", "**/test_*.py"))


def found(path: str, old: str | None = None, packages: tuple[str, ...] = (), old_path: str = "") -> bool:
    file = changed(path, old, "x = 1\n", old_path)
    return any(shadows(file, lambda each: each in packages, IS_TEST))


@pytest.mark.parametrize(
    "path",
    [
        "random.py",
        "src/json/__init__.py",
        "pytest.py",
        "_pytest/__init__.py",
        "tests/unittest.py",
        "tests/unit/typing.py",
        "pluggy.cpython-311-x86_64-linux-gnu.so",
        "src/sitecustomize.py",
        "pkg/usercustomize.py",
        "evil.pth",
    ],
)
def test_a_new_module_under_a_name_that_is_taken(path: str) -> None:
    assert found(path)
    assert found(path, "x = 0\n", old_path="docs/example.py")
    assert not found(path, "x = 0\n")


@pytest.mark.parametrize(
    ("path", "packages"),
    [
        ("src/pkg/random.py", ()),
        ("pkg/types.py", ()),
        ("tests/random.py", ("tests/__init__.py",)),
        ("tests/random.txt", ()),
        ("docs/code.py", ()),
        ("src/mine.py", ()),
    ],
)
def test_the_same_name_where_no_import_begins_is_none(path: str, packages: tuple[str, ...]) -> None:
    assert not found(path, packages=packages)
