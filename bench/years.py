"""Could the prior be calibrated better from one year to the next? Asked of the shipped model.

    python -m bench years --data FILE --histories DIR [--kept DIR] [--first 2016] [--last 2025]

As `bench risk`, on the repositories that the model was not trained on; but it is the shipped model that is
asked, so that nothing is fitted but lines, and the model has seen other repositories' later years. For each
year, a line in log-odds is fitted to what the newest years of these repositories had come to on its first
day, and the commits of that year are asked about with and without it. The last row knows the year's own rate
beforehand: what is left of its error is not that rates move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from assay.model.candidate import Record
from assay.risk.calibrate import Line, fit_line
from assay.risk.figures import auc, brier, ece
from assay.risk.history.mine import WINDOW, Row
from assay.risk.model import shipped, sigmoid
from bench.risk import floor, options
from bench.risk_tables import Table, load, mined, published

_WIDE, _TIGHT = 5.0, 1e-3
"""Standard deviations of a line's parts that are free, and that are held."""


class Seen(Record, frozen=True, kw_only=True):
    """One commit, what the model says of it in log-odds, and when its repository's history ends."""

    row: Row
    logit: float
    until: int


def main(argv: list[str]) -> int:
    """Print a row for each way to calibrate."""
    given = options("years", __doc__, argv)
    trained = published(given.data)
    tables = [
        load(path) for path in mined(given.histories, given.kept, labels=True, besides=trained).values()
    ]
    commits = seen(tables)
    print(f"{len(tables)} repositories, {len(commits):,} commits")
    years = range(given.first, given.last + 1)
    ways: dict[str, Callable[[int], Line]] = {
        "as it is": lambda year: Line(),
        "by the last 2 years": lambda year: before(commits, year, 2),
        "by the last 4 years": lambda year: before(commits, year, 4),
        "by the last 8 years": lambda year: before(commits, year, 8),
        "by the year's own rate": lambda year: own_rate(of_year(commits, year)),
    }
    for name, way in ways.items():
        print(f"  {name:24} {walked(commits, years, way)}")
    return 0


def seen(tables: Sequence[Table]) -> list[Seen]:
    """All commits of these tables."""
    model = shipped("later-fix")
    return [
        Seen(row=row, logit=model.logit(model.values(row.features)), until=table.until)
        for table in tables
        for row in table.rows
    ]


def before(commits: Sequence[Seen], year: int, years: int) -> Line:
    """The line by what the commits of the newest `years` had come to when `year` began."""
    start = _start(year)
    since = start - (years + 1) * WINDOW
    known = [
        (each.logit, outcome)
        for each in commits
        if each.row.time >= since and (outcome := each.row.label(min(start, each.until))) is not None
    ]
    return fit_line([logit for logit, _ in known], [was for _, was in known], around=_WIDE, tilt=1.0)


def own_rate(told: Sequence[tuple[float, bool]]) -> Line:
    """The shift that makes as many of these likely as happened."""
    return fit_line([logit for logit, _ in told], [was for _, was in told], around=_WIDE, tilt=_TIGHT)


def of_year(commits: Sequence[Seen], year: int) -> list[tuple[float, bool]]:
    """Log-odds and outcomes of the commits of a year whose 365 days have passed."""
    return [
        (each.logit, outcome)
        for each in commits
        if _start(year) <= each.row.time < _start(year + 1)
        and (outcome := each.row.label(each.until)) is not None
    ]


def walked(commits: Sequence[Seen], years: Sequence[int], way: Callable[[int], Line]) -> str:
    """The figures over all years, each by the line that `way` gives for it."""
    errors = chance = 0.0
    chances: list[float] = []
    outcomes: list[bool] = []
    for year in years:
        told = of_year(commits, year)
        line = way(year)
        said = [sigmoid(line.at(logit)) for logit, _ in told]
        errors += ece(said, [was for _, was in told]) * len(told) if told else 0.0
        chance += floor(said) * len(told) if told else 0.0
        chances += said
        outcomes += [was for _, was in told]
    return (
        f"mean yearly ECE {errors / len(chances):.4f} (of chance alone {chance / len(chances):.4f}), "
        f"all years {ece(chances, outcomes):.4f}, AUC {auc(chances, outcomes):.3f}, "
        f"Brier {brier(chances, outcomes):.4f}"
    )


def _start(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
