"""A shipped model fitted to one repository's own history, forward in time, and whether that helped.

The commits whose year has passed are split by time. A line in log-odds is fitted to the older ones, by what
was known when the newer began, and tried on the newer. What is kept is the line fitted to all of them, and
only if the newer ones were told better with it than without.

Promises: pure; refuses what is too little to tell anything by.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt

from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.risk.calibrate import Line, fit_line, log_loss
from assay.risk.chosen import Correction
from assay.risk.figures import Figures, figures
from assay.risk.history.mine import WINDOW, Row
from assay.risk.model import Model, sigmoid

NEWEST = 0.3
"""The share of commits that a correction is tried on."""
LEAST_COMMITS, LEAST_FIXED = 200, 20
"""To fit by; and half as many of both to try on."""
_DRIFT = 0.15
"""Standard deviation, in log-odds, by which a repository leaves its own line from one year to the next: base
rates of the training data fell from 14 to 8 % in ten years."""
_HALF_LIFE = 3 * WINDOW


class Trial(Record, frozen=True, kw_only=True):
    """What came of training: figures on the newest commits before and after, and the correction for use."""

    model: str
    fitted: int
    fixed: int
    before: Figures
    after: Figures
    helped: bool
    correction: Correction


def train(rows: Sequence[Row], until: int, model: Model) -> Trial:
    """Correct `model` by `rows`, the commits of one repository whose history ends at `until`. Raises BadInput
    where there are too few."""
    mature = sorted((row for row in rows if row.label(until) is not None), key=lambda row: row.time)
    newest = mature[int(len(mature) * (1 - NEWEST)) :]
    start = newest[0].time if newest else until
    older = [row for row in mature if row.label(start) is not None]
    _enough(older, start, LEAST_COMMITS, LEAST_FIXED, "to learn from")
    _enough(newest, until, LEAST_COMMITS // 2, LEAST_FIXED // 2, "to try it on")
    line = _fitted(older, start, model)
    plain = [model.logit(model.values(row.features)) for row in newest]
    outcomes = [bool(row.label(until)) for row in newest]
    moved = [line.at(logit) for logit in plain]
    sizes = [row.lines for row in newest]
    before, after = (figures([sigmoid(x) for x in logits], outcomes, sizes) for logits in (plain, moved))
    return Trial(
        model=model.title,
        fitted=len(older),
        fixed=sum(bool(row.label(start)) for row in older),
        before=before,
        after=after,
        helped=after.brier < before.brier and log_loss(moved, outcomes) < log_loss(plain, outcomes),
        correction=_correction(mature, until, model),
    )


def _enough(rows: Sequence[Row], until: int, commits: int, fixed: int, purpose: str) -> None:
    found = sum(bool(row.label(until)) for row in rows)
    if len(rows) >= commits and found >= fixed:
        return
    raise BadInput(
        f"this history is too short {purpose}: it has {len(rows)} commits to Python source whose 365 days "
        f"have passed, {found} of them fixed later, and that takes {commits} and {fixed}",
        fix="the shipped model is used as it is",
    )


def _fitted(rows: Sequence[Row], until: int, model: Model) -> Line:
    logits = [model.logit(model.values(row.features)) for row in rows]
    return fit_line(
        logits,
        [bool(row.label(until)) for row in rows],
        [0.5 ** ((until - row.time) / _HALF_LIFE) for row in rows],
        around=model.spread.known,
    )


def _correction(rows: Sequence[Row], until: int, model: Model) -> Correction:
    line = _fitted(rows, until, model)
    fixed = sum(bool(row.label(until)) for row in rows)
    return Correction(
        corrects=model.title,
        intercept=round(line.intercept, 6),
        slope=round(line.slope, 6),
        known=round(min(model.spread.known, hypot(_DRIFT, 1 / sqrt(fixed))), 4),
        commits=len(rows),
        fixed=fixed,
        until=until,
    )
