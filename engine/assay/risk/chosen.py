"""Which models a run asks: the shipped ones, these corrected for a repository, or a file of a policy.

Promises: a file comes from whoever set the rule: from the base commit where the base's policy names it, from
the user's disk where the user's does; never from a candidate (invariant 3). A correction that was trained
here (`assay risk train`) is used where no policy says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.policy.problem import ON_THE_BASE
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.risk.model import MOST_LOG_ODDS, Model, shipped

KEY = "risk.model"


MOST_SLOPE = 10.0


class Correction(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line in log-odds that fits the shipped model to one repository.

    `known` is the standard deviation of what is left to doubt, in log-odds; `fixed` of `commits` were fixed
    within the window, up to `until`.
    """

    corrects: str
    intercept: float
    slope: float
    known: float
    commits: int
    fixed: int
    until: int


class Models(Record, frozen=True, kw_only=True):
    """What is asked where the history of files is known (`whole`), and where it is not (`blind`)."""

    whole: Model
    blind: Model


def usual(place: Path | None = None) -> Models:
    """The shipped models, corrected by what was trained here, if anything was: `place` says where."""
    models = Models(whole=shipped("later-fix"), blind=shipped("later-fix-diff"))
    try:
        data = place.read_bytes() if place is not None else None
    except OSError:
        return models
    try:
        return _with(data, models) if data is not None else models
    except (ValueError, msgspec.DecodeError):
        return models  # of an earlier model: to be trained anew


def named(policy: Policy, repo: Repository, tree: str) -> Models | None:
    """The models that `risk.model` names, None where it names none. Raises BadInput for what is no model."""
    name = policy.risk.model
    if not name:
        return None
    origin = policy.sources.get(KEY, "")
    data = _read(name, origin, repo, tree)
    if data is None:
        raise BadInput(f"{KEY} names {name!r}, which is not there", where=origin or policy.name)
    try:
        return _with(data, usual())
    except (ValueError, msgspec.DecodeError) as error:
        raise BadInput(
            f"{name} is neither a risk model nor a correction of the shipped one ({error})",
            where=f"{KEY} in {origin or policy.name}",
            fix="make one with `assay risk train --output FILE`",
        ) from error


def _read(name: str, origin: str, repo: Repository, tree: str) -> bytes | None:
    if origin.endswith(ON_THE_BASE):
        return repo.read(tree, name)
    try:
        return (Path(origin).parent / name).read_bytes()
    except OSError:
        return None


def _with(data: bytes, models: Models) -> Models:
    """A whole model, or a correction of the shipped ones. Raises ValueError and msgspec.DecodeError."""
    if b'"corrects"' not in data:
        try:
            model = msgspec.json.decode(data, type=Model)
            model.check()
        except RecursionError:
            raise ValueError("its trees are too deep") from None
        if not model.trees:
            raise ValueError("it has no trees")
        known, shown = frozenset(models.whole.features), frozenset(models.whole.groups)
        if not (known.issuperset(model.features) and shown.issuperset(model.groups)):
            raise ValueError("it asks for features, or has groups, that there are not")
        if model.event != models.whole.event:
            raise ValueError("its event is another one than that of the shipped model")
        return Models(whole=model, blind=models.blind)
    found = msgspec.json.decode(data, type=Correction)
    if not (0 < found.slope <= MOST_SLOPE and abs(found.intercept) <= MOST_LOG_ODDS):
        raise ValueError("its line is out of all proportion")
    if not 0 <= found.known <= MOST_LOG_ODDS or not 0 <= found.fixed <= found.commits:
        raise ValueError("its figures do not fit together")
    if found.corrects != models.whole.title:
        raise ValueError(f"it corrects {found.corrects}, and this is {models.whole.title}")
    return Models(whole=corrected(models.whole, found), blind=corrected(models.blind, found))


def corrected(model: Model, by: Correction) -> Model:
    """`model` with its log-odds on the correction's line."""
    return replace(
        model,
        version=f"{model.version}, corrected by {by.commits} commits",
        intercept=by.intercept + by.slope * model.intercept,
        slope=by.slope * model.slope,
        spread=replace(model.spread, known=by.known),
    )
