"""Fits find what is there and nothing else, and figures are those of probabilities side by side."""

from __future__ import annotations

import random

import pytest
from bench.inducing_fit import (
    FORMS,
    LADDER,
    LEVELS,
    PUBLISHED,
    USED,
    Known,
    as_used,
    at_large,
    by_level,
    by_share,
    differences,
    fitted,
    in_sample,
    left_out,
    ratios,
)
from bench.inducing_sample import Group
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.risk.support import seen

from assay.model.evidence import Fate
from assay.risk.likelihood import Level
from assay.risk.model import sigmoid

KINDS = {
    Level.NOTICED: seen(3, 0, Fate.KILLED),
    Level.SURVIVED: seen(3, 0, Fate.SURVIVED),
    Level.MISSED: seen(2, 1, Fate.KILLED),
    Level.UNRUN: seen(0, 3),
}


def drawn(count: int, strengths: tuple[float, float], seed: int = 1) -> list[Known]:
    """Commits of four projects, wrong as often as prior and evidence say."""
    source = random.Random(seed)
    found = []
    for number in range(count):
        reached, prior = source.choice(list(Level)), source.uniform(0.05, 0.4)
        told = sum(a * b for a, b in zip(strengths, LADDER[reached], strict=True))
        odds = prior / (1 - prior) * 2.718281828**told
        wrong = source.random() < odds / (1 + odds)
        found.append(
            Known(
                project="abcd"[number % 4],
                pair=str(number // 8),
                group=Group.INDUCING if wrong else Group.MATE,
                wrong=wrong,
                size=source.randint(2, 200),
                prior=prior,
                evidence=KINDS[reached],
            )
        )
    return found


def test_a_fit_finds_what_evidence_is_worth() -> None:
    fit = fitted(drawn(4000, (0.5, 0.7)), LEVELS)
    assert fit.strengths == pytest.approx((0.5, 0.7), abs=0.2)
    assert fit.slope == pytest.approx(1, abs=0.2)


def test_evidence_that_points_the_wrong_way_is_worth_nothing() -> None:
    fit = fitted(drawn(4000, (0.0, -0.5)), LEVELS)
    assert fit.strengths[1] == 0.0
    assert fit.at(0.2, LADDER[Level.UNRUN]) == pytest.approx(
        sigmoid(fit.intercept + fit.slope * -1.3862944 + fit.strengths[0])
    )


def test_few_commits_leave_published_figures_as_they_are_and_many_do_not() -> None:
    few, many = fitted(drawn(12, (0.0, 0.9)), USED), fitted(drawn(4000, (0.0, 0.9)), USED)
    assert few.strengths == pytest.approx(PUBLISHED, abs=0.1)
    assert many.strengths == pytest.approx((0.0, 0.9), abs=0.2)


def test_facts_are_of_the_worst_place_or_shares() -> None:
    assert by_level(seen(3, 0)) == (0.5, 0.0)
    assert by_level(seen(1, 1, Fate.KILLED)) == (1.0, 1.0)
    assert by_share(seen(1, 3, Fate.KILLED, Fate.SURVIVED, Fate.SURVIVED)) == (0.6, 0.75)


def test_a_project_has_no_part_in_what_is_said_of_it() -> None:
    commits = drawn(400, (0.5, 0.7))
    turned = [replace(each, wrong=not each.wrong) if each.project == "a" else each for each in commits]
    before, after = left_out(commits, LEVELS), left_out(turned, LEVELS)
    mine = [place for place, each in enumerate(commits) if each.project == "a"]
    assert [before[place] for place in mine] == [after[place] for place in mine]
    assert before != after


def test_ratios_are_distributions_and_rise_with_what_tests_miss() -> None:
    commits = drawn(800, (0.5, 0.7))
    table = ratios(commits, fitted(commits, LEVELS))
    assert sum(shares.buggy for shares in table.values()) == pytest.approx(1)
    assert sum(shares.clean for shares in table.values()) == pytest.approx(1)
    told = [table[each].ratio for each in Level]
    assert told == sorted(told)
    assert told[0] < 1 < told[-1]


def test_evidence_that_tells_beats_the_prior_by_every_figure() -> None:
    commits = drawn(1600, (1.0, 1.0))
    prior, posterior = left_out(commits, FORMS["prior"]), left_out(commits, LEVELS)
    spread = differences(commits, prior, posterior, in_sample, draws=50)
    assert spread["AUC"][0] > 0
    assert spread["within tenths"][0] > 0
    assert spread["Brier"][1] < 0
    plain = [each.prior for each in commits]
    assert at_large(commits, as_used(commits))["Brier at large"] < at_large(commits, plain)["Brier at large"]


def test_pairs_are_compared_within_themselves() -> None:
    two = [
        Known(
            project="a",
            pair=pair,
            group=Group.INDUCING if wrong else Group.MATE,
            wrong=wrong,
            size=1,
            prior=0.1,
            evidence=KINDS[Level.NOTICED],
        )
        for pair in ("1", "2", "3")
        for wrong in (True, False)
    ]
    assert in_sample(two, [0.9, 0.1, 0.2, 0.4, 0.5, 0.5])["pairs"] == pytest.approx(0.5)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(8, 60))
def test_few_commits_come_to_a_fit_as_well(seed: int, count: int) -> None:
    commits = drawn(count, (0.3, 0.3), seed)
    fit = fitted(commits, LEVELS)
    assert all(0 <= strength < 10 for strength in fit.strengths)
    assert all(0 <= fit.at(each.prior, by_level(each.evidence)) <= 1 for each in commits)
