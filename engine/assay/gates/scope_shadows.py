"""Scope rule: new modules that take the place of the standard library's, or of the test runner's own.

Promises: pure, given a way to ask whether a path is in the candidate's tree. Only names at places where
imports begin count: the root, `src`, and directories of tests that are no packages (pytest puts these first
on the path).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from assay.gates.scope_types import ChangedFile, Hit

Exists = Callable[[str], bool]
"""Whether the candidate's tree has something at a path."""

_RUNNERS = frozenset(
    {
        "pytest",
        "_pytest",
        "py",
        "pluggy",
        "iniconfig",
        "packaging",
        "exceptiongroup",
        "tomli",
        "colorama",
        "xdist",
    }
)
_START_UP = frozenset({"sitecustomize", "usercustomize"})
_ROOTS = frozenset({"", "src", "lib", "python"})
_MODULES = frozenset({".py", ".pyc", ".so", ".pyd"})


def shadows(file: ChangedFile, exists: Exists, is_test: Callable[[str], bool]) -> Iterator[Hit]:
    """A hit for a file that is new under a name that something else already answers to."""
    change = file.change
    if not change.new_mode or (change.path == change.old_path and change.old_mode):
        return
    path = PurePosixPath(change.path)
    if path.suffix == ".pth":
        yield _hit(change.path, "Python reads this file at its start, and may run what it says", path.name)
    if path.suffix not in _MODULES:
        return
    stem, place = path.name.partition(".")[0], path.parent
    if stem == "__init__":
        stem, place = place.name, place.parent
    where = "" if str(place) == "." else str(place)
    known = stem in sys.stdlib_module_names or stem in _RUNNERS
    if known and _is_import_root(where, exists, is_test):
        what = "the standard library" if stem in sys.stdlib_module_names else "the test runner"
        yield _hit(change.path, f"a module named as one of {what} ({stem})", stem)
    elif stem in _START_UP:
        yield _hit(change.path, f"Python runs this file at its start ({stem})", stem)


def _is_import_root(place: str, exists: Exists, is_test: Callable[[str], bool]) -> bool:
    if place in _ROOTS:
        return True
    return is_test(f"{place}/test_any.py") and not exists(f"{place}/__init__.py") and _holds_tests(place)


def _holds_tests(place: str) -> bool:
    return any("test" in part.lower() for part in place.split("/"))


def _hit(path: str, message: str, what: str) -> Hit:
    return Hit(rule="scope/shadows", path=path, message=message, what=what)
