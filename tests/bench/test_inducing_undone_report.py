"""Comparisons of fixes undone and done: who is beside whom, and what is better than a coin."""

from __future__ import annotations

import pytest
from bench.inducing_asked import Told
from bench.inducing_sample import Group
from bench.inducing_undone_report import (
    COMPARISONS,
    KINDS,
    compared,
    in_pairs,
    known,
    ranks,
    report_undone,
)
from hypothesis import given
from hypothesis import strategies as st
from tests.risk.support import seen

from assay.model.evidence import Evidence, Fate

WELL, ILL = seen(4, 0, Fate.KILLED, Fate.KILLED), seen(2, 2, Fate.SURVIVED)


def told(group: Group, fix: str, evidence: Evidence | None, project: str = "a", why: str = "") -> Told:
    return Told(
        project=project,
        commit=f"{group}{fix}",
        group=group,
        time=0,
        size=4,
        prior=0.1,
        evidence=evidence,
        why=why,
        fix=fix if group is not Group.MATE else "",
    )


def made(fix: str, project: str, undone: Evidence, bare: Evidence, with_tests: Evidence) -> list[Told]:
    sides = ((Group.UNDONE, undone), (Group.BARE, bare), (Group.FIX, with_tests))
    return [told(group, fix, evidence, project) for group, evidence in sides]


def lines(found: list[Told], mates: list[Told], title: str) -> list[str]:
    """The part of the report with this title."""
    parts = "\n".join(report_undone(found, mates)).split("\n\n")
    return next(part for part in parts if part.startswith(title)).splitlines()


def test_more_that_tests_miss_is_worse_by_every_kind() -> None:
    unused = {"ways not taken"}
    assert {name for name, kind in KINDS.items() if kind(ILL) > kind(WELL)} == KINDS.keys() - unused


def test_only_whole_pairs_are_compared() -> None:
    found = [*made("1", "a", ILL, ILL, WELL), told(Group.BARE, "2", ILL), told(Group.UNDONE, "2", None)]
    report = "\n".join(report_undone(found, [told(Group.MATE, "3", WELL)]))
    assert "wrong, against right with the same tests: 1 and 1" in report
    assert "wrong, against ordinary changes: 1 and 1" in report


def test_tests_that_notice_are_told_from_those_that_let_pass() -> None:
    found = [each for n in range(12) for each in made(str(n), "abc"[n % 3], ILL, ILL, WELL)]
    same = lines(found, [], COMPARISONS[1].words)
    other = lines(found, [], COMPARISONS[3].words)
    name = "    bound"
    assert next(line for line in same if line.startswith(name)).count("0.500 (0.500 to 0.500)") == 3
    assert next(line for line in other if line.startswith(name)).count("1.000 (1.000 to 1.000)") == 3
    assert [line.split(": ")[1] for line in lines(found, [], "by the bound")[1:]] == [
        "0 of 6 (0%)",
        "0 of 6 (0%)",
        "6 of 6 (100%)",
        "6 of 6 (100%)",
    ]


def test_what_is_left_out_says_why() -> None:
    found = [told(Group.UNDONE, "1", None, why="no test notices"), *made("2", "a", ILL, ILL, WELL)]
    report = list(report_undone(found, []))
    assert report[:2] == ["2 fixes with tests taken apart", "     1 without evidence: no test notices"]


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_values_that_go_up_are_the_mirror_of_those_that_go_down(values: list[float]) -> None:
    found = [*made("1", "a", ILL, ILL, WELL), *made("2", "b", ILL, ILL, WELL)]
    commits = compared(list(known(found)), COMPARISONS[0])
    up, down = ranks(commits, values), ranks(commits, [-value for value in values])
    assert {name: 1 - value for name, value in down.items()} == pytest.approx(up)
    assert in_pairs(commits, [0.5] * 4) == 0.5
