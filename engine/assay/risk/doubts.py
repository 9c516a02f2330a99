"""Why a probability should be doubted: what of a change or repository the model has not seen the like of.

Promises: pure; every doubt is a sentence with the width that it adds to the interval, as a standard deviation
in log-odds; independent doubts add up as variances do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import hypot

from assay.risk.edits import Edited
from assay.risk.history.past import RepositoryPast
from assay.risk.model import Model

Doubt = tuple[str, float]

_YOUNG_DAYS, _YOUNG_CHANGES = 365, 200


def doubts(
    model: Model, features: Mapping[str, float], what: Edited, past: RepositoryPast | None, why: str
) -> tuple[tuple[str, ...], float]:
    """The sentences, and the standard deviation in log-odds that they come to.

    `past` is what is known of the repository; where the model does without it, `why` may say why.
    """
    found = [*_of_change(model, features, what), *_of_repository(model, past, why)]
    width = hypot(model.spread.known, *(width for _, width in found))
    return (*model.notes, *(sentence for sentence, _ in found)), width


def _of_change(model: Model, features: Mapping[str, float], what: Edited) -> Iterator[Doubt]:
    spread = model.spread
    if not what.files:
        yield "it touches no program text; the model was fitted to changes that do", spread.beyond
    elif "fresh" in model.features and not features["fresh"]:
        yield (
            "it adds no code that a later fix could touch; what it breaks by taking away is another event",
            spread.beyond,
        )
    if what.foreign:
        yield (
            f"{what.foreign} of its {len(what.files)} program files are in other languages than Python, "
            "which is all that the model has seen",
            spread.foreign,
        )
    if what.unread:
        yield f"{what.unread} of its files are too large to be looked into", spread.beyond
    outside = [each.words for each in model.ranges if not each.low <= features[each.feature] <= each.high]
    if outside:
        yield (
            f"unlike 99 % of the changes that the model was fitted to: {', '.join(outside)}",
            spread.beyond,
        )


def _of_repository(model: Model, past: RepositoryPast | None, why: str) -> Iterator[Doubt]:
    if why:
        yield why, model.spread.blind
    elif past is not None and (past.days < _YOUNG_DAYS or past.changes < _YOUNG_CHANGES):
        changes = "1 change" if past.changes == 1 else f"{past.changes} changes"
        counted = f"{changes} to its program in {past.days:.0f} days"
        young = past.days < _YOUNG_DAYS
        yield f"the repository {'is young' if young else 'has seen little'}: {counted}", model.spread.young
