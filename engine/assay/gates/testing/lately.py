"""What single tests came to on the base a moment ago, for quick runs of many candidates.

Promises: only what passed is believed, and for `FRESH_SECONDS` only; a test that did not pass is asked again
each time, since it speaks for a candidate. One lucky run never counts twice in one hearing, whose later turns
need passes of other runs. Shared by the candidates of one transaction, and by nobody else.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.gates.testing.conditions import Conditions
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Case, Suite

FRESH_SECONDS = 120.0

_Passes = dict[str, list[tuple[float, Case]]]


async def asked(
    toolbox: Toolbox,
    tree: str,
    conditions: Conditions,
    tests: Sequence[str],
    turn: int,
    ask: Callable[[Sequence[str]], Awaitable[Run]],
) -> Run:
    """The base's run of these `tests` alone, the `turn`th of a hearing (from 1): really of those that were
    not seen to pass so many times lately."""

    async def nothing() -> _Passes:
        return {}

    passes = await toolbox.once(f"tests:lately:{tree}:{conditions.words}", nothing)
    oldest = time.monotonic() - FRESH_SECONDS
    fresh = {test: [case for when, case in passes.get(test, ()) if when >= oldest] for test in tests}
    known = [cases[turn - 1] for cases in fresh.values() if len(cases) >= turn]
    names = {case.id for case in known}
    missing = [test for test in tests if test not in names]
    if not missing:
        return Run(suite=Suite(cases=tuple(known)), ended=Ended.COMPLETE)
    run = await ask(missing)
    if run.ended is not Ended.COMPLETE:
        return run
    now = time.monotonic()
    for case in run.suite.cases:
        if case.result.good:
            passes.setdefault(case.id, []).append((now, case))
    cases = (*(case for case in run.suite.cases if case.id not in names), *known)
    return structs.replace(run, suite=structs.replace(run.suite, cases=cases))
