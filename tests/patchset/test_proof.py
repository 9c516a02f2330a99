"""What rows of runs prove: by hand, and against all causes that could have made them."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.proof import common, joint, proven
from assay.patchset.suspects import mask

EVERYONE = (1 << 6) - 1
runs = st.lists(st.integers(0, EVERYONE), min_size=1, max_size=14)


@given(runs, st.integers(1, EVERYONE))
def test_no_other_cause_of_the_same_runs_is_left_where_a_group_is_proven(asked, suspect):
    showing = [EVERYONE, *(run for run in asked if not suspect & ~run)]
    clean = [run for run in asked if suspect & ~run]
    if proven(suspect, common(showing, EVERYONE), clean):
        for size in range(1, 7):
            for cause in map(mask, combinations(range(6), size)):
                shows = {run for run in (*asked, EVERYONE) if not cause & ~run}
                assert cause == suspect or shows != set(showing)


def test_all_that_failing_runs_have_in_common_is_not_enough():
    assert not proven(0b011, 0b011, [])
    assert not proven(0b011, 0b011, [0b101])
    assert proven(0b011, 0b011, [0b101, 0b110])


def test_who_was_seen_together_without_the_failure_is_not_behind_it():
    assert not proven(0b011, 0b011, [0b101, 0b110, 0b111])


def test_one_alone_is_not_proven_by_others():
    assert not proven(0b001, 0b001, [0b110])


@given(st.lists(st.tuples(st.integers(1, EVERYONE), st.integers(0, EVERYONE)), max_size=6))
def test_a_joint_run_tells_of_the_first_and_of_whoever_goes_with_it(drawn):
    wanted = [(group, group | core) for group, core in drawn]
    inside, outside = joint(wanted)
    assert not inside & outside
    for group, core in wanted[:1]:
        assert not group & ~inside and not core & ~group & ~outside
