from __future__ import annotations

from itertools import permutations
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.risk.model import Model, Split, Spread, shipped, sigmoid
from assay.risk.shapley import shares

NAMES = ("a", "b", "c", "d", "e")
GROUPS = ("x", "x", "y", "z", "z")

trees = st.recursive(
    st.floats(-1, 1),
    lambda inner: st.builds(Split, st.integers(0, 4), st.floats(-2, 2), inner, inner),
    max_leaves=8,
)
points = st.tuples(*[st.floats(-3, 3)] * 5)


def model_of(found, reference) -> Model:
    return Model(
        name="t",
        version="1",
        event="e",
        features=NAMES,
        groups=GROUPS,
        reference=reference,
        trees=tuple(found),
        intercept=-1.0,
        slope=1.3,
        spread=Spread(known=0.3, young=0.3, beyond=0.3, blind=0.3, foreign=0.3),
    )


def by_definition(model: Model, values) -> dict[str, float]:
    """The average over all orders in which the groups are changed, asking the model each time."""
    names = sorted(set(GROUPS))
    found = dict.fromkeys(names, 0.0)

    def worth(changed) -> float:
        mixed = [
            v if group in changed else r for v, r, group in zip(values, model.reference, GROUPS, strict=True)
        ]
        return sigmoid(model.logit(mixed))

    for order in permutations(names):
        for place, name in enumerate(order):
            found[name] += worth(order[: place + 1]) - worth(order[:place])
    return {name: total / factorial(len(names)) for name, total in found.items()}


@given(st.lists(trees, min_size=1, max_size=4), points, points)
def test_shares_are_those_of_the_definition(found, reference, values) -> None:
    model = model_of(found, reference)
    base, parts = shares(model, values)
    assert base == pytest.approx(sigmoid(model.logit(reference)))
    assert parts == pytest.approx(by_definition(model, values), abs=1e-9)
    assert base + sum(parts.values()) == pytest.approx(sigmoid(model.logit(values)))


def test_an_ordinary_change_has_no_contributions() -> None:
    model = shipped("later-fix")
    base, parts = shares(model, model.reference)
    assert base == pytest.approx(sigmoid(model.logit(model.reference)))
    assert set(parts.values()) == {0.0}
