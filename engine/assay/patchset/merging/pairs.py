"""Textual conflicts of pairs that syntax settles.

Promises: a conflict is taken back only if the pair's trees merge by syntax, the same either way; one that
stays says why, where syntax has something to say.
"""

from __future__ import annotations

from msgspec.structs import replace

from assay.model.candidate import Base
from assay.model.report import Conflict
from assay.patchset.merging.trees import Merged, structural_merge
from assay.patchset.overlap import Overlap
from assay.repo.repository import Repository


def unless_merged(repo: Repository, base: Base, pair: Overlap, conflict: Conflict | None) -> Conflict | None:
    """`conflict`, unless syntax merges the pair."""
    if conflict is None:
        return None
    assert pair.a.tree is not None and pair.b.tree is not None
    found = structural_merge(repo, base.tree, pair.a.tree, pair.b.tree)
    if isinstance(found, Merged):
        return None
    return replace(conflict, why=f"{conflict.why}; {found.telling}") if found.telling else conflict
