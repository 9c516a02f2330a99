"""One candidate through the gates, cheapest first, each only if those before it passed.

Promises: every gate of the policy has a result in the end, run or skipped with its reason; a gate that
raises is trouble of ours (`infra`), never the candidate's fault; trouble of the machine is tried once more
before it counts (invariant 6).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

import anyio
import msgspec

from assay.gates.protocol import Gate, Toolbox
from assay.grade import cache
from assay.grade.attribution import on_behalf
from assay.grade.prepare import PrepareFailed
from assay.grade.slots import Slots
from assay.model.candidate import Candidate
from assay.model.errors import AssayError, BadInput
from assay.model.event import Decided, GateEnded, GateStarted
from assay.model.outcome import GateResult, Outcome, ResourceUse, Skip, exhausted, failed, infra, skipped
from assay.model.verdict import Decision, Verdict, fold, settles

_ATTEMPTS = 2

_FREE = frozenset({"apply"})
"""Gates whose answer costs less than looking it up."""


async def run_cascade(toolbox: Toolbox, gates: Sequence[Gate], candidate: Candidate, slots: Slots) -> Verdict:
    """The verdict on one candidate. Raises `BadInput` where a gate finds the user's own input wrong."""
    verdict = await cascade(toolbox, gates, candidate, slots)
    toolbox.observer(Decided(verdict=verdict))
    return verdict


async def cascade(
    toolbox: Toolbox, gates: Sequence[Gate], candidate: Candidate, slots: Slots, *, fresh: bool = False
) -> Verdict:
    """One grading, which need not be the last word. `fresh`: no gate result comes from the cache, and none
    goes there."""
    results: list[GateResult] = []
    for position, gate in enumerate(gates):
        result = await _answer(toolbox, gate, candidate, slots, fresh=fresh)
        results.append(result)
        if settles(result, toolbox.policy.required):
            why = f"the {gate.name} gate settled it"
            results += [skipped(later.name, Skip.NOT_REACHED, why) for later in gates[position + 1 :]]
            break
    decision, reason, blamed = fold(toolbox.policy.required, results)
    return Verdict(
        candidate=candidate.id,
        decision=decision,
        reason=reason,
        rejected_by=blamed,
        gates=tuple(results),
        use=_total(results),
        cached=_all_cached(results),
    )


def not_graded(gates: Sequence[Gate], candidate: Candidate, reason: str) -> Verdict:
    """The verdict on a candidate whose grading was called off."""
    return Verdict(
        candidate=candidate.id,
        decision=Decision.INCONCLUSIVE,
        reason=reason,
        rejected_by=None,
        gates=tuple(skipped(gate.name, Skip.CANCELLED, reason) for gate in gates),
    )


async def _answer(
    toolbox: Toolbox, gate: Gate, candidate: Candidate, slots: Slots, *, fresh: bool
) -> GateResult:
    key = None if fresh or gate.name in _FREE else await cache.key_of(toolbox, gate, candidate)
    result = await cache.recall(toolbox, key) if key else None
    if result is None:
        async with slots.of(gate.name):
            toolbox.observer(GateStarted(candidate=candidate.id, gate=gate.name))
            result = await _run_with_retry(toolbox, gate, candidate)
        if key:
            await cache.keep(toolbox, key, result)
    toolbox.observer(GateEnded(candidate=candidate.id, result=result))
    return result


async def _run_with_retry(toolbox: Toolbox, gate: Gate, candidate: Candidate) -> GateResult:
    for attempt in range(1, _ATTEMPTS + 1):
        started = time.monotonic()
        result = await _run(toolbox, gate, candidate)
        if not result.use.seconds:
            use = msgspec.structs.replace(result.use, seconds=time.monotonic() - started)
            result = msgspec.structs.replace(result, use=use)
        if result.outcome is not Outcome.INFRA or attempt == _ATTEMPTS:
            return result
        await anyio.sleep(0.05)
    raise AssertionError("unreachable")


async def _run(toolbox: Toolbox, gate: Gate, candidate: Candidate) -> GateResult:
    if candidate.tree is None and gate.name != "apply":
        return infra(gate.name, "this policy has no apply gate, and the patch does not apply")
    try:
        with on_behalf(candidate.id, gate.name):
            return await gate.run(toolbox, candidate)
    except PrepareFailed as problem:
        detail = {"output": problem.output}
        if problem.resource is not None:
            return exhausted(gate.name, problem.resource, problem.sentence, detail=detail)
        return failed(gate.name, problem.sentence, detail=detail)
    except BadInput:
        raise
    except AssayError as error:
        return infra(gate.name, error.sentence)
    except Exception as error:
        reason = f"internal error in the {gate.name} gate: {type(error).__name__}: {error}"
        return infra(gate.name, reason, detail={"traceback": traceback.format_exc(limit=20)})


def _total(results: Sequence[GateResult]) -> ResourceUse:
    """What the gates cost this time; waiting for a slot is no cost of the candidate."""
    fresh = [result.use for result in results if not result.cached]
    return ResourceUse(
        seconds=sum(use.seconds for use in fresh),
        cpu_seconds=sum(use.cpu_seconds for use in fresh),
        peak_memory=max((use.peak_memory for use in fresh), default=0),
    )


def _all_cached(results: Sequence[GateResult]) -> bool:
    """Whether everything that was really asked came from the cache."""
    not_asked = (Skip.NOT_REACHED, Skip.CANCELLED)
    asked = [result for result in results if result.gate not in _FREE and result.skip not in not_asked]
    return bool(asked) and all(result.cached for result in asked)
