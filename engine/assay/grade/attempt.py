"""One gate asked about one candidate, with whatever goes wrong turned into a result.

Promises: a gate that raises is trouble of ours (`infra`), never the candidate's fault; trouble of the machine
is tried once more before it counts (invariant 6). The user's own bad input is let through.
"""

from __future__ import annotations

import time
import traceback

import anyio
import msgspec

from assay.gates.protocol import Gate, Toolbox
from assay.grade.attribution import on_behalf
from assay.grade.prepare import PrepareFailed
from assay.model.candidate import Candidate
from assay.model.errors import AssayError, BadInput
from assay.model.outcome import GateResult, Outcome, exhausted, failed, infra

_ATTEMPTS = 2


async def attempt(toolbox: Toolbox, gate: Gate, candidate: Candidate) -> GateResult:
    """The gate's answer. Raises `BadInput` where it finds the user's own input wrong."""
    for number in range(1, _ATTEMPTS + 1):
        started = time.monotonic()
        result = await _run(toolbox, gate, candidate)
        if not result.use.seconds:
            use = msgspec.structs.replace(result.use, seconds=time.monotonic() - started)
            result = msgspec.structs.replace(result, use=use)
        if result.outcome is not Outcome.INFRA or number == _ATTEMPTS:
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
