"""The action of least expected loss is taken, all of them are shown, and evidence that changes nothing is not
asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.risk import Action, Advice
from assay.policy.stakes import Costs, Hold
from assay.risk.decision import Other, Stake, actions_held, advise, threshold

WANTED = ("coverage and mutants of the changed lines",)
probabilities = st.floats(0, 1)
stakes = st.builds(Stake, defect=st.floats(1, 1e5), lines=st.integers(0, 5000))
costs = st.builds(
    Costs,
    review=st.floats(0, 1000),
    review_line=st.floats(0, 10),
    catches=st.just(0.0) | st.floats(0.001, 1),
    reject=st.floats(0.1, 1e4),
    evidence=st.floats(0, 100),
)


def cost_of(advice: Advice, action: Action) -> float:
    return next(option.cost for option in advice.options if option.action is action)


@given(probabilities, stakes, costs, st.booleans())
def test_the_cheapest_action_is_taken(chance: float, stake: Stake, prices: Costs, more: bool) -> None:
    advice = advise(chance, stake, prices, wanted=WANTED if more else ())
    assert cost_of(advice, advice.action) == pytest.approx(min(o.cost for o in advice.options), abs=1e-6)
    assert {option.action for option in advice.options} == set(Action) - (set() if more else {Action.MORE})
    assert (advice.evidence == WANTED) == (advice.action is Action.MORE)


@given(probabilities, stakes, costs)
def test_landing_is_advised_just_below_the_line(chance: float, stake: Stake, prices: Costs) -> None:
    line = threshold(stake, prices)
    if abs(chance - line) > 1e-6:
        assert (advise(chance, stake, prices).action is Action.LAND) == (chance < line)


@given(probabilities, stakes, costs)
def test_evidence_never_costs_less_than_knowing_would_save(
    chance: float, stake: Stake, prices: Costs
) -> None:
    """Free evidence is never worth less than none, and is worth at most the best action's whole cost."""
    advice = advise(chance, stake, prices, wanted=WANTED)
    without = min(o.cost for o in advice.options if o.action is not Action.MORE)
    assert cost_of(advice, Action.MORE) <= without + prices.evidence + 1e-6


def test_evidence_that_cannot_change_the_action_is_not_worth_its_cost() -> None:
    assert advise(0.001, Stake(defect=240, lines=10), Costs(), wanted=WANTED).action is Action.LAND


def test_near_the_line_more_evidence_is_asked_for_and_far_above_it_a_review() -> None:
    stake = Stake(defect=240, lines=20)
    assert advise(0.1, stake, Costs(evidence=0.05), wanted=WANTED).action is Action.MORE
    assert advise(0.105, stake, Costs(evidence=1), wanted=WANTED).action is Action.REVIEW
    assert advise(0.3, stake, Costs(), wanted=WANTED).action is Action.REVIEW
    assert advise(0.9, Stake(defect=2400, lines=20), Costs(), wanted=WANTED).action is Action.REJECT


def test_where_reading_never_pays_there_is_no_line() -> None:
    assert advise(0.05, Stake(defect=240, lines=20), Costs()).why.endswith(
        f"under the line at {threshold(Stake(defect=240, lines=20), Costs()):.1%}"
    )
    advice = advise(0.9, Stake(defect=20, lines=5000), Costs())
    assert advice.action is Action.LAND
    assert advice.why.endswith("less than reading it costs, whatever its risk")


def test_a_repository_may_have_its_riskiest_changes_read_whatever_they_cost() -> None:
    stake = Stake(defect=1, lines=10)
    assert advise(0.2, stake, Costs(), top=(0.8, 0.9)).action is Action.LAND
    advice = advise(0.2, stake, Costs(), top=(0.93, 0.9))
    assert advice.action is Action.REVIEW
    assert advice.why == "riskier than 93% of this repository's past changes; from 90% on a person reads"


def test_what_would_bring_it_under_the_line_is_said_with_its_figure() -> None:
    stake = Stake(defect=240, lines=20)
    others = (Other(words="without b.py", probability=0.2), Other(words="without a.py", probability=0.05))
    advice = advise(0.3, stake, Costs(), others=(*others, Other(words="without c.py", probability=0.4)))
    assert advice.unless == (
        "without a.py: 5.0%, under the line of 10.0%",
        "without b.py: 20.0%, still over the line of 10.0%",
    )


def test_what_is_held_is_what_the_policy_names_and_all_that_is_stronger() -> None:
    assert actions_held(Hold.NEVER) == set()
    assert actions_held(Hold.REJECT) == {Action.REJECT}
    assert actions_held(Hold.REVIEW) == {Action.REVIEW, Action.REJECT}
    assert actions_held(Hold.MORE) == {Action.MORE, Action.REVIEW, Action.REJECT}
