"""What is known of files and of a repository at a moment, from the commits before it: how often something
changed, how lately, and how often to repair it.

Promises: pure; an answer about a moment knows nothing of that moment or of what came after.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from assay.model.candidate import Record
from assay.model.expressions import expression

DAY = 86_400
YEAR = 365 * DAY
QUARTER = 90 * DAY
_HALF = 180 * DAY
NEVER = 3650.0
"""Days since a repair of a file that knows none."""
_MOST_FIXES = 200

_FIX = expression(
    r"\b(?:(?:hot|bug)?fix(?:e[sd]|ing)?|bugs?|crash(?:e[sd]|ing)?|incorrect(?:ly)?|wrong(?:ly)?|broken"
    r"|regressions?|leaks?|tracebacks?|race(?: condition)?|(?:false )?(?:positives?|negatives?)|problems?"
    r"|(?:close|resolve)[sd]?:? (?:gh-)?#?\d+)\b",
    re.IGNORECASE,
)
_NO_FIX = expression(
    r"\b(?:typos?|spelling|grammar|white-?space|trailing|docs?|documentation|docstrings?|lint(?:ing|er)?"
    r"|flake8?|pep-?8|isort|ruff|changelog|readme|comments?|formatting|mypy|typing|type[ -]?hints?"
    r"|annotations?|hints?|violations?|fixup!?s?|revert(?:s|ed)?|translations?|coverage|travis|tests?"
    r"|pre-commit)\b",
    re.IGNORECASE,
)

Event = tuple[int, bool]
"""One commit in the past of a file or of a repository: its time, and whether it was a repair."""


def is_fix(message: str) -> bool:
    """Whether the first line of a commit message says that the commit repairs the program.

    The pattern agrees with the `fix` column of the training data on 98 % of its commits.
    """
    subject = message.lstrip().partition("\n")[0]
    return bool(_FIX.search(subject)) and not _NO_FIX.search(subject)


class FilePast(Record, frozen=True, kw_only=True):
    """The past of one file at a moment; times in days. `fixed_lately` counts repairs, each for half as much
    with every 180 days since."""

    changes: int = 0
    fixes: int = 0
    year: int = 0
    year_fixes: int = 0
    quarter: int = 0
    age: float = 0.0
    since: float = 0.0
    since_fix: float = NEVER
    fixed_lately: float = 0.0


class RepositoryPast(Record, frozen=True, kw_only=True):
    """The past of a repository at a moment: all commits to its source, those of the last 365 days, and days
    since the first."""

    changes: int = 0
    year: int = 0
    year_fixes: int = 0
    days: float = 0.0


def file_past(events: Sequence[Event], now: int) -> FilePast:
    """What `events` (sorted by time) say at `now`."""
    seen = events[: bisect_left(events, (now, False))]
    if not seen:
        return FilePast()
    year = seen[bisect_left(seen, (now - YEAR, False)) :]
    fixes = [time for time, fix in seen if fix]
    return FilePast(
        changes=len(seen),
        fixes=len(fixes),
        year=len(year),
        year_fixes=sum(fix for _, fix in year),
        quarter=len(seen) - bisect_left(seen, (now - QUARTER, False)),
        age=(now - seen[0][0]) / DAY,
        since=(now - seen[-1][0]) / DAY,
        since_fix=min(NEVER, (now - fixes[-1]) / DAY) if fixes else NEVER,
        fixed_lately=sum(0.5 ** ((now - time) / _HALF) for time in fixes[-_MOST_FIXES:]),
    )
