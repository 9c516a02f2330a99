"""Fit risk models: boosted trees with monotone features, calibrated on repositories they have not seen.

Needs lightgbm and numpy, which are tools of development and no dependencies: `pip install lightgbm`.

Promises: deterministic for equal data; nothing after `until` is used, labels included; the result is data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import log, log1p, sqrt
from statistics import fmean, median, pvariance
from typing import Any

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.risk.calibrate import fit_line
from assay.risk.features import DIFF, GROUPS, HISTORY
from assay.risk.history.mine import Row
from assay.risk.history.past import DAY
from assay.risk.model import Model, Range, Split, Spread, Tree, sigmoid
from bench.risk_tables import Table

YEAR = 365 * DAY
RISING = frozenset(
    [
        "fresh",
        "code",
        "calls",
        "branches",
        "operators",
        "definitions",
        "returns",
        "errors",
        "nesting",
        "fixed_lately",
        "fixed_lately_most",
        "fixed_lately_mean",
        "fix_share",
        "year_fix_share",
        "repository_fix_share",
    ]
)
FALLING = frozenset({"since_fix", "reshaped"})
"""More repairs lately, or more new code, never makes a change safer, whatever a few noisy labels say."""
EXAMINED = {
    "fresh": "new lines of code",
    "files": "files",
    "gone": "lines taken away",
    "nesting": "depth of nesting",
    "lines_most": "size of its files",
    "imports": "imports",
}
_FOREIGN = 0.8
"""By judgement: nothing was measured on other languages."""

Label = Callable[[Row, int], bool | None]


def later_fix(row: Row, until: int) -> bool | None:
    """The event of the first model."""
    return row.label(until)


def undone(row: Row, until: int) -> bool | None:
    """The event of the second."""
    return row.undone(until)


class Plan(Record, frozen=True, kw_only=True):
    """What to fit, and how."""

    name: str
    event: str
    features: tuple[str, ...]
    version: str = "1"
    trees: int = 300
    leaves: int = 6
    rate: float = 0.05
    least: int = 80
    half_life: float = 6.0
    """Years after which a commit counts for half: base rates drift."""
    recent: float = 4.0
    """Years before `until` that the calibration is made on."""


LATER_FIX = Plan(
    name="later-fix",
    event="a later fix within 365 days touches lines of this change",
    features=DIFF + HISTORY,
)
LATER_FIX_DIFF = Plan(name="later-fix-diff", event=LATER_FIX.event, features=DIFF)
REVERTED = Plan(
    name="reverted",
    event="the change is reverted within 30 days",
    features=DIFF,
    trees=80,
    leaves=4,
    rate=0.04,
    least=400,
    half_life=10.0,
)


class _Sample(Record, frozen=True, kw_only=True):
    repository: str
    row: Row
    outcome: bool


def fit(plan: Plan, tables: Sequence[Table], until: int, label: Label = later_fix) -> Model:
    """Train on what was known at `until`, calibrate on the newest years by repositories left out in turn."""
    samples = _samples(tables, until, label)
    trees = _boost(plan, samples, until)
    since = until - int((plan.recent + 1) * YEAR)
    every = _left_out(plan, tables, until, label, since)
    left_out = [(logit, sample) for logit, sample in every if sample.row.time > since]
    line = fit_line([logit for logit, _ in left_out], [s.outcome for _, s in left_out], around=5.0, tilt=1.0)
    recent = [sample.row for sample in samples if sample.row.time > since]
    model = Model(
        name=plan.name,
        version=plan.version,
        event=plan.event,
        features=plan.features,
        groups=tuple(_group(feature) for feature in plan.features),
        reference=tuple(round(median(row.features[f] for row in recent), 4) for f in plan.features),
        trees=trees,
        spread=Spread(known=0, young=0, beyond=0, blind=0, foreign=_FOREIGN),
        intercept=round(line.intercept, 6),
        slope=round(line.slope, 6),
        ranges=tuple(_range(feature, recent) for feature in EXAMINED if feature in plan.features),
    )
    return replace(
        model,
        spread=_spread(
            model,
            [(line.at(logit), sample) for logit, sample in left_out],
            [(line.at(logit), sample) for logit, sample in every if _young(sample)],
        ),
    )


def _samples(tables: Iterable[Table], until: int, label: Label) -> list[_Sample]:
    found = []
    for table in tables:
        for row in table.rows:
            outcome = label(row, min(until, table.until))
            if outcome is not None:
                found.append(_Sample(repository=table.name, row=row, outcome=outcome))
    return found


def _boost(plan: Plan, samples: Sequence[_Sample], until: int) -> tuple[Tree, ...]:
    import lightgbm
    import numpy

    values = numpy.array([[s.row.features[f] for f in plan.features] for s in samples])
    outcomes = numpy.array([s.outcome for s in samples], dtype=float)
    ages = numpy.array([until - s.row.time for s in samples]) / YEAR
    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": plan.rate,
            "num_leaves": plan.leaves,
            "min_data_in_leaf": plan.least,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "feature_fraction": 0.5,
            "lambda_l2": 5.0,
            "monotone_constraints": [(f in RISING) - (f in FALLING) for f in plan.features],
            "num_threads": 1,
            "deterministic": True,
            "seed": 1,
            "verbose": -1,
        },
        lightgbm.Dataset(values, outcomes, weight=0.5 ** (ages / plan.half_life)),
        num_boost_round=plan.trees,
    )
    return tuple(_tree(each["tree_structure"]) for each in booster.dump_model()["tree_info"])


def _tree(node: dict[str, Any]) -> Tree:
    if "leaf_value" in node:
        return round(float(node["leaf_value"]), 5)
    # Rounded up, so that a value at which the tree forked stays on its side.
    return Split(
        node["split_feature"],
        float(f"{node['threshold']:.6g}"),
        _tree(node["left_child"]),
        _tree(node["right_child"]),
    )


def _left_out(
    plan: Plan, tables: Sequence[Table], until: int, label: Label, since: int, folds: int = 3
) -> list[tuple[float, _Sample]]:
    """Log-odds, by trees that have not seen their repository, of commits after `since` and of those of young
    repositories."""
    order = sorted(tables, key=lambda table: -len(table.rows))
    found: list[tuple[float, _Sample]] = []
    for fold in range(folds):
        others = [table for place, table in enumerate(order) if place % folds != fold]
        trees = _boost(plan, _samples(others, until, label), until)
        for sample in _samples(order[fold::folds], until, label):
            if sample.row.time > since or _young(sample):
                values = [sample.row.features[f] for f in plan.features]
                found.append((sum(leaf(tree, values) for tree in trees), sample))
    return found


def leaf(tree: Tree, values: Sequence[float]) -> float:
    """The value of one tree."""
    while isinstance(tree, Split):
        tree = tree.low if values[tree.feature] <= tree.at else tree.high
    return tree


def _young(sample: _Sample) -> bool:
    return sample.row.features["repository_days"] < 365


def _group(feature: str) -> str:
    return next(name for name, members in GROUPS.items() if feature in members)


def _range(feature: str, rows: Sequence[Row]) -> Range:
    values = sorted(row.features[feature] for row in rows)
    low, high = values[int(0.005 * len(values))], values[int(0.995 * len(values))]
    return Range(feature=feature, low=low, high=high, words=EXAMINED[feature])


def _spread(
    model: Model, left_out: Sequence[tuple[float, _Sample]], young: Sequence[tuple[float, _Sample]]
) -> Spread:
    """How far repositories, and kinds of changes, lie from what is said of them."""
    known = _between(left_out)
    beyond = [
        (logit, s)
        for logit, s in left_out
        if any(not r.low <= s.row.features[r.feature] <= r.high for r in model.ranges)
    ]
    return Spread(
        known=round(known, 3),
        young=round(max(0.3, _excess(young, known)), 3),
        beyond=round(max(0.3, _excess(beyond, known)), 3),
        blind=0.0,
        foreign=_FOREIGN,
    )


def _between(left_out: Sequence[tuple[float, _Sample]]) -> float:
    """The standard deviation of repositories' true log-odds around the model's, without that of chance."""
    offsets, noise = [], []
    for name in {sample.repository for _, sample in left_out}:
        mine = [(sigmoid(logit), s.outcome) for logit, s in left_out if s.repository == name]
        expected = sum(chance for chance, _ in mine)
        if expected >= 10:
            seen = sum(outcome for _, outcome in mine)
            offsets.append(log((seen + 0.5) / (expected + 0.5)))
            noise.append(1 / expected)
    return sqrt(max(0.0, pvariance(offsets) - fmean(noise))) if len(offsets) > 1 else 0.5


def _excess(part: Sequence[tuple[float, _Sample]], known: float) -> float:
    """How far a kind of changes as a whole lies from what is said of it."""
    expected = sum(sigmoid(logit) for logit, _ in part)
    seen = sum(sample.outcome for _, sample in part)
    return abs(log((seen + 1) / (expected + 1))) + known / 2 if part else 1.0


KAMEI = (
    "directories",
    "files",
    "entropy",
    "code",
    "gone",
    "lines_mean",
    "new_files",
    "since_change",
    "changes",
)
"""Those of Kamei et al., "A large-scale empirical study of just-in-time quality assurance" (2013), that ask
for no author, in our nearest terms."""


def logistic(tables: Sequence[Table], until: int, features: Sequence[str]) -> Callable[[Row], float]:
    """A logistic regression on the logarithms of `features`, by Newton's method: a baseline."""
    import numpy

    samples = _samples(tables, until, later_fix)

    def vector(row: Row) -> list[float]:
        return [1.0, *(log1p(max(0.0, row.features[name])) for name in features)]

    x = numpy.array([vector(sample.row) for sample in samples])
    y = numpy.array([sample.outcome for sample in samples], dtype=float)
    weights = numpy.zeros(x.shape[1])
    for _ in range(30):
        chances = 1 / (1 + numpy.exp(-x @ weights))
        curve = x.T @ (x * (chances * (1 - chances))[:, None]) + 1e-3 * numpy.eye(x.shape[1])
        weights = weights + numpy.linalg.solve(curve, x.T @ (y - chances))
    return lambda row: sigmoid(float(numpy.dot(vector(row), weights)))


