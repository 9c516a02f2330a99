"""Find pairs of candidates that cannot land together.

Promises: nothing is run and nothing is checked out; pairs that do not overlap are cleared without a merge;
the result does not depend on anything but the base and the candidates, and is in their order. A pair is
reported once, by the first detector that proves a conflict. Later kinds (structural, semantic) are further
detectors in `DETECTORS`, cheapest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.model.candidate import Base, Candidate
from assay.model.report import Conflict
from assay.patchset.overlap import Overlap, overlaps
from assay.patchset.textual import textual
from assay.repo.repository import Repository

Detector = Callable[[Overlap], Conflict | None]
"""Looks at one overlapping pair and answers with a proven conflict, or None."""

DETECTORS: tuple[Callable[[Repository, Base], Detector], ...] = (textual,)
"""What makes the detectors of one run, which may remember what they learn of each candidate."""


def find(repo: Repository, base: Base, candidates: Sequence[Candidate]) -> tuple[Conflict, ...]:
    """The conflicts among `candidates`, all of them applied to `base`. Those without a tree, and all but the
    first of equal trees, take no part. Raises `ValueError` for a candidate on another base."""
    distinct: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.base.tree != base.tree:
            raise ValueError(f"{candidate.id} was applied to another base")
        if candidate.tree is not None:
            distinct.setdefault(candidate.tree, candidate)
    detectors = [make(repo, base) for make in DETECTORS]
    found = (_first(detectors, pair) for pair in overlaps(list(distinct.values())))
    return tuple(conflict for conflict in found if conflict is not None)


def _first(detectors: Sequence[Detector], pair: Overlap) -> Conflict | None:
    for detector in detectors:
        conflict = detector(pair)
        if conflict is not None:
            return conflict
    return None
