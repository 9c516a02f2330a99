"""Asking about one commit of a history: its evidence, or what the tests say of it; and what is kept of that.

Promises: every commit is asked about under the same rules, in its project's environment of today. Whatever is
odd about one old commit becomes a reason for it to have no evidence, and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec

from assay.land.flow import grade
from assay.land.request import Request
from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate
from assay.policy.stakes import Collect
from assay.risk.history.mine import Row
from assay.risk.model import shipped
from bench.histories import Ready
from bench.inducing_sample import Group

_RULES = """
extends = "default"
gates = {gates}
[environment]
python = "{python}"
[environment.set]
PYTHONPATH = "{root}/src:{root}"
[tests]
args = {args}
base_runs = 1
[limits]
seconds = 180
[evidence]
mutants = {mutants}
seconds = {seconds}
"""
_MUTANTS, _SECONDS = 12, 150.0


class Told(Record, frozen=True, kw_only=True):
    """One commit, and what its evidence was: a line of what is kept. Where there is none, `why`."""

    project: str
    commit: str
    group: Group
    time: int
    size: float
    prior: float
    evidence: Evidence | None = None
    why: str = ""
    fix: str = ""
    """The fix that it was made of, if it was."""


def kept_at(kept: Path, name: str) -> Path:
    """Where the lines of a project are kept."""
    return kept / f"{name}.jsonl"


def read(path: Path) -> list[Told]:
    """What is kept in a file; nothing where there is none."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Told) for line in path.read_bytes().splitlines()]


def keep(path: Path, told: Told) -> None:
    """Write one line more."""
    with path.open("ab") as stream:
        stream.write(msgspec.json.encode(told) + b"\n")


@contextmanager
def rules(place: Ready, *gates: str) -> Iterator[Path]:
    """The policy for one project, as a file, with these gates."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "rules.toml"
        path.write_text(
            _RULES.format(
                gates=json.dumps(gates),
                root=place.repo.resolve(),
                python=place.python,
                args=json.dumps(place.history.args),
                mutants=_MUTANTS,
                seconds=_SECONDS,
            )
        )
        yield path


def prior(row: Row) -> float:
    """What is said of a commit before any test has run."""
    return shipped("later-fix").probability(row.features)


def tell(place: Ready, group: Group, row: Row, policy: Path, *, base: str = "", fix: str = "") -> Told:
    """What the evidence of `row.commit` is, against its parent where no `base` is given."""
    told = Told(
        project=place.history.name,
        commit=row.commit,
        group=group,
        time=row.time,
        size=row.features["code"],
        prior=prior(row),
        fix=fix,
    )
    try:
        evidence, why = _evidence(place.repo, row.commit, base or f"{row.commit}^", policy)
    except Exception as error:  # whatever is odd about one old commit, the others count
        return msgspec.structs.replace(told, why=repr(error))
    return msgspec.structs.replace(told, evidence=evidence, why=why)


def whole(told: Told) -> bool:
    """Whether there is evidence that no budget had a part in: today's would say the same."""
    if told.evidence is None or told.evidence.unmade:
        return False
    decided = [*told.evidence.fates(Fate.KILLED), *told.evidence.fates(Fate.SURVIVED)]
    return len(decided) <= _MUTANTS


def verdict(place: Ready, commit: str, base: str, policy: Path) -> str:
    """The gate that refuses a commit, or `accepted`, or `no verdict` with the reason."""
    request = Request(
        repo=place.repo, sources=(commit,), base=base, policy=str(policy), jobs=1, environ=dict(os.environ)
    )
    found = anyio.run(lambda: grade(request)).candidates[0]
    return found.rejected_by or (str(found.verdict) if found.verdict == "accepted" else found.reason)


def _evidence(repo: Path, commit: str, base: str, policy: Path) -> tuple[Evidence | None, str]:
    """What was found, and why nothing was."""
    request = Request(
        repo=repo,
        sources=(commit,),
        base=base,
        policy=str(policy),
        jobs=1,
        evidence=Collect.MUTANTS,
        environ=dict(os.environ),
    )
    found = anyio.run(lambda: grade(request)).candidates[0]
    evidence = found.risk.evidence if found.risk is not None else None
    if evidence is None or not (evidence.executed or evidence.missed):
        return None, evidence.missing if evidence is not None else found.reason
    return evidence, ""
