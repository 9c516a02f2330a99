"""Differential probes of two candidates and their combination.

Promises: a witness is a call that each of the two answers as the base does, and their combination does not:
neither changed what it does, both together did. Nothing runs outside of jails (invariant 4); that there is no
witness proves nothing.
"""

from __future__ import annotations

from collections.abc import Container

from assay.gates.protocol import Toolbox
from assay.model.candidate import Candidate, Oid, Record
from assay.patchset.alike.plan import plan
from assay.patchset.alike.probing import MISSING, Answers, Call, observe
from assay.repo.globs import compile_globs


class Witness(Record, frozen=True, kw_only=True):
    """A call that changed only together: `where` is `path:symbol`, `symbol` the same as `module:name`, `call`
    its text; what it came to on the base and on each alone, and on the combination."""

    where: str
    symbol: str
    call: str
    alone: str
    together: str


async def witnesses(
    toolbox: Toolbox,
    one: Candidate,
    other: Candidate,
    combined: Oid,
    within: Container[tuple[str, str]] | None = None,
) -> tuple[Witness, ...] | None:
    """What changes only in `combined`, the tree of both on their base, among calls of what one of them
    changes or what gets there (of those in `within`, by path and symbol); the likeliest first. None where the
    machine kept it from being found out. The caller holds a lease on layers."""
    both = [one, other]
    is_test = compile_globs(toolbox.policy.tests.paths)
    calls = plan(toolbox.repo, both, is_test, elsewhere=True, within=within)
    if not calls:
        return ()
    runs = []
    for tree in (str(one.base.tree), str(one.tree), str(other.tree), str(combined)):
        name = f"{one.name} and {other.name}"
        answers = await observe(toolbox, tree, calls, name)
        if answers is None:
            return None
        runs.append(answers)
    base, left, right, together = runs
    return find(calls, base, left, right, together)


def find(
    calls: tuple[Call, ...], base: Answers, left: Answers, right: Answers, together: Answers
) -> tuple[Witness, ...]:
    """The witnesses among calls, of their answers on the base, with one, with the other, and with both. A
    call that one tree has no answer to is none."""
    found = []
    for call, *answers in zip(calls, base, left, right, together, strict=True):
        before, one, other, after = answers
        if None in answers or MISSING in answers[:3] or not before == one == other or after == before:
            continue
        where = f"{call.target.path}:{call.target.symbol}"
        symbol = f"{call.target.module}:{call.target.symbol}"
        seen = Witness(where=where, symbol=symbol, call=call.text, alone=str(before), together=str(after))
        found.append(seen)
    return tuple(found)
