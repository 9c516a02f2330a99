"""What is asked of a candidate whose tests pass, before that is believed: one function each, in order.

Promises: a stage is handed a passed result and gives back that result, richer in evidence or findings, or one
that is no pass. The first that is none ends the matter. Where there are no tests that could pass, only what
can speak against a candidate is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from assay.gates.testing.believed import believed
from assay.gates.testing.bench import Bench
from assay.gates.testing.judge import Trial
from assay.gates.testing.own import own_tests
from assay.gates.testing.perturb import perturb
from assay.gates.testing.weakened import weakened_tests
from assay.model.outcome import GateResult, Outcome, Skip

Stage = Callable[[Bench, Trial, GateResult], Awaitable[GateResult]]

STAGES: tuple[Stage, ...] = (believed, weakened_tests, own_tests, perturb)
WITHOUT_TESTS: tuple[Stage, ...] = (own_tests,)


async def through_stages(bench: Bench, trial: Trial, result: GateResult) -> GateResult:
    """`result` after every stage that it has to go through."""
    if result.skip is Skip.NOT_APPLICABLE:
        stages = WITHOUT_TESTS
    else:
        stages = STAGES if result.outcome is Outcome.PASSED else ()
    first = result.outcome
    for stage in stages:
        result = await stage(bench, trial, result)
        if result.outcome is not first:
            break
    return result
