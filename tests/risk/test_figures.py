from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.risk.calibrate import fit_line
from assay.risk.figures import auc, brier, caught, ece, figures, within_tenths
from assay.risk.model import sigmoid

pairs = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40)


@given(pairs)
def test_auc_is_the_share_of_pairs_in_order(found) -> None:
    chances, outcomes = [c / 5 for c, _ in found], [o for _, o in found]
    events = [c for c, o in zip(chances, outcomes, strict=True) if o]
    others = [c for c, o in zip(chances, outcomes, strict=True) if not o]
    if not events or not others:
        assert isnan(auc(chances, outcomes))
        return
    won = sum((e > o) + (e == o) / 2 for e in events for o in others)
    assert auc(chances, outcomes) == pytest.approx(won / len(events) / len(others))


def test_what_only_knows_size_knows_nothing_within_sizes() -> None:
    sizes = [float(n) for n in range(1000)]
    outcomes = [n % 3 == 0 for n in range(1000)]
    assert auc(sizes, outcomes) == pytest.approx(0.5, abs=0.01)
    assert within_tenths(sizes, outcomes, sizes) == pytest.approx(0.5, abs=0.03)
    assert within_tenths([float(o) for o in outcomes], outcomes, sizes) == 1.0


def test_calibration_error_and_brier() -> None:
    outcomes = [n % 4 == 0 for n in range(400)]
    assert ece([0.25] * 400, outcomes) == pytest.approx(0.0)
    assert ece([0.45] * 400, outcomes) == pytest.approx(0.2)
    assert brier([1.0, 0.0], [True, False]) == 0.0
    assert caught([0.9, 0.1, 0.2, 0.3], [True, False, True, False], 0.25) == 0.5
    assert figures([0.2] * 10, [True] + [False] * 9, [1.0] * 10).events == 1


def test_the_line_undoes_a_known_distortion_where_there_is_much_and_not_where_there_is_little() -> None:
    logits = [-4 + n % 600 / 100 for n in range(60_000)]
    outcomes = [(n * 0.618033988749) % 1 < sigmoid(-0.7 + 1.2 * x) for n, x in enumerate(logits)]
    much = fit_line(logits, outcomes)
    assert (much.intercept, much.slope) == (pytest.approx(-0.7, abs=0.06), pytest.approx(1.2, abs=0.06))
    little = fit_line(logits[:3], outcomes[:3])
    assert abs(little.intercept) < 0.4
    assert abs(little.slope - 1) < 0.2
