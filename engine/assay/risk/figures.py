"""How good probabilities are, against what happened.

Promises: pure; `chances` and `outcomes` run side by side; ties share their ranks. Where a figure has no
meaning (only one kind of outcome) it is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

from assay.model.candidate import Record


class Figures(Record, frozen=True, kw_only=True):
    """AUC (of all, and the mean within tenths by size), Brier score, expected calibration error over ten bins
    of equal number, and the share of events among the riskiest 5, 10 and 30 %."""

    changes: int
    events: int
    auc: float
    within: float
    brier: float
    ece: float
    caught: tuple[float, float, float]


def figures(chances: Sequence[float], outcomes: Sequence[bool], sizes: Sequence[float]) -> Figures:
    """All of them at once. `sizes` are the changed lines that the tenths are made by."""
    return Figures(
        changes=len(chances),
        events=sum(outcomes),
        auc=auc(chances, outcomes),
        within=within_tenths(chances, outcomes, sizes),
        brier=brier(chances, outcomes),
        ece=ece(chances, outcomes),
        caught=(
            caught(chances, outcomes, 0.05),
            caught(chances, outcomes, 0.1),
            caught(chances, outcomes, 0.3),
        ),
    )


def auc(chances: Sequence[float], outcomes: Sequence[bool]) -> float:
    """The chance that an event was given a higher probability than what was none (Mann and Whitney 1947)."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    events = sum(outcomes)
    others = len(order) - events
    if not events or not others:
        return nan
    ranks, start = 0.0, 0
    while start < len(order):
        end = start
        while end < len(order) and chances[order[end]] == chances[order[start]]:
            end += 1
        ranks += (start + end + 1) / 2 * sum(outcomes[order[index]] for index in range(start, end))
        start = end
    return (ranks - events * (events + 1) / 2) / (events * others)


def within_tenths(chances: Sequence[float], outcomes: Sequence[bool], sizes: Sequence[float]) -> float:
    """The mean AUC within tenths of changes of like size: what is known beyond size."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    parts = [order[len(order) * part // 10 : len(order) * (part + 1) // 10] for part in range(10)]
    found = [auc([chances[i] for i in part], [outcomes[i] for i in part]) for part in parts]
    known = [value for value in found if not isnan(value)]
    return sum(known) / len(known) if known else nan


def brier(chances: Sequence[float], outcomes: Sequence[bool]) -> float:
    """The mean squared difference (Brier 1950)."""
    if not chances:
        return nan
    pairs = zip(chances, outcomes, strict=True)
    return sum((chance - outcome) ** 2 for chance, outcome in pairs) / len(chances)


def ece(chances: Sequence[float], outcomes: Sequence[bool], bins: int = 10) -> float:
    """The mean distance between promised and seen frequency over bins of equal number."""
    if not chances:
        return nan
    order = sorted(range(len(chances)), key=chances.__getitem__)
    total = 0.0
    for part in range(bins):
        of = order[len(order) * part // bins : len(order) * (part + 1) // bins]
        total += abs(sum(chances[i] for i in of) - sum(outcomes[i] for i in of))
    return total / len(order)


def caught(chances: Sequence[float], outcomes: Sequence[bool], share: float) -> float:
    """The part of all events that is among the riskiest `share` of changes."""
    order = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
    events = sum(outcomes)
    return sum(outcomes[i] for i in order[: int(share * len(order))]) / events if events else nan
