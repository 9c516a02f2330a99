"""A part of the suite run beside the run that the verdict rests on: on another tree, in jails of its own.

Promises: what it costs is the candidate's; an end that chance may have had a hand in is believed when it
happens twice, and a failing test when it fails again alone (or among all of the part) and not on the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from assay.gates.testing.bench import Bench
from assay.gates.testing.confirm import Confirmation, Reruns, confirm
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Case
from assay.model.candidate import Record


class Part(Record, frozen=True, kw_only=True):
    """What is run: tests of `tree`, by id or by file (as ids name files)."""

    tree: str
    select: tuple[str, ...]
    label: str


async def run(bench: Bench, part: Part) -> Run:
    """Run it; and again if it does not come to its end, as far as the policy wants things confirmed."""
    found = await bench.run(part.tree, part.label, part.select)
    if found.ended is Ended.COMPLETE or found.ended.machine or not bench.toolbox.policy.tests.confirm:
        return found
    found = await bench.run(part.tree, part.label, part.select)
    if not found.killed:
        return found
    hearing = await bench.struck(found, lambda: bench.run(part.tree, part.label, part.select))
    if hearing.trouble:
        return structs.replace(hearing.run, ended=Ended.INFRA, why=hearing.trouble)
    return hearing.run


async def confirmed(
    bench: Bench, part: Part, suspects: Sequence[str], known: Mapping[str, Case]
) -> Confirmation:
    """Which of the failing tests fail again; those that are `known` to the base have to pass there."""
    times = bench.toolbox.policy.tests.confirm
    if not suspects or not times:
        return Confirmation(culprits=tuple(suspects))
    base = bench.candidate.base.tree
    reruns = Reruns(
        candidate_alone=lambda select: bench.run(part.tree, part.label, select),
        base_alone=lambda select: bench.run(base, f"{part.label}, on the base", select),
        candidate_whole=lambda: bench.run(part.tree, part.label, part.select),
        base_whole=lambda: bench.run(base, f"{part.label}, on the base", part.select),
    )
    return await confirm(suspects, dict(known), reruns, times)