def rate(tables: Sequence[Table], until: int, label: Label) -> float:
    """The share of commits with the event among those of the newest years."""
    samples = [s for s in _samples(tables, until, label) if s.row.time > until - 5 * YEAR]
    return sum(sample.outcome for sample in samples) / len(samples)


def between_rates(tables: Sequence[Table], until: int) -> float:
    """The standard deviation, in log-odds, of rates of reverts from repository to repository, chance
    included: they are too few to tell it apart."""
    rates = []
    for table in tables:
        outcomes = [s.outcome for s in _samples([table], until, undone)]
        rates.append(log((sum(outcomes) + 0.5) / len(outcomes)))
    return round(sqrt(pvariance(rates)), 3)


def apart(one: Model, other: Model, rows: Sequence[Row]) -> float:
    """The root mean square difference of two models in log-odds."""
    squares = [
        (one.logit(one.values(row.features)) - other.logit(other.values(row.features))) ** 2 for row in rows
    ]
    return sqrt(fmean(squares))


def constant(plan: Plan, rate: float, width: float, note: str) -> Model:
    """A model that knows nothing but the base rate."""
    return Model(
        name=plan.name,
        version=plan.version,
        event=plan.event,
        features=(),
        groups=(),
        reference=(),
        trees=(),
        intercept=round(log(rate / (1 - rate)), 6),
        spread=Spread(known=width, young=0.3, beyond=0.3, blind=0.0, foreign=_FOREIGN),
        notes=(note,),
    )
