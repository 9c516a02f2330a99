from __future__ import annotations

import msgspec
import pytest

from assay.model.errors import BadInput
from assay.risk.features import DIFF, GROUPS, HISTORY
from assay.risk.model import SHIPPED, Model, log_odds, read_model, shipped, sigmoid


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_whole(name: str) -> None:
    model = shipped(name)
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


def test_a_model_is_read_back_as_it_was(tmp_path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(msgspec.json.encode(shipped("later-fix")))
    assert read_model(path) == shipped("later-fix")


@pytest.mark.parametrize("text", ["", "{}", '{"name": "x"}', "[1]"])
def test_what_is_no_model_is_refused(tmp_path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(BadInput):
        read_model(path)


def test_a_tree_over_no_feature_is_refused(tmp_path) -> None:
    fields = msgspec.to_builtins(shipped("reverted")) | {"trees": [[99, 0.5, 0.1, 0.2]]}
    path = tmp_path / "m.json"
    path.write_bytes(msgspec.json.encode(fields))
    with pytest.raises(BadInput):
        read_model(path)


def test_odds_and_probabilities() -> None:
    assert sigmoid(log_odds(0.25)) == pytest.approx(0.25)
    assert (sigmoid(-1e4), sigmoid(1e4)) == (0.0, 1.0)
    assert Model.__struct_fields__[:3] == ("name", "version", "event")
