from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace
from tests.risk.conftest import DAY, START

from assay.model.errors import BadInput
from assay.policy.schema import Policy
from assay.policy.stakes import RiskRules
from assay.repo.repository import open_repository
from assay.risk.chosen import Correction, _with, corrected, named, usual
from assay.risk.history.mine import WINDOW, Row
from assay.risk.model import Spread, shipped, sigmoid
from assay.risk.train import train

MODEL = shipped("later-fix")
GOLDEN = 0.618033988749


def rows(count: int, shift: float) -> list[Row]:
    """Commits, one a day, of all sizes, fixed as often as the model says with `shift` in log-odds."""
    ordinary = dict(zip(MODEL.features, MODEL.reference, strict=True))
    found = []
    for number in range(count):
        size = number * 7 % 150
        features = {**ordinary, "fresh": float(size), "code": float(size), "calls": size / 2}
        chance = sigmoid(MODEL.logit(MODEL.values(features)) + shift)
        fixed = (number * GOLDEN) % 1 < chance
        time = START + number * DAY
        found.append(
            Row(commit=str(number), time=time, lines=size, features=features, fixed=(time + DAY) * fixed)
        )
    return found


def until(found: list[Row]) -> int:
    return found[-1].time + WINDOW + 1


def test_a_repository_that_is_fixed_less_is_learnt_and_told_better() -> None:
    found = rows(3000, -1.2)
    trial = train(found, until(found), MODEL)
    assert trial.helped
    assert trial.after.brier < trial.before.brier
    assert trial.after.ece < trial.before.ece
    assert -1.4 < trial.correction.intercept + (trial.correction.slope - 1) * -2.5 < -0.6
    assert trial.correction.known < MODEL.spread.known


def test_one_that_is_as_the_model_says_is_left_about_where_it_is() -> None:
    found = rows(3000, 0.0)
    correction = train(found, until(found), MODEL).correction
    features = dict(zip(MODEL.features, MODEL.reference, strict=True))
    before, after = MODEL.probability(features), corrected(MODEL, correction).probability(features)
    assert after == pytest.approx(before, rel=0.25)


@pytest.mark.parametrize(("count", "words"), [(0, "too short to learn from"), (300, "too short")])
def test_too_little_is_refused_in_one_sentence(count: int, words: str) -> None:
    found = rows(count, 0.0)
    with pytest.raises(BadInput, match=words):
        train(found, START + count * DAY + WINDOW, MODEL)


def test_what_happened_after_the_newest_began_is_not_learnt_from() -> None:
    found = rows(3000, 0.0)
    start = found[int(3000 * 0.7)].time
    late = [replace(row, fixed=start + DAY) if row.time < start < row.time + WINDOW else row for row in found]
    assert train(late, until(found), MODEL).after == train(found, until(found), MODEL).after


CORRECTION = Correction(
    corrects=MODEL.title, intercept=-0.5, slope=1.0, known=0.2, commits=900, fixed=80, until=START
)


@pytest.fixture
def repo(history):
    history.commit(
        "begin",
        0,
        {"m.json": msgspec.json.encode(CORRECTION), "bad.json": b"{}", "x.json": b'{"corrects": 1}'},
    )
    return open_repository(history.path)


def policy(name: str, origin: str) -> Policy:
    return Policy(name="p", risk=RiskRules(model=name), sources={"risk.model": origin})


def test_invariant_3_a_model_of_the_base_is_read_from_the_base(repo, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").write_bytes(b"something that a candidate wrote")
    found = named(policy("m.json", "assay.toml of the base"), repo, repo.head().tree)
    assert found.whole.intercept == pytest.approx(MODEL.intercept - 0.5)
    assert found.whole.title != MODEL.title
    assert found.blind.spread.known == 0.2


def test_a_model_of_the_users_policy_lies_beside_it(repo, tmp_path) -> None:
    whole = replace(MODEL, version="mine")
    (tmp_path / "own.json").write_bytes(msgspec.json.encode(whole))
    found = named(policy("own.json", str(tmp_path / "p.toml")), repo, repo.head().tree)
    assert found.whole == whole


@pytest.mark.parametrize("name", ["bad.json", "x.json", "none.json"])
def test_what_is_no_model_is_refused(repo, name: str) -> None:
    with pytest.raises(BadInput, match=r"risk\.model|neither a risk model"):
        named(policy(name, "assay.toml of the base"), repo, repo.head().tree)


def test_no_name_names_nothing(repo) -> None:
    assert named(Policy(name="p"), repo, repo.head().tree) is None


def test_what_was_trained_here_is_used_unless_it_is_of_another_model(tmp_path) -> None:
    place = tmp_path / "c.json"
    assert usual(place).whole == MODEL
    place.write_bytes(msgspec.json.encode(CORRECTION))
    assert usual(place).whole.version.startswith("1, corrected by 900 commits")
    place.write_bytes(msgspec.json.encode(replace(CORRECTION, corrects="older")))
    assert usual(place).whole == MODEL


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": ("nope",), "groups": ("size",), "reference": (0.0,)},
        {"trees": (1e308,)},
        {"trees": ()},
        {"slope": -3.0},
        {"intercept": 1e300},
        {"event": "nothing happens"},
        {"spread": Spread(known=-5, young=0, beyond=0, blind=0, foreign=0)},
    ],
)
def test_a_model_that_makes_no_sense_is_refused_when_it_is_read(wrong) -> None:
    model = replace(shipped("later-fix"), **wrong)
    with pytest.raises(ValueError, match=r"\w"):
        _with(msgspec.json.encode(model), usual())


@pytest.mark.parametrize("wrong", [{"slope": 0.0}, {"known": 1e300}, {"commits": -5}, {"intercept": 99.0}])
def test_a_correction_that_makes_no_sense_is_refused_when_it_is_read(wrong) -> None:
    values = {"intercept": 0.0, "slope": 1.0, "known": 0.4, "commits": 900, "fixed": 90, "until": 5, **wrong}
    told = Correction(corrects=usual().whole.title, **values)
    with pytest.raises(ValueError, match=r"\w"):
        _with(msgspec.json.encode(told), usual())
