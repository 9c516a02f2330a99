"""How a tool call that did not run to its end becomes a gate result: one mapping for every gate.

Promises: told from the jail's word alone, never from what the program printed; what the machine or the
user caused is never the candidate's failure (invariant 6).
"""

from __future__ import annotations

from assay.model.outcome import GateResult, Resource, ResourceUse, Skip, exhausted, failed, infra, skipped
from assay.model.tool import Ending, ToolCall

_TAIL = 2000


def unfinished(gate: str, call: ToolCall) -> GateResult | None:
    """The result that `call` forces, or None if the program ended by itself or by a signal of its own."""
    if call.ending is Ending.EXHAUSTED:
        resource = call.resource or Resource.TIME
        reason = f"{call.label} ran out of {resource}" + (f" ({call.reason})" if call.reason else "")
        return exhausted(gate, resource, reason, use=call.use)
    if call.ending is Ending.INFRA:
        reason = f"{call.label} could not be run: {call.reason or 'the jail gave no reason'}"
        return infra(gate, reason, use=call.use)
    if call.ending is Ending.CANCELLED:
        return skipped(gate, Skip.CANCELLED, f"{call.label} was cancelled", use=call.use)
    if call.ending is Ending.REFUSED:
        return failed(gate, f"{call.label} cannot be run over this tree: {call.reason}", use=call.use)
    return None


def machine_trouble(gate: str, call: ToolCall) -> GateResult | None:
    """The result of a call that the machine failed or somebody called off; else None."""
    return unfinished(gate, call) if call.ending in (Ending.INFRA, Ending.CANCELLED) else None


def how_it_ended(call: ToolCall) -> str:
    """`exits with 2`, `is killed by signal 11`, `runs out of memory`: the middle of a sentence."""
    if call.ending is Ending.SIGNALLED:
        return f"is killed by signal {call.signal}"
    if call.ending is Ending.EXHAUSTED:
        return f"runs out of {call.resource}"
    if call.ending is Ending.EXITED:
        return f"exits with {call.exit_code}"
    return f"cannot be run ({call.reason or call.ending})"


def tail(data: bytes, limit: int = _TAIL) -> str:
    """The end of an output, as text."""
    return data[-limit:].decode("utf-8", "replace").strip()


def last_line(data: bytes) -> str:
    """The last line of an output that says anything, for use inside a sentence."""
    lines = [line.strip() for line in tail(data).splitlines() if line.strip()]
    return lines[-1] if lines else ""


def total(*uses: ResourceUse) -> ResourceUse:
    """The sum of times and the highest memory peak."""
    return ResourceUse(
        seconds=sum(use.seconds for use in uses),
        cpu_seconds=sum(use.cpu_seconds for use in uses),
        peak_memory=max((use.peak_memory for use in uses), default=0),
    )
