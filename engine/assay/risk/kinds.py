"""Which files of a change are its program: source, tests, or neither.

Promises: pure, by the path alone, the same for every repository, so that a figure learned on one can be
used on another.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath

from assay.model.expressions import expression

_PYTHON = frozenset({".py", ".pyx", ".pyi"})
_OTHER_CODE = frozenset(
    [
        ".js",
        ".jsx",
        ".ts",
        ".tsx",
        ".mjs",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".java",
        ".kt",
        ".scala",
        ".rb",
        ".php",
        ".cs",
        ".swift",
        ".sh",
        ".bash",
        ".sql",
        ".lua",
        ".ex",
        ".exs",
        ".vue",
        ".svelte",
    ]
)
_TEST_PARTS = expression(r"(?:^|/)(?:tests?|testing|testsuite|unittests?|t)/", re.I)
_TEST_NAME = expression(r"(?:^|/)(?:test_[^/]*|[^/]*_tests?|conftest|tests?)\.\w+$", re.I)
_DOCS = expression(r"(?:^|/)(?:docs?|examples?|samples?|demos?|tutorials?|docs?_src)/", re.I)


class Kind(StrEnum):
    """What a path is to a change."""

    SOURCE = "source"
    """Python that runs where the product runs."""
    OTHER = "other"
    """Program text in another language."""
    TEST = "test"
    PROSE = "prose"
    """Documentation, examples, data, configuration."""


def kind(path: str) -> Kind:
    """What the file at `path` is."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _PYTHON and suffix not in _OTHER_CODE:
        return Kind.PROSE
    if _TEST_PARTS.search(path) or _TEST_NAME.search(path):
        return Kind.TEST
    if _DOCS.search(path):
        return Kind.PROSE
    return Kind.SOURCE if suffix in _PYTHON else Kind.OTHER
