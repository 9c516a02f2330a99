"""Gate results by the key of invariant 8: same inputs, same verdict, and it says that it was cached.

Promises: only answers that depend on nothing but their key are kept: passes, and failures that the gate
itself has confirmed. What a machine, a clock or chance had a hand in (`exhausted`, `infra`, flaky tests) is
never kept. A damaged entry is a miss.
"""

from __future__ import annotations

from typing import TypeGuard

import msgspec

from assay import __version__
from assay.gates.protocol import Gate, Particular, Toolbox
from assay.ledger.codec import decode, encode
from assay.ledger.keys import verdict_key
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, Skip

_KEPT = frozenset({Outcome.PASSED, Outcome.FAILED})


async def key_of(toolbox: Toolbox, gate: Gate, candidate: Candidate) -> str | None:
    """The key of one gate's result for one candidate, or None where the candidate has no tree to key by."""
    if candidate.tree is None:
        return None
    environment = await toolbox.environment()
    isolation = toolbox.sandbox.isolation
    return "gate:" + verdict_key(
        candidate_tree=candidate.tree,
        base_tree=candidate.base.tree,
        gate=gate.name,
        configuration=toolbox.policy.digest,
        tools=f"assay {__version__};"
        + await toolbox.once(f"version:{gate.name}", lambda: gate.version(toolbox))
        + (f";{gate.about(candidate)}" if _is_particular(gate) else ""),
        environment=environment.digest,
        tier=f"{isolation.backend}:{isolation.tier}",
    )


def _is_particular(gate: Gate) -> TypeGuard[Particular]:
    # By its method's name, which is all that a check of the protocol would look at, at many times the cost.
    return hasattr(gate, "about")


async def recall(toolbox: Toolbox, key: str) -> GateResult | None:
    """The kept result, marked as cached."""
    raw = await toolbox.recall(key)
    if raw is None:
        return None
    try:
        result = decode(raw, GateResult)
    except (msgspec.MsgspecError, ValueError):
        return None
    return msgspec.structs.replace(result, cached=True)


async def keep(toolbox: Toolbox, key: str, result: GateResult) -> None:
    """Remember `result` if it may be."""
    if _keepable(result):
        await toolbox.remember(key, encode(result))


def _keepable(result: GateResult) -> bool:
    if result.detail.get("flaky"):
        return False
    return result.outcome in _KEPT or result.skip is Skip.NOT_APPLICABLE
