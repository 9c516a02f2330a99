"""Which lines of a candidate are asked about: what it changed in the Python files of the product.

Promises: reads git objects only, in proportion to the diff (invariant 7). Tests are no product: what they say
of themselves is no evidence.
"""

from __future__ import annotations

import posixpath

from assay.gates.testing.run import Watch
from assay.model.candidate import Candidate, Record
from assay.policy.schema import Tests
from assay.repo.diff import added_lines
from assay.repo.globs import compile_globs
from assay.repo.repository import Repository

MOST_LINES = 5000
"""Changed lines of one candidate that are watched; whole files beyond are left out."""
_KIND, _FILE = 0o170000, 0o100000


_BESIDES = frozenset({"conftest.py", "setup.py", "noxfile.py"})
_ASIDE = frozenset({"doc", "docs", "example", "examples", "benchmarks"})
"""Files, and directories at the top, of Python that is no part of what the project's tests are about."""


class Changed(Record, frozen=True, kw_only=True):
    """Files by path, each with its git blob and the changed lines; and those that were too much."""

    files: dict[str, tuple[str, tuple[int, ...]]]
    left_out: tuple[str, ...] = ()

    @property
    def watch(self) -> Watch:
        """As a run wants it."""
        return self.files


def changed(repo: Repository, candidate: Candidate, rules: Tests) -> Changed:
    """The changed lines of a candidate that has a tree."""
    is_test = compile_globs(rules.paths)
    files: dict[str, tuple[str, tuple[int, ...]]] = {}
    left_out: list[str] = []
    room = MOST_LINES
    for change in candidate.changes:
        if change.new_mode & _KIND != _FILE or is_test(change.path) or not _is_product(change.path):
            continue
        lines = tuple(number for number, _ in added_lines(repo, change))
        room -= len(lines)
        if room < 0:
            left_out.append(change.path)
        elif lines:
            files[change.path] = change.new_blob, lines
    return Changed(files=files, left_out=tuple(left_out))


def _is_product(path: str) -> bool:
    at_top = path.split("/", 1)[0]
    return path.endswith(".py") and posixpath.basename(path) not in _BESIDES and at_top not in _ASIDE
