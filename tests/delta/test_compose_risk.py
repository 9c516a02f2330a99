"""A risk is shown with its event, its interval, its parts and what to do; never as a bare number."""

from __future__ import annotations

from assay.delta.compose_risk import chance, risk_lines, risk_words
from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant
from assay.model.risk import Contribution, Interval, Prior, Risk
from assay.policy.stakes import RiskRules
from assay.risk.decision import Stake
from assay.risk.fold import fold

PRIOR = Prior(
    event="a later fix within 365 days touches lines of this change",
    model="test 1",
    probability=0.3,
    interval=Interval(low=0.12, high=0.5),
    contributions=(
        Contribution(feature="base", value=1, effect=0.0799, words="an ordinary change"),
        Contribution(feature="la", value=900, effect=0.23, words="900 lines added"),
        Contribution(feature="ns", value=1, effect=-0.01, words="one package only"),
        Contribution(feature="nd", value=1, effect=0.0001, words="too small to show"),
    ),
    percentile=0.97,
    doubts=("no history of the touched files is known",),
)
EVIDENCE = Evidence(
    files=(LinesSeen(path="a.py", executed=(3, 4), missed=()),),
    mutants=(Mutant(path="a.py", line=3, operator="o", before="<", after="<=", fate=Fate.SURVIVED),),
    unmade=2,
)


def texts(risk: Risk) -> list[str]:
    return ["".join(span.text for span in each) for each in risk_lines(risk)]


def test_a_calibrated_risk_says_of_what_how_sure_and_what_to_do() -> None:
    risk = fold(
        PRIOR, EVIDENCE, (), Stake(defect=240, lines=40), RiskRules(medium=0.1, high=0.2), false_green=0.45
    )
    shown = texts(risk)
    assert shown[0] == (
        "high, 29% (12% to 49%) that a later fix within 365 days touches lines of this change; "
        "riskier by its diff than 97% of this repository's past changes"
    )
    assert shown[1] == "uncertain: no history of the touched files is known"
    assert shown[2].startswith("decision: review: ")
    assert any(each.endswith("900 lines added") and "+23.0" in each for each in shown)
    assert "no test notices if < were <= at a.py:3" in shown
    assert "if the changed lines are wrong, tests pass all the same with a chance of at most 45%" in shown
    assert "2 further mutants beyond the budget" in shown
    assert any(each.startswith("otherwise: with tests that run every changed line") for each in shown)
    assert not any("too small" in each for each in shown)


def test_what_is_shown_of_the_parts_is_the_whole() -> None:
    risk = fold(PRIOR, EVIDENCE, (), Stake(defect=240, lines=40), RiskRules())
    assert abs(sum(part.effect for part in risk.contributions) - risk.score) < 1e-5


def test_points_by_judgement_are_called_that() -> None:
    parts = (Contribution(feature="hunks", value=3, effect=0.1, words="3 places"),)
    risk = Risk(band="low", score=0.1, calibrated=False, probability=None, contributions=parts)
    assert texts(risk) == ["low 0.10 (points by judgement, 0 to 1; not a probability)", "+0.10  3 places"]
    assert risk_words(risk) == "risk low 0.10"


def test_small_chances_keep_a_decimal() -> None:
    assert [chance(each) for each in (0.004, 0.0949, 0.0996, 0.5)] == ["0.4%", "9.5%", "10%", "50%"]
