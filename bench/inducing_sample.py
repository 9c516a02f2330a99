"""Which commits of a history evidence is asked about: known wrong ones, and others of their size.

Promises: pure but for reading one log. Labels are those that the risk models are measured by
(`assay.risk.history`). What a budget leaves out is left out by commit id, which is chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import log2
from pathlib import Path

from assay.model.candidate import Record
from assay.repo.repository import open_repository
from assay.risk.history.log import read_log
from assay.risk.history.mine import PATHS, WINDOW, Row
from assay.risk.history.past import is_fix
from assay.risk.kinds import Kind, kind
from bench.risk_tables import Table

LEAST, LARGEST = 2, 250
"""Lines of new code. Of fewer there is nothing to run; of more, evidence within a budget says little."""
_REPAIR_EVERY = 3
"""Inducing commits to one repair: mates are what is fitted to."""


class Group(StrEnum):
    """What is known of a commit."""

    INDUCING = "inducing"
    """A fix within 365 days touched its lines: the event of the prior."""
    MATE = "mate"
    """No fix did; of the size of an inducing one, and of its time as far as there is one."""
    REPAIR = "repair"
    """The same, and it is a fix itself that brings tests along. That it was picked for its tests makes it
    well tested by construction: never used to fit anything."""
    UNDONE = "undone"
    """Made of a fix: back to what it repaired, under the tests of before it (`bench.inducing_undone`)."""
    BARE = "bare"
    """Made of the same fix: the same lines forth, under the same tests."""
    FIX = "fix"
    """The same fix as it was committed, with its tests."""


class Asked(Record, frozen=True, kw_only=True):
    """One commit to grade against its parent."""

    group: Group
    row: Row

    @property
    def size(self) -> float:
        """Lines of new code."""
        return self.row.features["code"]


def sample(table: Table, since: int, tested_fixes: frozenset[str]) -> list[Asked]:
    """The commits of `table` from `since` on, an inducing one and its mate at a time, and a repair with
    every third."""
    known = eligible(table, since)
    clean = [row for row in known if not row.label(table.until)]
    found: list[Asked] = []
    wrong = sorted((row for row in known if row.label(table.until)), key=lambda row: row.commit)
    for number, row in enumerate(wrong):
        found.append(Asked(group=Group.INDUCING, row=row))
        found += [Asked(group=Group.MATE, row=mate) for mate in _taken(row, clean, clean)]
        if number % _REPAIR_EVERY == 0:
            fixes = [each for each in clean if each.commit in tested_fixes]
            found += [Asked(group=Group.REPAIR, row=mate) for mate in _taken(row, fixes, clean)]
    return found


def eligible(table: Table, since: int) -> list[Row]:
    """The commits whose 365 days have passed, of a size that evidence can say something about."""
    return [
        row
        for row in table.rows
        if row.time >= since
        and LEAST <= row.features["code"] <= LARGEST
        and row.label(table.until) is not None
    ]


def tested_fixes(repo: Path) -> frozenset[str]:
    """The commits that say that they are fixes and touch tests."""
    log = read_log(open_repository(repo), "HEAD", lines=False, paths=PATHS)
    return frozenset(
        entry.commit
        for entry in log
        if is_fix(entry.message) and any(kind(edit.name) is Kind.TEST for edit in entry.edits)
    )


def _taken(row: Row, among: Sequence[Row], away: list[Row]) -> Iterator[Row]:
    """The one of `among` that is most like `row`, taken out of `away`; none where there is none."""
    if among:
        mate = min(among, key=lambda other: (_distance(row, other), other.commit))
        away.remove(mate)
        yield mate


def _distance(one: Row, other: Row) -> float:
    """Twice the size counts as much as two years."""
    sizes = log2(one.features["code"] / other.features["code"])
    return abs(sizes) + abs(one.time - other.time) / (2 * WINDOW)
