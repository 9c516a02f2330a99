from __future__ import annotations

from itertools import combinations

from bench.strategies import bisection, merges, one_by_one, optimum
from hypothesis import given
from hypothesis import strategies as st

ORDER = [f"c{n}" for n in range(8)]
GROUPS = st.lists(st.frozensets(st.sampled_from(ORDER), min_size=2, max_size=3), max_size=4)


class Rule:
    def __init__(self, groups):
        self.groups, self.runs = groups, 0

    def __call__(self, members):
        self.runs += 1
        return any(group <= set(members) for group in self.groups)


@given(GROUPS)
def test_both_land_sets_that_pass_and_to_which_nobody_can_be_added(groups):
    for how in (one_by_one, bisection):
        rule = Rule(groups)
        landed = how(ORDER, lambda there, one: True, rule)
        assert not rule(landed)
        assert all(rule([*landed, one]) for one in ORDER if one not in landed)


def test_bisection_of_a_good_set_is_one_run_and_one_by_one_is_all():
    halves, each = Rule([]), Rule([])
    assert bisection(ORDER, lambda there, one: True, halves) == ORDER and halves.runs == 1
    assert one_by_one(ORDER, lambda there, one: True, each) == ORDER and each.runs == len(ORDER)


def test_who_does_not_merge_is_not_run():
    apart = [frozenset({"c0", "c1"})]
    rule = Rule([])
    landed = one_by_one(ORDER, lambda there, one: merges(there, one, apart), rule)
    assert landed == ["c0", *ORDER[2:]] and rule.runs == len(landed)


@given(GROUPS, st.lists(st.integers(1, 9), min_size=8, max_size=8))
def test_the_best_set_is_the_best_of_all(groups, worth):
    values = dict(zip(ORDER, map(float, worth), strict=True))
    sets = (some for size in range(9) for some in combinations(ORDER, size))
    best = max(sum(values[m] for m in some) for some in sets if not any(g <= set(some) for g in groups))
    assert optimum(ORDER, values, groups) == best
