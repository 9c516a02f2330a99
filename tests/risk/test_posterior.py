"""A posterior is its prior and what the evidence adds, in probability."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.risk.support import seen

from assay.model.evidence import Evidence, Fate
from assay.model.risk import Contribution, Interval, Prior
from assay.risk.posterior import posterior


def prior(probability: float) -> Prior:
    return Prior(
        event="a later fix",
        model="test",
        probability=probability,
        interval=Interval(low=probability / 2, high=(1 + probability) / 2),
        contributions=(Contribution(feature="base", value=1, effect=probability),),
    )


@given(
    st.floats(0.001, 0.9),
    st.builds(seen, st.integers(0, 5), st.integers(0, 5), st.sampled_from(Fate), st.sampled_from(Fate)),
)
def test_contributions_add_up_and_the_interval_holds_the_posterior(start: float, found: Evidence) -> None:
    after, interval, parts = posterior(prior(start), found)
    assert sum(part.effect for part in parts) == pytest.approx(after, abs=1e-5)
    assert interval.low <= after + 1e-6
    assert after <= interval.high + 1e-6


def test_tests_that_notice_lower_the_risk_and_lines_that_none_runs_raise_it() -> None:
    noticed, _, parts = posterior(prior(0.1), seen(3, 0, Fate.KILLED))
    unrun, _, _ = posterior(prior(0.1), seen(0, 3))
    assert noticed < 0.1 < unrun
    assert parts[-1].words == "tests run 3 of 3 changed lines; 1 of 1 mutants noticed"


def test_without_evidence_the_posterior_is_the_prior() -> None:
    before = prior(0.1)
    assert posterior(before, None) == (before.probability, before.interval, before.contributions)
    assert posterior(before, Evidence())[0] == before.probability
