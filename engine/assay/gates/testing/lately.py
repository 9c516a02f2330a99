"""What single tests came to on the base a moment ago, for quick runs of many candidates.

Promises: only what passed is believed, and for `FRESH_SECONDS` only; a test that did not pass is asked again
each time, since it speaks for a candidate. Shared by the candidates of one transaction, and by nobody else.
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

_Passes = dict[str, tuple[float, Case]]


async def asked(
    toolbox: Toolbox,
    tree: str,
    conditions: Conditions,
    tests: Sequence[str],
    ask: Callable[[Sequence[str]], Awaitable[Run]],
) -> Run:
    """The base's run of these `tests` alone: of those that nobody saw pass lately, really."""

    async def nothing() -> _Passes:
        return {}

    passes = await toolbox.once(f"tests:lately:{tree}:{conditions.words}", nothing)
    oldest = time.monotonic() - FRESH_SECONDS
    known = [passes[test][1] for test in tests if test in passes and passes[test][0] >= oldest]
    names = {case.id for case in known}
    missing = [test for test in tests if test not in names]
    if not missing:
        return Run(suite=Suite(cases=tuple(known)), ended=Ended.COMPLETE)
    run = await ask(missing)
    if run.ended is not Ended.COMPLETE:
        return run
    now = time.monotonic()
    passes |= {case.id: (now, case) for case in run.suite.cases if case.result.good}
    cases = (*(case for case in run.suite.cases if case.id not in names), *known)
    return structs.replace(run, suite=structs.replace(run.suite, cases=cases))
