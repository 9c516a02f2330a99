"""Which candidate stands for which, and how many came to the same.

Promises: pure. A candidate stands for those of equal tree, and for those equal up to comments and formatting
that took a gate's answer from it and came to the same decision; every candidate is counted exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from assay.model.candidate import Candidate, Record
from assay.model.report import EqualUpTo
from assay.model.verdict import Verdict


class Standing(Record, frozen=True, kw_only=True):
    """`equivalent_to` stands for this candidate; or it stands for `votes` candidates, itself included."""

    equivalent_to: str | None = None
    up_to: EqualUpTo | None = None
    votes: int = 0


def standings(candidates: Sequence[Candidate], verdicts: Sequence[Verdict]) -> Mapping[str, Standing]:
    """The standing of each candidate, by id."""
    decided = {verdict.candidate: verdict for verdict in verdicts}
    found: dict[str, tuple[str, EqualUpTo]] = {}
    for candidate in candidates:
        leader = _leader(decided[candidate.id])
        if candidate.equivalent_to is not None:
            found[candidate.id] = (candidate.equivalent_to, EqualUpTo.TREE)
        # It may have been rejected for its own layout, or its leader by a gate that came later.
        elif leader in decided and decided[leader].decision is decided[candidate.id].decision:
            found[candidate.id] = (leader, EqualUpTo.FORMATTING)
    votes = Counter(_root(candidate.id, found) for candidate in candidates)
    return {
        candidate.id: Standing(
            equivalent_to=found[candidate.id][0] if candidate.id in found else None,
            up_to=found[candidate.id][1] if candidate.id in found else None,
            votes=votes[candidate.id],
        )
        for candidate in candidates
    }


def _leader(verdict: Verdict) -> str:
    """Whose answer this verdict rests on besides its own candidate's; empty if nobody's."""
    return next((result.equivalent_to for result in verdict.gates if result.equivalent_to), "")


def _root(identity: str, found: Mapping[str, tuple[str, EqualUpTo]]) -> str:
    seen = {identity}
    while identity in found and found[identity][0] not in seen:
        identity = found[identity][0]
        seen.add(identity)
    return identity
