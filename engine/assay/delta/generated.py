"""Which files nobody writes by hand: lock files, vendored code, and what the base marks as generated.

Promises: pure; a mark counts only if it is on the base, in a comment near the top, so that no change can hide
itself by one.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from assay.delta.content import Content
from assay.model.expressions import expression

_LOCKS = frozenset(
    {
        "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "npm-shrinkwrap.json", "bun.lockb", "poetry.lock",
        "uv.lock", "pdm.lock", "Pipfile.lock", "Cargo.lock", "Gemfile.lock", "composer.lock", "flake.lock",
        "go.sum",
    }
)  # fmt: skip
_VENDORED = frozenset({"vendor", "vendored", "_vendor", "_vendored", "third_party", "node_modules"})
_MARK = expression(
    rb"^\s*(?:#|//|/?\*|--|;|<!--).*(?:@generated\b|\bDO NOT EDIT\b|\b[Aa]uto(?:matically |-)?generated\b)",
    re.MULTILINE,
)
_HEAD = 1000


def is_generated(file: Content) -> bool:
    """Whether a file is a lock file, vendored, or marked as generated on the base."""
    pure = PurePosixPath(file.path)
    if pure.name in _LOCKS or _VENDORED & set(pure.parts[:-1]):
        return True
    return bool(file.old and _MARK.search(file.old[:_HEAD]))
