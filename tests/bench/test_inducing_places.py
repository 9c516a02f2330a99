"""Lines of one commit against each other: fixed later or not, reached by tests or not."""

from __future__ import annotations

from math import isnan

import pytest
from bench.inducing_places import Table, interval, missed, odds_ratio, survived

from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant


def mutant(line: int, fate: Fate) -> Mutant:
    return Mutant(path="a.py", line=line, operator="compare", before="<", after="<=", fate=fate)


EVIDENCE = Evidence(
    files=(LinesSeen(path="a.py", executed=(1, 2, 3), missed=(4, 5)),),
    mutants=(
        mutant(1, Fate.SURVIVED),
        mutant(1, Fate.KILLED),
        mutant(2, Fate.KILLED),
        mutant(4, Fate.UNREACHED),
    ),
)
FIXED = frozenset({("a.py", 1), ("a.py", 4), ("a.py", 9), ("b.py", 2)})


def test_only_lines_that_can_be_run_are_counted() -> None:
    assert missed(EVIDENCE, FIXED) == Table(marked_fixed=1, marked=1, fixed=1, neither=2)


def test_a_line_with_a_survivor_is_one_that_tests_do_not_notice() -> None:
    assert survived(EVIDENCE, FIXED) == Table(marked_fixed=1, marked=0, fixed=0, neither=1)


def test_commits_of_other_rates_are_not_mixed() -> None:
    """In each commit marked lines are fixed three times as often in odds; one has many fixed lines, one few,
    and pooled they would say the opposite."""
    one = Table(marked_fixed=3, marked=1, fixed=40, neither=40)
    other = Table(marked_fixed=3, marked=90, fixed=1, neither=90)
    assert odds_ratio([one, other]) == pytest.approx(3, abs=0.2)
    pooled = Table(marked_fixed=6, marked=91, fixed=41, neither=130)
    assert odds_ratio([pooled]) < 1
    low, high = interval([one, other] * 10, draws=100)
    assert 1 < low <= odds_ratio([one, other]) <= high


def test_without_lines_nothing_is_said() -> None:
    assert isnan(odds_ratio([Table(marked_fixed=0, marked=0, fixed=0, neither=0)]))
    assert isnan(interval([])[0])
