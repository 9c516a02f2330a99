"""The bound on the chance that green is false: never better than what is known."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant
from assay.risk.evidence.bound import COUPLED, bound, false_green, upper

counts = st.integers(0, 80)
shares = st.floats(0, 1)


@settings(deadline=None)
@given(counts, counts, shares)
def test_it_is_a_probability_and_never_promises_more_than_coupling_allows(killed, survived, unreached):
    assert 1 - COUPLED <= bound(killed=killed, survived=survived, unreached=unreached) <= 1


@settings(deadline=None)
@given(counts, counts, shares)
def test_survivors_raise_it_and_kills_lower_it(killed, survived, unreached):
    here = bound(killed=killed, survived=survived, unreached=unreached)
    assert bound(killed=killed, survived=survived + 1, unreached=unreached) >= here
    assert bound(killed=killed + 1, survived=survived, unreached=unreached) <= here


@settings(deadline=None)
@given(st.integers(1, 60), st.data())
def test_the_upper_end_is_where_so_few_hits_have_a_chance_of_one_in_twenty(of, data):
    hits = data.draw(st.integers(0, of - 1))
    share = upper(hits, of)
    chance = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits + 1))
    assert chance == pytest.approx(0.05, abs=1e-6)


def test_published_ends_of_the_interval():
    assert upper(0, 20) == pytest.approx(1 - 0.05 ** (1 / 20))
    assert upper(3, 10) == pytest.approx(0.6066, abs=1e-4)
    assert upper(0, 0) == upper(5, 5) == 1.0


def test_without_mutants_nothing_is_known_and_without_lines_there_is_nothing_to_know():
    seen = LinesSeen(path="a.py", executed=(1,), missed=())
    assert false_green(Evidence(files=(seen,))) == 1.0
    assert false_green(Evidence()) is None


def test_lines_that_no_test_runs_count_as_unnoticed():
    killed = tuple(
        Mutant(path="a.py", line=1, operator="", before="", after="", fate=Fate.KILLED) for _ in range(40)
    )
    seen = LinesSeen(path="a.py", executed=(1,), missed=(2,))
    half = false_green(Evidence(files=(seen,), mutants=killed))
    assert half == pytest.approx(1 - COUPLED + COUPLED * (0.5 + 0.5 * upper(0, 40)), abs=1e-4)


def test_a_file_of_which_nothing_is_known_leaves_no_bound_below_one():
    seen = LinesSeen(path="a.py", executed=(1, 2), missed=())
    assert false_green(Evidence(files=(seen,), unseen=("b.py",))) == 1.0
    assert false_green(Evidence(unseen=("b.py",))) is None
