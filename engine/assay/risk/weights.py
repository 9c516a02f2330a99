"""The weights of the risk score, one row per feature, each with its reason.

Promises: this table is the whole model. The weights are JUDGEMENT, NOT FITTED: no data stands behind the
points, only the direction that published studies of defect-inducing changes agree on. Nothing computed
from them is a probability, and the score says so (`calibrated` is false).

A feature's effect rises with the square root of its value, from 0 at value 0 to `points` at `full`, and
stays there: the second file matters more than the twentieth, and no feature outgrows its points.
"""

from __future__ import annotations

from math import sqrt

from assay.model.candidate import Record


class Weight(Record, frozen=True, kw_only=True):
    """What one feature can add to the score (`points`, in 0..1), and the value at which it adds all of it.

    `words` is a template for the contribution: `{n}` is the value, `{s}` and `{y}` its plural endings.
    """

    feature: str
    points: float
    full: float
    words: str
    reason: str

    def effect(self, value: float) -> float:
        """The share of the score for `value`, rounded to the four places that the sum is made of."""
        if value <= 0:
            return 0.0
        return round(self.points * min(1.0, sqrt(value / self.full)), 4)

    def say(self, value: float) -> str:
        """The words for `value`."""
        return self.words.format(n=f"{value:g}", s="" if value == 1 else "s", y="y" if value == 1 else "ies")


WEIGHTS: tuple[Weight, ...] = (
    Weight(
        feature="code-lines",
        points=0.26,
        full=400,
        words="{n} line{s} of code changed",
        reason="size is the strongest single signal in every published model of change risk",
    ),
    Weight(
        feature="files",
        points=0.06,
        full=20,
        words="{n} further file{s} touched",
        reason="a change spread over files is harder to review, beyond its size",
    ),
    Weight(
        feature="directories",
        points=0.05,
        full=8,
        words="{n} further director{y} touched",
        reason="crossing directories usually means crossing owners",
    ),
    Weight(
        feature="hunks",
        points=0.04,
        full=40,
        words="{n} further place{s} edited",
        reason="many small edits are missed more easily than one block",
    ),
    Weight(
        feature="entropy",
        points=0.05,
        full=3,
        words="changed lines spread over files (entropy {n} bits)",
        reason="scattered changes were riskier than focused ones of the same size",
    ),
    Weight(
        feature="control-flow",
        points=0.10,
        full=30,
        words="{n} new line{s} that branch or loop",
        reason="each new path is one that may be untested",
    ),
    Weight(
        feature="nesting",
        points=0.05,
        full=6,
        words="new branches inside {n} enclosing level{s}",
        reason="deep nesting stands for conditions that are hard to see together",
    ),
    Weight(
        feature="signatures",
        points=0.08,
        full=8,
        words="{n} definition line{s} changed or removed",
        reason="callers outside the diff may break",
    ),
    Weight(
        feature="deleted-code",
        points=0.05,
        full=200,
        words="{n} line{s} of code deleted",
        reason="removed handling is invisible in the result",
    ),
    Weight(
        feature="binary-files",
        points=0.04,
        full=3,
        words="{n} binary file{s} changed",
        reason="nobody can read the change",
    ),
    Weight(
        feature="findings",
        points=0.15,
        full=5,
        words="{n} new finding{s} of warning level or above",
        reason="a new warning is a stated doubt, even where it does not reject",
    ),
    Weight(
        feature="no-tests-ran",
        points=0.10,
        full=1,
        words="no test is known to have passed on the changed code",
        reason="without a test that ran, nothing shows that the change works",
    ),
)

MORE_TOPICS = 0.05
"""What every sensitive topic after the strongest one adds."""

MOST_FOR_TOPICS = 0.40
"""What sensitive topics can add together."""
