"""One candidate through the gates, each only while none has rejected it.

Promises: every gate of the policy has a result in the end, in the policy's order, run or skipped with its
reason. The decision depends on what the gates say and not on the order in which they are asked: the first
rejection ends it, anything else does not. What is known already is looked at before anything is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from assay.gates.protocol import Dependent, Gate, Toolbox
from assay.grade import cache
from assay.grade.attempt import attempt
from assay.grade.sharing import Classes
from assay.grade.slots import Slots
from assay.model.candidate import Candidate
from assay.model.errors import AssayError
from assay.model.event import Decided, GateEnded, GateStarted
from assay.model.outcome import GateResult, ResourceUse, Skip, skipped
from assay.model.verdict import Decision, Verdict, fold, lets_pass, rejects

_FIRST = "apply"
"""Everything waits for it; its answer costs less than looking it up."""


async def run_cascade(
    toolbox: Toolbox,
    gates: Sequence[Gate],
    candidate: Candidate,
    slots: Slots,
    classes: Classes | None = None,
    order: Sequence[str] | None = None,
) -> Verdict:
    """The verdict on one candidate. Raises `BadInput` where a gate finds the user's own input wrong."""
    verdict = await cascade(toolbox, gates, candidate, slots, classes=classes, order=order)
    toolbox.observer(Decided(verdict=verdict))
    return verdict


async def cascade(
    toolbox: Toolbox,
    gates: Sequence[Gate],
    candidate: Candidate,
    slots: Slots,
    *,
    fresh: bool = False,
    classes: Classes | None = None,
    order: Sequence[str] | None = None,
) -> Verdict:
    """One grading, which need not be the last word. `fresh`: no gate result comes from the cache, and none
    goes there. `classes`: what is run for an equal candidate is not run again. `order`: the gates' names in
    the order in which they are asked (None: that of `gates`)."""
    asking = _Asking(toolbox, gates, candidate, slots, fresh=fresh, classes=classes)
    await asking.all(order or [gate.name for gate in gates])
    results = asking.in_order()
    decision, reason, blamed = fold(toolbox.policy.required, results)
    return Verdict(
        candidate=candidate.id,
        decision=decision,
        reason=reason,
        rejected_by=blamed,
        gates=results,
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


class _Asking:
    """One candidate on its way: what the gates have said so far."""

    def __init__(
        self,
        toolbox: Toolbox,
        gates: Sequence[Gate],
        candidate: Candidate,
        slots: Slots,
        *,
        fresh: bool,
        classes: Classes | None,
    ) -> None:
        self._toolbox = toolbox
        self._gates = {gate.name: gate for gate in gates}
        self._candidate = candidate
        self._slots = slots
        self._fresh = fresh
        self._classes = classes
        self._keys: dict[str, str | None] = {}
        self._said: dict[str, GateResult] = {}
        self._settled = ""

    async def all(self, order: Sequence[str]) -> None:
        """Ask in this order until a gate rejects, or all were asked."""
        if _FIRST in self._gates:
            await self._ask(_FIRST)
        if not self._settled and not self._fresh:
            await self._look_up()
        for name in order:
            if self._settled:
                return
            if name not in self._said and not self._waits_in_vain(name):
                await self._ask(name)

    def in_order(self) -> tuple[GateResult, ...]:
        """A result for each gate, in the policy's order."""
        return tuple(self._said.get(name) or self._not_reached(name) for name in self._gates)

    async def _look_up(self) -> None:
        """Take what is known already. What cannot be looked up now is asked when its turn comes."""
        for name, gate in self._gates.items():
            if name == _FIRST or self._settled or self._waits_in_vain(name):
                continue
            with suppress(AssayError):
                key = await self._key(gate)
                if key and (result := await cache.recall(self._toolbox, key)) is not None:
                    self._take(result)

    async def _ask(self, name: str) -> None:
        gate = self._gates[name]
        key = None if self._fresh or name == _FIRST else await self._key(gate)

        async def run() -> GateResult:
            async with self._slots.of(name):
                self._toolbox.observer(GateStarted(candidate=self._candidate.id, gate=name))
                return await attempt(self._toolbox, gate, self._candidate)

        result = await (run() if self._classes is None else self._classes.answer(gate, self._candidate, run))
        if key:
            await cache.keep(self._toolbox, key, result)
        self._take(result)

    async def _key(self, gate: Gate) -> str | None:
        if gate.name not in self._keys:
            self._keys[gate.name] = await cache.key_of(self._toolbox, gate, self._candidate)
        return self._keys[gate.name]

    def _take(self, result: GateResult) -> None:
        self._said[result.gate] = result
        self._toolbox.observer(GateEnded(candidate=self._candidate.id, result=result))
        if rejects(result) or (result.gate == _FIRST and not lets_pass(result)):
            self._settled = result.gate

    def _waits_in_vain(self, name: str) -> str:
        """The gate that this one waits for and that did not let the candidate pass; empty for none."""
        gate = self._gates[name]
        needs = gate.needs if isinstance(gate, Dependent) else ()
        return next((need for need in needs if need in self._said and not lets_pass(self._said[need])), "")

    def _not_reached(self, name: str) -> GateResult:
        settled = self._settled or self._waits_in_vain(name)
        return skipped(name, Skip.NOT_REACHED, f"the {settled} gate settled it")


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
    asked = [result for result in results if result.gate != _FIRST and result.skip not in not_asked]
    return bool(asked) and all(result.cached for result in asked)
