"""Risk: the probability of a stated event, where it comes from, and what to do about it.

Promises: frozen records. Every probability is in 0..1 and says of which event; effects of contributions are
differences of the probability that they explain, and add up to it.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record
from assay.model.evidence import Evidence


class Contribution(Record, frozen=True, kw_only=True):
    """One feature's share in a risk: its value, and its effect in the unit of what it explains."""

    feature: str
    value: float
    effect: float
    words: str = ""


class Interval(Record, frozen=True, kw_only=True):
    """Where a probability may lie: 90 % of the diffs like this one."""

    low: float
    high: float


class Prior(Record, frozen=True, kw_only=True):
    """What a model says of a diff before any test has run."""

    event: str
    """The event in words: `a later fix within 365 days touches lines of this change`."""
    model: str
    """The model's name and version."""
    probability: float
    interval: Interval
    contributions: tuple[Contribution, ...]
    """`base` (the probability of an ordinary diff) first, then by size of effect; together they make
    `probability`."""
    percentile: float | None = None
    """The share of the repository's own past changes that looked less risky, in 0..1; None where its history
    is too short to say."""
    doubts: tuple[str, ...] = ()
    """Why the interval is wide: what of this diff or repository the model has not seen the like of."""


class Action(StrEnum):
    """What to do with a candidate that passed its gates."""

    LAND = "land"
    MORE = "more evidence"
    REVIEW = "review"
    REJECT = "reject"


class Option(Record, frozen=True, kw_only=True):
    """One action and what it is expected to cost, in the policy's unit."""

    action: Action
    cost: float
    words: str


class Place(Record, frozen=True, kw_only=True):
    """Where to look: lines `line` to `end` of `path`, and why there first."""

    path: str
    line: int
    end: int
    why: str
    weight: float = 0.0


class Advice(Record, frozen=True, kw_only=True):
    """The decision by expected loss: the cheapest of `options`, all of which are shown."""

    action: Action
    why: str
    options: tuple[Option, ...]
    evidence: tuple[str, ...] = ()
    """Which evidence is wanted, for `more evidence`."""
    places: tuple[Place, ...] = ()
    """Where to look first."""
    unless: tuple[str, ...] = ()
    """What would bring the risk under the line, with the figure it would come to."""


class Risk(Record, frozen=True, kw_only=True):
    """How risky a diff is, and why.

    `probability` is the posterior of `prior.event` given `evidence`, None unless `calibrated`. `score` is in
    0..1 and orders diffs: the probability where there is one. `contributions` make the score up.
    """

    band: str
    score: float
    calibrated: bool
    probability: float | None
    contributions: tuple[Contribution, ...]
    interval: Interval | None = None
    prior: Prior | None = None
    reverted: Prior | None = None
    """The same of the event that the change is reverted within 30 days."""
    evidence: Evidence | None = None
    false_green: float | None = None
    """An upper bound on the chance that the tests pass though the changed lines are wrong."""
    advice: Advice | None = None
