"""Levels of evidence are those of the worst place, and updating by them obeys probability."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.evidence import Branch, Evidence, Fate, LinesSeen, Mutant
from assay.risk.likelihood import SHARES, Level, level, likelihood, update


def seen(executed: int, missed: int = 0) -> tuple[LinesSeen, ...]:
    lines = range(1, executed + missed + 1)
    return (LinesSeen(path="a.py", executed=tuple(lines[:executed]), missed=tuple(lines[executed:])),)


def mutant(fate: Fate) -> Mutant:
    return Mutant(path="a.py", line=1, operator="compare", before="<", after="<=", fate=fate)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (None, None),
        (Evidence(), None),
        (Evidence(files=seen(0, 3)), Level.UNRUN),
        (Evidence(files=seen(99, 1), mutants=(mutant(Fate.KILLED),)), Level.MISSED),
        (Evidence(files=seen(3), mutants=(mutant(Fate.KILLED), mutant(Fate.SURVIVED))), Level.SURVIVED),
        (
            Evidence(
                files=seen(3),
                branches=(Branch(path="a.py", line=1, target=0),),
                mutants=(mutant(Fate.KILLED),),
            ),
            Level.SURVIVED,
        ),
        (Evidence(files=seen(3), mutants=(mutant(Fate.KILLED),)), Level.NOTICED),
        (Evidence(files=seen(3)), None),
        (Evidence(files=seen(3), mutants=(mutant(Fate.UNDECIDED),)), None),
    ],
)
def test_a_level_is_that_of_the_worst_place(evidence: Evidence | None, expected: Level | None) -> None:
    assert level(evidence) is expected


def test_what_was_not_asked_lies_between_its_two_answers() -> None:
    unasked = likelihood(Evidence(files=seen(3)))
    assert unasked is not None
    assert SHARES[Level.NOTICED].ratio < unasked.ratio < SHARES[Level.SURVIVED].ratio


def test_both_columns_are_distributions_and_worse_levels_weigh_more() -> None:
    assert sum(shares.buggy for shares in SHARES.values()) == pytest.approx(1)
    assert sum(shares.clean for shares in SHARES.values()) == pytest.approx(1)
    ratios = [SHARES[each].ratio for each in Level]
    assert ratios == sorted(ratios)


@given(st.floats(0.001, 0.999))
def test_the_expectation_of_the_posterior_is_the_prior(probability: float) -> None:
    expected = sum(
        (probability * shares.buggy + (1 - probability) * shares.clean) * update(probability, shares)
        for shares in SHARES.values()
    )
    assert expected == pytest.approx(probability)
