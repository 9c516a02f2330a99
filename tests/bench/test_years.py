"""Lines by what was known when a year began, and errors year by year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bench.years import Seen, before, of_year, own_rate, walked

from assay.risk.calibrate import Line
from assay.risk.history.mine import Row
from assay.risk.history.past import DAY
from assay.risk.model import log_odds, sigmoid

UNTIL = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


def commits(year: int, count: int, share: float, said: float = 0.1, fixed_after: int = 10) -> list[Seen]:
    """So many commits in the middle of a year, of which a share was fixed so many days later."""
    time = int(datetime(year, 6, 1, tzinfo=UTC).timestamp())
    rows = [
        Row(
            commit=f"{year}-{number}",
            time=time,
            lines=1,
            features={"files": 1.0},
            fixed=time + fixed_after * DAY if number % 20 < share * 20 else 0,
        )
        for number in range(count)
    ]
    return [Seen(row=row, logit=log_odds(said), until=UNTIL) for row in rows]


def test_a_line_knows_nothing_of_its_own_year_or_later() -> None:
    past = [*commits(2017, 400, 0.3), *commits(2018, 400, 0.3)]
    later = [*commits(2019, 400, 0.9), *commits(2020, 400, 0.9)]
    assert before([*past, *later], 2020, 2) == before(past, 2020, 2)
    assert sigmoid(before(past, 2020, 2).at(log_odds(0.1))) == pytest.approx(0.3, abs=0.02)


def test_older_years_are_left_out() -> None:
    old, new = commits(2012, 400, 0.9), commits(2018, 400, 0.3)
    assert before([*old, *new], 2020, 2) == before(new, 2020, 2)
    assert before([*old, *new], 2020, 8) != before(new, 2020, 8)


def test_the_own_rate_of_a_year_takes_its_error_away() -> None:
    year = commits(2019, 400, 0.25)
    told = of_year(year, 2019)
    assert len(told) == 400
    assert sigmoid(own_rate(told).at(log_odds(0.1))) == pytest.approx(0.25, abs=0.01)
    plain = walked(year, range(2019, 2020), lambda year: Line())
    known = walked(year, range(2019, 2020), lambda year: own_rate(told))
    assert "mean yearly ECE 0.15" in plain
    assert "mean yearly ECE 0.00" in known
