from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.risk.history.past import DAY, FilePast, file_past, is_fix


@pytest.mark.parametrize(
    "message",
    [
        "Fix crash on empty input",
        "fixed #12",
        "Bugfix: wrong offset",
        "core: closes #881",
        "Handle a broken pipe",
        "Repair a regression in the parser",
    ],
)
def test_repairs_are_told_by_the_subject(message: str) -> None:
    assert is_fix(message)


@pytest.mark.parametrize(
    "message",
    [
        "Fix typo in the docs",
        "Add a prefix",
        "Fix flake8 violations",
        'Revert "Fix crash"',
        "Add a parser\n\nThis fixes nothing, but mentions a bug.",
        "",
    ],
)
def test_what_is_no_repair_of_the_program(message: str) -> None:
    assert not is_fix(message)


def test_counts_and_times() -> None:
    day = [0, 100, 300, 395, 399]
    events = [(d * DAY, d in (100, 395)) for d in day]
    past = file_past(events, 400 * DAY)
    assert (past.changes, past.fixes, past.year, past.year_fixes, past.quarter) == (5, 2, 4, 2, 2)
    assert (past.age, past.since, past.since_fix) == (400.0, 1.0, 5.0)
    assert past.fixed_lately == pytest.approx(0.5 ** (300 / 180) + 0.5 ** (5 / 180))


events = st.lists(st.tuples(st.integers(0, 2000), st.booleans()), max_size=30).map(
    lambda found: sorted((day * DAY, fix) for day, fix in found)
)


@given(events, st.integers(0, 2000), events)
def test_nothing_of_the_moment_or_after_it_is_known(before, day, after) -> None:
    now = day * DAY
    past = [event for event in before if event[0] < now]
    future = [event for event in after if event[0] >= now]
    assert file_past(past + future, now) == file_past(past, now)


def test_a_new_file_has_no_past() -> None:
    assert file_past([], 10) == FilePast() == file_past([(10, True)], 10)
