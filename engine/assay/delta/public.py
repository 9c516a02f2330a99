"""Which names others can import, told from paths and names alone.

Promises: pure.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from assay.delta.outline import MODULE
from assay.delta.testnames import is_test_path

_TEST_PARTS = frozenset({"test", "tests", "testing"})
_DUNDER = re.compile(r"__\w+__")


def is_public(path: str, symbol: str) -> bool:
    """Whether no part of the module path or symbol starts with an underscore (double underscores on both
    sides are no sign of privacy), and the file is no test."""
    parts = [*PurePosixPath(path).with_suffix("").parts, *symbol.split(".")]
    private = any(part.startswith("_") and not _DUNDER.fullmatch(part) for part in parts)
    return not (private or in_tests(path) or symbol == MODULE)


def in_tests(path: str) -> bool:
    """Whether a file is a test, or stands among tests."""
    return bool(_TEST_PARTS & set(PurePosixPath(path).parts)) or is_test_path(path)


def is_private(name: str) -> bool:
    """Whether a name, or a part of a dotted one, says that it is nobody else's business."""
    return any(part.startswith("_") and not _DUNDER.fullmatch(part) for part in name.split("."))
