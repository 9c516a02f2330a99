"""The prior: what the model says of a change before any of its tests have run.

Promises: a probability of a stated event, with its contributions adding up to it and an interval that is wide
where the model has not seen the like; each reason for that is a sentence. The cost follows the change. The
change's own author, hour and message play no part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from assay.model.candidate import Candidate, Change
from assay.model.risk import Contribution, Interval, Prior
from assay.repo import diff
from assay.repo.repository import Repository
from assay.risk.background import Background
from assay.risk.content import content
from assay.risk.doubts import doubts
from assay.risk.edits import Edited, edited
from assay.risk.features import diff_features, guessed, history_features
from assay.risk.history.past import RepositoryPast
from assay.risk.history.store import Past
from assay.risk.model import Model, log_odds, shipped, sigmoid
from assay.risk.shapley import shares
from assay.risk.wording import say

_NINETY = 1.645
"""Standard deviations on either side that hold 90 % of a normal distribution."""
_PLACES = 6


class Seen(NamedTuple):
    """What a change does to program files, and its features as far as the change alone tells them."""

    what: Edited
    features: dict[str, float]


def seen(repo: Repository, changes: Sequence[Change]) -> Seen:
    """Look at any set of changes."""
    what = edited(repo, changes)
    return Seen(what, _diff_features(what))


def reverted_on(found: Seen) -> Prior:
    """How likely the change is reverted within 30 days."""
    return _answer(shipped("reverted"), found.features, found.what)


def prior(repo: Repository, candidate: Candidate, known: Background) -> Prior | None:
    """How likely a later fix touches lines of this change; None for a candidate without a tree."""
    return None if candidate.tree is None else prior_of(repo, changes_of(repo, candidate), known)


def prior_of(repo: Repository, changes: Sequence[Change], known: Background) -> Prior:
    """The same of any set of changes to the base that `known` is about."""
    return prior_on(seen(repo, changes), known)


def prior_on(found: Seen, known: Background) -> Prior:
    """The same of what was looked at already."""
    what, features, past = found.what, found.features, None
    if known.place is not None:
        try:
            with Past(known.place) as store:
                pasts = store.files([edit.old_path for edit in what.edits], known.now)
            past = known.repository
            features = features | history_features(what.files, pasts, past)
        except sqlite3.Error as error:
            known = Background(models=known.models, why=f"the history of its files cannot be read ({error})")
    model = known.models.whole if past is not None else known.models.blind
    why = "" if past is not None else known.why or "the history of its files is not known"
    answer = _answer(model, features, what, past, why)
    return answer if past is None else _placed(answer, known)


def changes_of(repo: Repository, candidate: Candidate) -> tuple[Change, ...]:
    """What a candidate with a tree changes."""
    if candidate.changes or candidate.tree is None:
        return candidate.changes
    return diff.changes(repo, candidate.base.tree, candidate.tree)


def _diff_features(what: Edited) -> dict[str, float]:
    features = diff_features(content(what.edits), what.files)
    return guessed(features, what.unread_added, what.unread_deleted) if what.unread else features


def _placed(found: Prior, known: Background) -> Prior:
    from msgspec.structs import replace

    return replace(found, percentile=known.percentile(found.probability))


def _answer(
    model: Model,
    features: dict[str, float],
    what: Edited,
    past: RepositoryPast | None = None,
    why: str = "",
) -> Prior:
    values = model.values(features)
    base, parts = shares(model, values)
    probability = round(sigmoid(model.logit(values)), _PLACES)
    sentences, width = doubts(model, features, what, past, why)
    logit = log_odds(probability)
    return Prior(
        event=model.event,
        model=model.title,
        probability=probability,
        interval=Interval(
            low=round(sigmoid(logit - _NINETY * width), _PLACES),
            high=round(sigmoid(logit + _NINETY * width), _PLACES),
        ),
        contributions=_contributions(base, parts, features, probability),
        doubts=sentences,
    )


def _contributions(
    base: float, parts: dict[str, float], features: dict[str, float], probability: float
) -> tuple[Contribution, ...]:
    """The base first, then groups by size of effect, rounded so that they add up exactly as shown."""
    first = round(base, _PLACES)
    shown = [(name, round(effect, _PLACES)) for name, effect in parts.items() if round(effect, _PLACES)]
    shown.sort(key=lambda part: (-abs(part[1]), part[0]))
    rest = round(probability - first - sum(effect for _, effect in shown), _PLACES)
    if shown:
        shown[0] = (shown[0][0], round(shown[0][1] + rest, _PLACES))
    else:
        first = probability
    told = [Contribution(feature="base", value=first, effect=first, words="an ordinary change")]
    for name, effect in shown:
        value, words = say(name, features)
        told.append(Contribution(feature=name, value=value, effect=effect, words=words))
    return tuple(told)
