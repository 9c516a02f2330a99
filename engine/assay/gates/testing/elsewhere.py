"""Whether the base's tests run the project's own modules as they are in the tree, or a copy from elsewhere.

Promises: pure, but for looking paths up in the base's tree. An environment that holds another copy of the
project (installed without `-e`, or from another checkout) passes whatever a candidate breaks: no verdict can
rest on that. What the base's run was not seen to load before its tests began is not told of.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable

from assay.gates.testing.records import Learned
from assay.model.candidate import Change
from assay.repo.globs import Matcher
from assay.repo.repository import Repository

ROOTS = ("src", "lib", "")
"""Where packages begin, the most special first."""


def elsewhere(
    repo: Repository, tree: str, changes: Iterable[Change], is_test: Matcher, learned: Learned | None
) -> str:
    """The package or module that `changes` touch and that the run of the base's `tree` had from outside of
    it; empty if there is none."""
    if learned is None:
        return ""
    outside, inside = frozenset(learned.installed), frozenset(learned.others)
    for change in changes:
        for path in {change.path, change.old_path}:
            if not path.endswith(".py") or is_test(path):
                continue
            top, files = _top(path)
            if top not in outside or top in sys.stdlib_module_names or inside.intersection(files):
                continue
            if any(repo.entry(tree, file) is not None for file in files):
                return top
    return ""


def _top(path: str) -> tuple[str, tuple[str, ...]]:
    """The first word of the name by which a file is imported, and the files that may have that name."""
    root = next(root for root in ROOTS if not root or path.startswith(f"{root}/"))
    top = path.removeprefix(root).lstrip("/").split("/", 1)[0].removesuffix(".py")
    return top, (posixpath.join(root, top, "__init__.py"), posixpath.join(root, f"{top}.py"))
