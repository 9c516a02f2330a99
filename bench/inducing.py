"""Does evidence tell changes that were wrong from others, beyond what the prior knows?

    python -m bench inducing --histories DIR [--project NAME]... [--kept DIR] [--most N] [--undone] [--report]

DIR holds clones of the projects in `bench.histories`. Commits that a later fix points back to, others of
their size that none does, and fixes with their tests are graded against their parents for evidence, each
with the tests of its own time. That takes 10 to 40 s of processor time a commit: each is kept, a line of
JSON, and not asked about again, so that the command can be stopped at any time; two may run side by side on
different projects. `--report` asks about no more, and prints what is known (see `bench.inducing_fit`).

`--undone` asks about changes known to be wrong instead: fixes that bring tests, undone, against the fixes
(see `bench.inducing_undone`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.histories import HISTORIES, Ready, blamed, ready
from bench.inducing_asked import Told, keep, kept_at, read, rules, tell
from bench.inducing_fit import Known
from bench.inducing_report import Population, report
from bench.inducing_sample import Asked, Group, eligible, sample, tested_fixes
from bench.inducing_undone import collect_undone, undone_known


def main(argv: Sequence[str]) -> int:
    """Ask about commits that were not asked about, or print what is known."""
    parser = argparse.ArgumentParser(prog="python -m bench inducing", description=__doc__)
    parser.add_argument("--histories", type=Path, default=Path())
    parser.add_argument("--project", action="append", default=[])
    parser.add_argument("--kept", type=Path, default=Path("~/.cache/assay-bench/inducing").expanduser())
    parser.add_argument("--most", type=int, default=60, help="commits of each group and project")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--undone", action="store_true", help="fixes with tests, undone and done")
    options = parser.parse_args(argv)
    wanted = [each for each in HISTORIES if not options.project or each.name in options.project]
    if options.report and options.undone:
        for line in undone_known([each.name for each in wanted], options.kept):
            print(line)
        return 0
    if options.report:
        there = [each for each in wanted if kept_at(options.kept, each.name).exists()]
        return _report([ready(each, options.histories, options.kept) for each in there], options.kept)
    ask = collect_undone if options.undone else collect
    for history in wanted:
        ask(ready(history, options.histories, options.kept), options.kept, options.most)
    return 0


def collect(place: Ready, kept: Path, most: int) -> None:
    """Ask about the first `most` commits of each group that are not known yet."""
    out = kept_at(kept, place.history.name)
    known = {told.commit for told in read(out)}
    with rules(place, "apply") as asking:
        for asked in _first(_wanted(place), most):
            if asked.row.commit not in known:
                keep(out, tell(place, asked.group, asked.row, asking))


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
        told = {each.commit: each for each in read(kept_at(kept, place.history.name))}
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
                wrong=asked.group is Group.INDUCING,
                size=found.size,
                prior=found.prior,
                evidence=found.evidence,
            )
