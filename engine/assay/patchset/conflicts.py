"""Find pairs of candidates that cannot land together.

Promises: those of `graph`, of which this is the short way to the edges: a pair is reported once, by the
strongest conflict that was found, proven or suspected.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.candidate import Base, Candidate
from assay.model.report import Conflict
from assay.patchset.graph import graph
from assay.repo.repository import Repository


def find(repo: Repository, base: Base, candidates: Sequence[Candidate]) -> tuple[Conflict, ...]:
    """The conflicts among `candidates`, all of them applied to `base`. Those without a tree, and all but the
    first of equal trees, take no part. Raises `ValueError` for a candidate on another base."""
    return graph(repo, base, candidates).edges
