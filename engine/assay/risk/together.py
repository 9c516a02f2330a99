"""The risk of a set: of its members, of what they have in common, and of what only their meeting breaks.

Promises: pure; what members come to by themselves lies within the bounds that hold whatever the dependence
(Frechet): no less than the riskiest of them, no more than their sum. Contributions add up to the result.

One minus a product would take members for strangers. Changes that touch a file in common tend to be mended
together or not at all, so that a set of them holds a defect less often than strangers of the same risk would;
and two changes that are each right can break something where they meet, which no member's own risk knows of.

The first is the second-order expansion of the joint distribution of correlated events (Bahadur 1961):
P(none) = prod(1 - p_i) (1 + sum over pairs of rho_ij sqrt(p_i p_j / ((1 - p_i)(1 - p_j)))).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log1p, prod, sqrt

from assay.model.candidate import Record
from assay.model.risk import Contribution

SHARING = 0.07
"""Correlation of later fixes between two changes of one repository within 14 days that touch a file in
common, beyond what their sizes and histories explain: the median of seven repositories (37,268 pairs, over
all of which it is .12)."""

STRANGE = 0.02
"""The same of two changes that touch no file in common (135,361 pairs of the same repositories)."""

MEETING = 1 / 84
"""The share of pairs that overlap, merge as text and yet fail together: 1 of 84 real pairs."""

_CERTAIN = 1 - 1e-9


class Member(Record, frozen=True, kw_only=True):
    """One member of a set: its id, the name to show, and its own probability of a defect."""

    id: str
    name: str
    probability: float


def together(
    members: Sequence[Member], meeting: Collection[frozenset[str]], escape: float
) -> tuple[float, tuple[Contribution, ...]]:
    """The probability that the set holds a defect, and what makes it up.

    `meeting` are the pairs of ids that share files or names; `escape` is the chance (0..1) that the tests,
    which the set has passed as a whole, let a defect of such a meeting through.
    """
    chances = [min(member.probability, _CERTAIN) for member in members]
    alone = 1 - prod(1 - chance for chance in chances)
    related = _clamped(1 - (1 - alone) * (1 + _dependence(members, chances, meeting)), chances)
    every = 1 - (1 - related) * (1 - MEETING * escape) ** len(meeting)
    parts = [*_shares(members, chances, alone)]
    if round(related - alone, 6):
        parts.append(
            Contribution(
                feature="in common",
                value=len(meeting),
                effect=related - alone,
                words="what its members have in common is one risk, not several",
            )
        )
    if meeting:
        pairs = f"{len(meeting)} pair{'s' if len(meeting) > 1 else ''}"
        parts.append(
            Contribution(
                feature="meeting",
                value=len(meeting),
                effect=every - related,
                words=f"{pairs} of members meet in files or names, and tests may miss what breaks there",
            )
        )
    return every, tuple(parts)


def _dependence(
    members: Sequence[Member], chances: Sequence[float], meeting: Collection[frozenset[str]]
) -> float:
    """The sum over pairs, by one pass for strangers and one correction for each pair that meets."""
    tilts = [sqrt(chance / (1 - chance)) for chance in chances]
    by_id = {member.id: tilt for member, tilt in zip(members, tilts, strict=True)}
    strangers = STRANGE * (sum(tilts) ** 2 - sum(tilt * tilt for tilt in tilts)) / 2
    close = sum(prod(by_id.get(each, 0.0) for each in pair) for pair in meeting)
    return strangers + (SHARING - STRANGE) * close


def _clamped(probability: float, chances: Sequence[float]) -> float:
    return min(max(probability, *chances, 0.0), sum(chances), 1.0)


def _shares(members: Sequence[Member], chances: Sequence[float], alone: float) -> list[Contribution]:
    """Each member's part of what strangers would come to, largest first."""
    weights = [-log1p(-chance) for chance in chances]
    whole = sum(weights) or 1.0
    parts = [
        Contribution(
            feature=f"member: {member.id}",
            value=member.probability,
            effect=alone * weight / whole,
            words=f"{member.name}, {member.probability:.1%} by itself",
        )
        for member, weight in zip(members, weights, strict=True)
    ]
    return sorted(parts, key=lambda part: -part.effect)
