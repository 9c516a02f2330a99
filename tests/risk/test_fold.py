"""Prior, evidence and costs become one risk, whose parts agree with each other."""

from __future__ import annotations

import pytest

from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant
from assay.model.risk import Action, Contribution, Interval, Prior
from assay.policy.stakes import PathCost, RiskRules
from assay.risk.decision import Stake
from assay.risk.fold import fold, stake
from assay.risk.topics import touched

RULES = RiskRules(medium=0.1, high=0.2)
PRIOR = Prior(
    event="a later fix",
    model="test",
    probability=0.12,
    interval=Interval(low=0.05, high=0.3),
    contributions=(
        Contribution(feature="base", value=1, effect=0.08),
        Contribution(feature="size", value=300, effect=0.04),
    ),
    percentile=0.8,
)
TESTED = Evidence(
    files=(LinesSeen(path="a.py", executed=(1, 2), missed=()),),
    mutants=(Mutant(path="a.py", line=1, operator="o", before="<", after="<=", fate=Fate.KILLED),),
)


def test_evidence_moves_the_probability_the_band_and_the_advice() -> None:
    usual, rules = Stake(defect=186, lines=10), RiskRules(medium=0.1185, high=0.2)
    before = fold(PRIOR, None, (), usual, rules)
    after = fold(PRIOR, TESTED, (), usual, rules)
    assert before.advice is not None
    assert after.advice is not None
    assert (before.band, before.advice.action) == ("medium", Action.REVIEW)
    assert (after.band, after.advice.action) == ("low", Action.LAND)
    assert after.probability == after.score == pytest.approx(sum(p.effect for p in after.contributions))
    assert "with tests that run every changed line" in before.advice.unless[0]


def test_a_percentile_of_the_repository_s_own_history_may_ask_for_a_reader() -> None:
    rules = RiskRules(medium=0.1, high=0.2, review_from=0.75)
    risk = fold(PRIOR, TESTED, (), Stake(defect=1, lines=10), rules)
    assert risk.advice is not None
    assert risk.advice.action is Action.REVIEW
    assert "80% of this repository" in risk.advice.why


def test_a_file_is_named_that_would_bring_the_risk_down() -> None:
    risk = fold(PRIOR, None, (), Stake(defect=240, lines=10), RULES, without={"b.py": 0.03, "c.py": 0.2})
    assert risk.advice is not None
    assert any(words.startswith("without b.py: 3.0%, under") for words in risk.advice.unless)
    assert not any("c.py" in words for words in risk.advice.unless)


def test_the_dearest_place_that_a_change_touches_sets_its_cost() -> None:
    paths = ("src/billing/tax.py", "src/other.py")
    topics = touched(paths, (), ())
    assert stake(("src/other.py",), 5, (), RULES) == Stake(defect=240, lines=5)
    assert stake(paths, 5, topics, RULES).defect == pytest.approx(240 * 4)
    rules = RiskRules(
        at=(PathCost(paths=("src/**",), defect=50), PathCost(paths=("src/billing/**",), defect=9000))
    )
    found = stake(paths, 5, topics, rules)
    assert (found.defect, found.why) == (9000, "the cost of a defect in src/billing/tax.py")
