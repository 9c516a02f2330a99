"""A risk model as data: small regression trees over named features, and what is needed to say how sure it is.

Promises: read from JSON that is checked as it is read; evaluated in plain Python, the same on every machine;
a value is never looked up by position from outside. The sum of the trees is a log-odds, which a line
(`intercept`, `slope`) turns into a calibrated one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from math import exp, log

import msgspec

from assay.model.candidate import Record

MOST_SPLITS = 20_000
MOST_LOG_ODDS = 30.0
"""Bounds on models that are read from files: more is a mistake, or meant to stall or to silence."""

SHIPPED = ("later-fix", "later-fix-diff", "reverted")


class Split(msgspec.Struct, frozen=True, array_like=True):
    """Where a tree forks: values of `feature` up to `at` go to `low`, larger ones to `high`."""

    feature: int
    at: float
    low: Split | float
    high: Split | float


Tree = Split | float


class Range(Record, frozen=True, kw_only=True):
    """Where nearly all (99 %) of the training values of a feature lie, and what to call what lies outside."""

    feature: str
    low: float
    high: float
    words: str


class Spread(Record, frozen=True, kw_only=True):
    """Standard deviations, in log-odds, of what truly happens around what the model says.

    `known`: from repository to repository. The others come on top: `young` for a repository with less than a
    year or 200 commits, `beyond` for a change outside the training range, `blind` for one whose history is
    not known, `foreign` for code in other languages than Python.
    """

    known: float
    young: float
    beyond: float
    blind: float
    foreign: float


class Model(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model. `groups` names, feature by feature, what is explained together; `reference` is an ordinary
    change, which explanations start from."""

    name: str
    version: str
    event: str
    features: tuple[str, ...]
    groups: tuple[str, ...]
    reference: tuple[float, ...]
    trees: tuple[Tree, ...]
    spread: Spread
    intercept: float = 0.0
    slope: float = 1.0
    ranges: tuple[Range, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be said with every answer of this model."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    def check(self) -> None:
        """Raise ValueError where its parts do not fit, or its figures make no sense; what is shipped is
        checked by the tests, once."""
        width = len(self.features)
        if sum(len(_splits(tree)) for tree in self.trees) > MOST_SPLITS:
            raise ValueError(f"it has more than {MOST_SPLITS} splits")
        figures = (self.intercept, self.slope, *msgspec.structs.astuple(self.spread))
        if not all(abs(figure) <= MOST_LOG_ODDS for figure in figures) or self.slope <= 0:
            raise ValueError("its line or its spread are out of all proportion")
        if min(msgspec.structs.astuple(self.spread)) < 0:
            raise ValueError("a spread is less than nothing")
        if any(abs(leaf) > MOST_LOG_ODDS for tree in self.trees for leaf in _leaves(tree)):
            raise ValueError("a tree says more than log-odds can be")
        if len(self.groups) != width or len(self.reference) != width:
            raise ValueError("features, groups and reference differ in number")
        if any(split.feature >= width or split.feature < 0 for tree in self.trees for split in _splits(tree)):
            raise ValueError("a tree asks for a feature that there is not")

    def values(self, features: Mapping[str, float]) -> tuple[float, ...]:
        """The values in this model's order. Raises KeyError for a missing one."""
        return tuple(features[name] for name in self.features)

    def logit(self, values: Sequence[float]) -> float:
        """The calibrated log-odds."""
        return self.intercept + self.slope * sum(_leaf(tree, values) for tree in self.trees)

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability of the event for a change with these features."""
        return sigmoid(self.logit(self.values(features)))


def sigmoid(logit: float) -> float:
    """The probability that has this log-odds."""
    return 1 / (1 + exp(-logit)) if logit > -700 else 0.0


def log_odds(probability: float) -> float:
    """The log-odds of a probability, which is kept away from 0 and 1."""
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return log(inside / (1 - inside))


@cache
def shipped(name: str) -> Model:
    """One of the models in `SHIPPED`."""
    data = resources.files("assay.risk").joinpath("models", f"{name}.json").read_bytes()
    return msgspec.json.decode(data, type=Model)


def _leaf(tree: Tree, values: Sequence[float]) -> float:
    while isinstance(tree, Split):
        tree = tree.low if values[tree.feature] <= tree.at else tree.high
    return tree


def _leaves(tree: Tree) -> list[float]:
    splits = _splits(tree)
    ends = [end for split in splits for end in (split.low, split.high) if not isinstance(end, Split)]
    return ends if splits else [tree] if not isinstance(tree, Split) else []


def _splits(tree: Tree) -> list[Split]:
    if not isinstance(tree, Split):
        return []
    return [tree, *_splits(tree.low), *_splits(tree.high)]
