"""Calibration by a line in log-odds (Platt 1999), fitted by Newton's method, held near no change.

Promises: pure and deterministic; few changes move little: the penalty is that of a normal prior around no
change at all, in which the shipped model is worth as much as `weight` events.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from assay.model.candidate import Record
from assay.risk.model import sigmoid

_STEPS = 50
_ENOUGH = 1e-9


class Line(Record, frozen=True, kw_only=True):
    """The corrected log-odds are `intercept + slope * log-odds`."""

    intercept: float = 0.0
    slope: float = 1.0

    def at(self, logit: float) -> float:
        return self.intercept + self.slope * logit


def fit_line(
    logits: Sequence[float],
    outcomes: Sequence[bool],
    weights: Sequence[float] | None = None,
    *,
    around: float = 0.5,
    tilt: float = 0.2,
) -> Line:
    """The line that makes `outcomes` likeliest. `around` and `tilt` are the standard deviations that
    intercept and slope are expected to have from 0 and 1, from repository to repository."""
    a, b = 0.0, 1.0
    keep_a, keep_b = 1 / around**2, 1 / tilt**2
    each = weights or [1.0] * len(logits)
    for _ in range(_STEPS):
        g_a, g_b = -keep_a * a, -keep_b * (b - 1)
        h_aa, h_ab, h_bb = keep_a, 0.0, keep_b
        for logit, outcome, weight in zip(logits, outcomes, each, strict=True):
            chance = sigmoid(a + b * logit)
            slack, curve = weight * (outcome - chance), weight * chance * (1 - chance)
            g_a, g_b = g_a + slack, g_b + slack * logit
            h_aa, h_ab, h_bb = h_aa + curve, h_ab + curve * logit, h_bb + curve * logit * logit
        det = h_aa * h_bb - h_ab * h_ab
        step_a, step_b = (h_bb * g_a - h_ab * g_b) / det, (h_aa * g_b - h_ab * g_a) / det
        a, b = a + step_a, b + step_b
        if abs(step_a) + abs(step_b) < _ENOUGH:
            break
    return Line(intercept=a, slope=b)


def log_loss(logits: Sequence[float], outcomes: Sequence[bool]) -> float:
    """The mean negative log-likelihood."""
    total = 0.0
    for logit, outcome in zip(logits, outcomes, strict=True):
        chance = min(max(sigmoid(logit), 1e-12), 1 - 1e-12)
        total -= log(chance if outcome else 1 - chance)
    return total / len(logits) if logits else 0.0
