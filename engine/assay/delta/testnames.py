"""Names of test functions in a file, by pytest's and unittest's usual conventions.

Promises: pure, and independent of any policy: a file is a test file by its name (`test_*.py`, `*_test.py`,
`*_tests.py`, `tests.py`), a test is a function `test*` at module level or a method `test*` of a class there.
What a project's own collection rules say is the tests gate's to know.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from assay.delta.outline import Outline, What


def is_test_path(path: str) -> bool:
    """Whether a file is a test file by its name."""
    name = PurePosixPath(path).name
    stem, dot, suffix = name.rpartition(".")
    return (
        bool(dot)
        and suffix == "py"
        and (stem.startswith("test_") or stem.endswith(("_test", "_tests")) or stem == "tests")
    )


def tests_of(outline: Outline, path: str) -> frozenset[str]:
    """The tests of a file as `Class::name` or `name`; none if the file is no test file."""
    if not is_test_path(path):
        return frozenset()
    return frozenset(
        definition.symbol.replace(".", "::")
        for definition in outline.definitions
        if definition.what in (What.FUNCTION, What.METHOD)
        and definition.symbol.rpartition(".")[2].startswith("test")
    )
