from __future__ import annotations

import pytest
from msgspec.structs import replace

from assay.risk.features import DIFF, GROUPS, HISTORY
from assay.risk.model import SHIPPED, Model, Split, log_odds, shipped, sigmoid


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_whole(name: str) -> None:
    model = shipped(name)
    model.check()
    assert model.name == name
    assert set(model.features) <= {*DIFF, *HISTORY}
    assert set(model.groups) <= set(GROUPS)
    assert {each.feature for each in model.ranges} <= set(model.features)
    assert 0 < sigmoid(model.logit(model.reference)) < 0.2


def test_without_history_only_the_diff_is_asked_for() -> None:
    assert shipped("later-fix-diff").features == DIFF
    assert shipped("later-fix").features == DIFF + HISTORY


@pytest.mark.parametrize("feature", ["fresh", "calls", "fixed_lately_most", "repository_fix_share"])
def test_more_of_it_is_never_safer(feature: str) -> None:
    model = shipped("later-fix")
    ordinary = dict(zip(model.features, model.reference, strict=True))
    found = [model.probability({**ordinary, feature: value / 10}) for value in range(0, 4000, 37)]
    assert found == sorted(found)


def test_a_tree_over_no_feature_is_refused() -> None:
    broken = replace(shipped("reverted"), trees=(Split(99, 0.5, 0.1, 0.2),))
    with pytest.raises(ValueError, match="feature"):
        broken.check()


def test_odds_and_probabilities() -> None:
    assert sigmoid(log_odds(0.25)) == pytest.approx(0.25)
    assert (sigmoid(-1e4), sigmoid(1e4)) == (0.0, 1.0)
    assert Model.__struct_fields__[:3] == ("name", "version", "event")
