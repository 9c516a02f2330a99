"""Does evidence tell changes that were wrong from others, beyond what the prior knows?

    python -m bench inducing --histories DIR [--project NAME]... [--kept DIR] [--most N] [--report]

DIR holds clones of the projects in `bench.histories`. Commits that a later fix points back to, others of
their size that none does, and fixes with their tests are graded against their parents for evidence, each
with the tests of its own time. That takes 10 to 40 s of processor time a commit: each is kept, a line of
JSON, and not asked about again, so that the command can be stopped at any time; two may run side by side on
different projects. `--report` asks about no more, and prints what is known (see `bench.inducing_fit`).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import msgspec

from assay.land.flow import grade
from assay.land.request import Request
from assay.model.candidate import Record
from assay.model.evidence import Evidence
from assay.policy.schema import Collect
from assay.risk.model import shipped
from bench.histories import HISTORIES, Ready, blamed, ready
from bench.inducing_fit import Known
from bench.inducing_report import Population, report
from bench.inducing_sample import Asked, Group, eligible, sample, tested_fixes

_RULES = """
extends = "default"
gates = ["apply"]
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


def main(argv: Sequence[str]) -> int:
    """Ask about commits that were not asked about, or print what is known."""
    parser = argparse.ArgumentParser(prog="python -m bench inducing", description=__doc__)
    parser.add_argument("--histories", type=Path, default=Path())
    parser.add_argument("--project", action="append", default=[])
    parser.add_argument("--kept", type=Path, default=Path("~/.cache/assay-bench/inducing").expanduser())
    parser.add_argument("--most", type=int, default=60, help="commits of each group and project")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args(argv)
    wanted = [each for each in HISTORIES if not options.project or each.name in options.project]
    if options.report:
        there = [each for each in wanted if _lines(options.kept, each.name).exists()]
        return _report([ready(each, options.histories, options.kept) for each in there], options.kept)
    for history in wanted:
        collect(ready(history, options.histories, options.kept), options.kept, options.most)
    return 0


def _lines(kept: Path, name: str) -> Path:
    return kept / f"{name}.jsonl"


def collect(place: Ready, kept: Path, most: int) -> None:
    """Ask about the first `most` commits of each group that are not known yet."""
    out = _lines(kept, place.history.name)
    known = {told.commit for told in read(out)}
    with tempfile.TemporaryDirectory() as scratch:
        rules = Path(scratch) / "rules.toml"
        rules.write_text(
            _RULES.format(
                root=place.repo.resolve(),
                python=place.python,
                args=json.dumps(place.history.args),
                mutants=_MUTANTS,
                seconds=_SECONDS,
            )
        )
        for asked in _first(_wanted(place), most):
            if asked.row.commit not in known:
                told = _told(place, asked, rules)
                with out.open("ab") as stream:
                    stream.write(msgspec.json.encode(told) + b"\n")


def _wanted(place: Ready) -> list[Asked]:
    return sample(place.table, place.since, tested_fixes(place.repo))


def _first(wanted: Sequence[Asked], most: int) -> Iterator[Asked]:
    """Those of the first `most` inducing commits, with their mates."""
    seen = 0
    for asked in wanted:
        seen += asked.group is Group.INDUCING
        if seen > most:
            return
        yield asked


def _report(places: Sequence[Ready], kept: Path) -> int:
    known: list[Known] = []
    sizes: dict[str, dict[bool, list[float]]] = {}
    fixed: dict[str, frozenset[tuple[str, int]]] = {}
    for place in places:
        told = {each.commit: each for each in read(_lines(kept, place.history.name))}
        silent = sum(each.evidence is None for each in told.values())
        print(f"{place.history.name}: {len(told)} commits asked about, {silent} of them without evidence")
        known += _known(_wanted(place), told)
        fixed |= blamed(place)
        rows = eligible(place.table, place.since)
        sizes[place.history.name] = {
            wrong: [row.features["code"] for row in rows if row.label(place.table.until) is wrong]
            for wrong in (True, False)
        }
    for line in report(known, Population(sizes=sizes), fixed):
        print(line)
    return 0


def _known(wanted: Sequence[Asked], told: dict[str, Told]) -> Iterator[Known]:
    """Those with evidence, with the inducing commit that they were chosen with."""
    pair = ""
    for asked in wanted:
        pair = asked.row.commit if asked.group is Group.INDUCING else pair
        found = told.get(asked.row.commit)
        if found is not None and found.evidence is not None:
            yield Known(
                project=found.project,
                pair=pair,
                group=asked.group,
                size=found.size,
                prior=found.prior,
                evidence=found.evidence,
            )


def read(path: Path) -> list[Told]:
    """What is kept in a file; nothing where there is none."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Told) for line in path.read_bytes().splitlines()]


def _told(place: Ready, asked: Asked, rules: Path) -> Told:
    row = asked.row
    told = Told(
        project=place.history.name,
        commit=row.commit,
        group=asked.group,
        time=row.time,
        size=asked.size,
        prior=shipped("later-fix").probability(row.features),
    )
    try:
        evidence, why = _evidence(place.repo, row.commit, rules)
    except Exception as error:  # whatever is odd about one old commit, the others count
        return msgspec.structs.replace(told, why=repr(error))
    return msgspec.structs.replace(told, evidence=evidence, why=why)


def _evidence(repo: Path, commit: str, rules: Path) -> tuple[Evidence | None, str]:
    """What was found, and why nothing was."""
    request = Request(
        repo=repo,
        sources=(commit,),
        base=f"{commit}^",
        policy=str(rules),
        jobs=1,
        evidence=Collect.MUTANTS,
        environ=dict(os.environ),
    )
    found = anyio.run(lambda: grade(request)).candidates[0]
    evidence = found.risk.evidence if found.risk is not None else None
    if evidence is None or not (evidence.executed or evidence.missed):
        return None, evidence.missing if evidence is not None else found.reason
    return evidence, ""
