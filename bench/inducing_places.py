"""Within one commit: are the lines that a fix took away those that tests did not reach, or did not notice?

Promises: pure. Each commit is compared with itself, so that neither its project, nor its size, nor what its
author is like can be taken for evidence: the odds ratios are those of Mantel and Haenszel ("Statistical
aspects of the analysis of data from retrospective studies of disease", 1959) over commits, with intervals by
drawing commits.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate

_DRAWS = 2000

Line = tuple[str, int]


class Table(Record, frozen=True, kw_only=True):
    """The lines of one commit: those with and without a mark (run by no test, say), fixed later or not."""

    marked_fixed: int
    marked: int
    fixed: int
    neither: int

    @property
    def total(self) -> int:
        return self.marked_fixed + self.marked + self.fixed + self.neither


def missed(evidence: Evidence, fixed: frozenset[Line]) -> Table:
    """Lines that no test runs, among those that can be run."""
    away = {(seen.path, line) for seen in evidence.files for line in seen.missed}
    there = {(seen.path, line) for seen in evidence.files for line in seen.executed}
    return _table(away, there, fixed)


def survived(evidence: Evidence, fixed: frozenset[Line]) -> Table:
    """Lines with a mutant that no test noticed, among those with one that was decided."""
    alive = {(mutant.path, mutant.line) for mutant in evidence.fates(Fate.SURVIVED)}
    noticed = {(mutant.path, mutant.line) for mutant in evidence.fates(Fate.KILLED)}
    return _table(alive, noticed - alive, fixed)


def odds_ratio(tables: Iterable[Table]) -> float:
    """How much larger the odds of a later fix are for lines with the mark; NaN where nothing tells."""
    told = [table for table in tables if table.total]
    more = sum(table.marked_fixed * table.neither / table.total for table in told)
    less = sum(table.marked * table.fixed / table.total for table in told)
    return more / less if less else float("nan")


def interval(tables: Sequence[Table], draws: int = _DRAWS) -> tuple[float, float]:
    """The 95 % interval of the odds ratio."""
    source = random.Random(1)
    drawn = [odds_ratio(source.choices(tables, k=len(tables))) for _ in range(draws)] if tables else []
    order = sorted(value for value in drawn if value == value)
    if not order:
        return float("nan"), float("nan")
    return order[int(0.025 * len(order))], order[int(0.975 * len(order))]


def _table(marked: set[Line], others: set[Line], fixed: frozenset[Line]) -> Table:
    return Table(
        marked_fixed=len(marked & fixed),
        marked=len(marked - fixed),
        fixed=len(others & fixed),
        neither=len(others - fixed),
    )
