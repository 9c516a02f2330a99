"""Ratios have the intervals that their counts allow, and commits stand for those like them."""

from __future__ import annotations

import pytest
from bench.inducing_fit import Known
from bench.inducing_report import Population, ratio, report, weighted
from bench.inducing_sample import Group
from hypothesis import given
from hypothesis import strategies as st

from assay.model.evidence import Evidence, LinesSeen


def commit(group: Group, size: float, executed: tuple[int, ...] = (1,), project: str = "a") -> Known:
    files = (LinesSeen(path="a.py", executed=executed, missed=(2,)),)
    return Known(
        project=project,
        pair=f"{size}",
        group=group,
        wrong=group is Group.INDUCING,
        size=size,
        prior=0.1,
        evidence=Evidence(files=files),
    )


def test_a_ratio_by_hand() -> None:
    middle, low, high = ratio(20, 99, 10, 99)
    assert middle == pytest.approx(20.5 / 10.5)
    assert (low, high) == pytest.approx((0.98, 3.89), abs=0.01)


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_ratio_lies_in_its_interval_and_turns_around(one: int, other: int) -> None:
    middle, low, high = ratio(one, 50, other, 50)
    assert low <= middle <= high
    assert ratio(other, 50, one, 50) == pytest.approx((1 / middle, 1 / high, 1 / low))


def test_commits_stand_for_those_of_their_kind_and_size() -> None:
    among = Population(sizes={"a": {True: [2, 20, 200], False: [2.0] * 8 + [21.0] * 4 + [201.0] * 2}})
    asked = [
        *(commit(Group.INDUCING, size) for size in (2, 20, 200)),
        *(commit(Group.MATE, size) for size in (2, 21, 21, 200)),
    ]
    assert [each.weight for each in weighted(asked, among)] == [1, 1, 1, 8, 2, 2, 2]


def test_the_report_counts_every_commit_once() -> None:
    commits = [
        commit(group, size, project=project)
        for project in ("a", "b")
        for size in (3, 5, 8, 13)
        for group in (Group.INDUCING, Group.MATE, Group.REPAIR)
    ]
    sizes = {True: [3.0, 5, 8, 13], False: [3.0, 5, 8, 13] * 2}
    lines = list(report(commits, Population(sizes={"a": sizes, "b": sizes}), {"3": frozenset({("a.py", 2)})}))
    (missed,) = (line.split() for line in lines if line.startswith("  missed"))
    assert missed[1:4] == ["8", "8", "8"]
    assert any(line.startswith("  not run    2 of 2 fixed, 6 of 14 others") for line in lines)
