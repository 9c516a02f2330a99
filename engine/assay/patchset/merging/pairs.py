"""Textual conflicts of pairs that syntax settles.

Promises: a conflict is taken back only if the pair's trees merge by syntax, the same either way; one that
stays says why, where syntax has something to say. So many pairs are tried, in the order in which they come,
and no more: where everybody changes the same place, planning would take minutes.
"""

from __future__ import annotations

from msgspec.structs import replace

from assay.model.candidate import Base
from assay.model.report import Conflict
from assay.patchset.merging.trees import Merged, structural_merge
from assay.patchset.overlap import Overlap
from assay.repo.repository import Repository

MOST = 2000
"""Pairs of one run; each takes some hundredths of a second."""


class BySyntax:
    """Settles what it can of the pairs of one run."""

    def __init__(self, repo: Repository, base: Base, most: int = MOST) -> None:
        self._repo = repo
        self._base = base
        self._left = self._most = most

    def unless_merged(self, pair: Overlap, conflict: Conflict | None) -> Conflict | None:
        """`conflict`, unless syntax merges the pair."""
        if conflict is None:
            return None
        if self._left == 0:
            tried = f"more than {self._most} pairs conflict, and no more are tried by syntax"
            return replace(conflict, why=f"{conflict.why}; {tried}")
        self._left -= 1
        assert pair.a.tree is not None and pair.b.tree is not None
        found = structural_merge(self._repo, self._base.tree, pair.a.tree, pair.b.tree)
        if isinstance(found, Merged):
            return None
        return replace(conflict, why=f"{conflict.why}; {found.telling}") if found.telling else conflict
