"""Why a model says what it says: exact Shapley values of groups of features, in probability.

The game: a coalition of groups takes its values from the change, all others theirs from an ordinary change
(the model's reference); what it is worth is the model's probability. A group's share is the Shapley value
(Shapley, "A value for n-person games", 1953) of that game: its average effect over all orders in which groups
could have been changed. The shares and the reference's probability add up to the change's.

For every tree, only splits at which change and reference part make a difference; the worth of all coalitions
is then a sum of products, got by one subset-sum transform instead of asking the model for each of them.

Promises: exact but for rounding; groups in which the change is ordinary get nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

from assay.risk.model import Model, Split, Tree, sigmoid

Terms = dict[int, float]
"""Weights of sets of groups (as bits): a coalition is worth the sum of those within it."""


def shares(model: Model, values: Sequence[float]) -> tuple[float, dict[str, float]]:
    """The probability of the ordinary change, and what each group adds to it."""
    names = sorted(set(model.groups))
    bit = {name: 1 << position for position, name in enumerate(names)}
    bits = [bit[group] for group in model.groups]
    terms: Terms = {0: 0.0}
    for tree in model.trees:
        _walk(tree, values, model.reference, bits, 0, 0, terms)
    active = [b for b in bit.values() if any(key & b for key in terms)]
    worth = [sigmoid(model.intercept + model.slope * total) for total in _totals(terms, active)]
    found = dict(zip(active, _shapley(worth, len(active)), strict=True))
    return worth[0], {name: found.get(bit[name], 0.0) for name in names}


def _walk(
    tree: Tree,
    values: Sequence[float],
    reference: Sequence[float],
    bits: Sequence[int],
    within: int,
    without: int,
    terms: Terms,
) -> None:
    """Add the leaves that coalitions with all of `within` and none of `without` can come to."""
    while isinstance(tree, Split):
        mine, ordinary = values[tree.feature] <= tree.at, reference[tree.feature] <= tree.at
        group = bits[tree.feature]
        if mine != ordinary and not (within | without) & group:
            theirs = tree.low if ordinary else tree.high
            _walk(theirs, values, reference, bits, within, without | group, terms)
            within |= group
            tree = tree.low if mine else tree.high
        else:
            tree = tree.low if (mine if within & group else ordinary) else tree.high
    _add(terms, within, without, tree)


def _add(terms: Terms, within: int, without: int, weight: float) -> None:
    """`weight` for every set that holds `within` and nothing of `without`, by inclusion and exclusion."""
    subset = without
    while True:
        sign = -1 if subset.bit_count() & 1 else 1
        key = within | subset
        terms[key] = terms.get(key, 0.0) + sign * weight
        if not subset:
            return
        subset = (subset - 1) & without


def _totals(terms: Terms, active: Sequence[int]) -> list[float]:
    """What each coalition of the active groups is worth."""
    totals = [0.0] * (1 << len(active))
    for key, weight in terms.items():
        totals[sum(1 << place for place, b in enumerate(active) if key & b)] += weight
    for place in range(len(active)):
        step = 1 << place
        for start in range(step, len(totals), step << 1):
            for index in range(start, start + step):
                totals[index] += totals[index - step]
    return totals


def _shapley(worth: Sequence[float], players: int) -> list[float]:
    weights = [
        factorial(size) * factorial(players - size - 1) / factorial(players) for size in range(players)
    ]
    sizes = [index.bit_count() for index in range(len(worth))]
    found: list[float] = []
    for player in range(players):
        step = 1 << player
        total = 0.0
        for start in range(0, len(worth), step << 1):
            for index in range(start, start + step):
                total += weights[sizes[index]] * (worth[index + step] - worth[index])
        found.append(total)
    return found
