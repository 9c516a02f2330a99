"""What the models say of candidates, asked once and kept from one run to the next.

Promises: what is kept is found again by all that it follows from: the change, the models, what the run knows
of the repository's past, and the very code that asks. What was answered while somebody else learnt more of
that past, or without a past that is there, is not kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec.structs import replace

from assay.ledger.codec import decode, encode
from assay.ledger.keeping import NOWHERE, Keeping, edition
from assay.model.candidate import Change, Record
from assay.model.risk import Prior
from assay.repo.repository import Repository
from assay.risk.background import Background
from assay.risk.history.store import Past
from assay.risk.kinds import Kind, kind
from assay.risk.model import shipped
from assay.risk.prior import prior_of, prior_on, reverted_on, seen

_CODE = ("risk", "repo", "model/candidate.py", "model/risk.py")
"""Where all is that an answer is made by, within the package."""
_MOST_PARTS = 8
"""Of a change of more program files it is not asked what it would be without one."""
_PROGRAM = (Kind.SOURCE, Kind.OTHER)


class Answer(Record, frozen=True, kw_only=True):
    """The prior of a change, what it would be without each of its program files, and that of a revert."""

    prior: Prior
    without: Mapping[str, float]
    reverted: Prior


class _Kept(Record, frozen=True, kw_only=True):
    """An answer, and the values of its contributions apart: a report shows counts as counts, and what is
    written as a whole number and read as a fraction would show as one."""

    answer: Answer
    values: tuple[tuple[int | float, ...], tuple[int | float, ...]]


class Answers:
    """What is said on one background."""

    def __init__(self, repo: Repository, known: Background, keeping: Keeping = NOWHERE) -> None:
        self._repo = repo
        self._known = known
        self._keeping = keeping

    def on(self, changes: tuple[Change, ...], *, apart: bool) -> Answer:
        """The answer on a change; `apart` also asks what it would be without each of its files."""
        if self._keeping is NOWHERE or not self._can_be_kept:
            return self._asked(changes, apart)[0]
        what = hashlib.sha256(encode([self._background, changes, apart])).hexdigest()
        key = f"risk:{edition(*_CODE)}:{what}"
        if kept := self._keeping.recall(key):
            try:
                return _read(kept)
            except ValueError:
                pass  # damaged: asked anew
        found, whole = self._asked(changes, apart)
        if whole and self._is_unchanged():
            self._keeping.remember(key, _written(found))
        return found

    @property
    def _can_be_kept(self) -> bool:
        return self._known.place is None or bool(self._known.state)

    @cached_property
    def _background(self) -> str:
        """What tells this background, and all models that are asked, from any other."""
        known = self._known
        parts = (known.models, shipped("reverted"), known.now, known.place is None, known.why, known.state)
        return hashlib.sha256(encode([*parts, known.repository, known.estimates])).hexdigest()

    def _asked(self, changes: tuple[Change, ...], apart: bool) -> tuple[Answer, bool]:
        """The answer, and whether the past was there for all of it if there is one."""
        found = seen(self._repo, changes)
        prior = prior_on(found, self._known)
        without = self._without(changes) if apart else {}
        models = {prior.model, *(each.model for each in without.values())}
        answer = Answer(
            prior=prior,
            without={path: each.probability for path, each in without.items()},
            reverted=reverted_on(found),
        )
        return answer, self._known.place is None or models == {self._known.models.whole.title}

    def _without(self, changes: tuple[Change, ...]) -> dict[str, Prior]:
        """What the change's prior would be without each of its program files."""
        program = [change for change in changes if kind(change.path) in _PROGRAM]
        if not 1 < len(program) <= _MOST_PARTS:
            return {}
        return {
            change.path: prior_of(self._repo, [c for c in changes if c is not change], self._known)
            for change in program
        }

    def _is_unchanged(self) -> bool:
        """Whether what was asked about the past is what the background is about."""
        known = self._known
        if known.place is None:
            return True
        if known.models.whole.title == known.models.blind.title:
            return False  # which of them answered cannot be told
        try:
            with Past(known.place) as past:
                return past.state == known.state
        except sqlite3.Error:
            return False


def _written(answer: Answer) -> bytes:
    values = (_values(answer.prior), _values(answer.reverted))
    return encode(_Kept(answer=answer, values=values))


def _read(data: bytes) -> Answer:
    """Raises ValueError for what is no kept answer."""
    kept = decode(data, _Kept)
    prior, reverted = map(_with_values, (kept.answer.prior, kept.answer.reverted), kept.values)
    return replace(kept.answer, prior=prior, reverted=reverted)


def _values(prior: Prior) -> tuple[int | float, ...]:
    return tuple(each.value for each in prior.contributions)


def _with_values(prior: Prior, values: Sequence[int | float]) -> Prior:
    pairs = zip(prior.contributions, values, strict=True)
    return replace(prior, contributions=tuple(replace(each, value=value) for each, value in pairs))
