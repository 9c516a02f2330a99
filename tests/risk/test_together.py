"""The risk of a set is neither its members' sum nor one minus a product."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.risk.together import Member, together

chances = st.lists(st.floats(0, 0.99), max_size=12)


def members(values: list[float]) -> list[Member]:
    return [Member(id=str(n), name=f"m{n}", probability=value) for n, value in enumerate(values)]


def pairs(count: int) -> set[frozenset[str]]:
    return {frozenset(map(str, pair)) for pair in combinations(range(count), 2)}


@given(chances, st.booleans(), st.floats(0, 1))
def test_contributions_add_up_and_the_bounds_hold(values: list[float], all_meet: bool, escape: float) -> None:
    meeting = pairs(len(values)) if all_meet else set()
    found, parts = together(members(values), meeting, escape)
    assert sum(part.effect for part in parts) == pytest.approx(found, abs=1e-5)
    assert max(values, default=0) - 1e-6 <= found <= 1
    if not meeting:
        assert found <= sum(values) + 1e-6


@given(st.floats(0, 0.99))
def test_a_set_of_one_has_its_member_s_risk(value: float) -> None:
    found, _ = together(members([value]), set(), 0.5)
    assert found == pytest.approx(value, abs=1e-6)


def test_overlap_is_one_risk_in_part_and_adds_one_of_its_own() -> None:
    values = [0.1, 0.1, 0.1]
    strangers, _ = together(members(values), set(), 0.5)
    certain, _ = together(members(values), pairs(3), 0.0)
    doubtful, parts = together(members(values), pairs(3), 0.5)
    assert certain < strangers < 1 - 0.9**3
    assert certain < doubtful
    assert (
        parts[-1].words == "3 pairs of members meet in files or names, and tests may miss what breaks there"
    )
