"""What gates have cost and rejected in this repository so far: the grounds for the order of asking them.

Promises: learns from results that were really run, never from cached, shared or skipped ones, nor from
trouble of the machine; what is long past counts less and less; a damaged or missing memory is no memory.
Costs are CPU seconds (wall seconds of what runs in the engine itself).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from assay.gates.protocol import Toolbox
from assay.ledger.codec import decode, encode
from assay.model.candidate import Record
from assay.model.outcome import GateResult, Outcome, Skip
from assay.model.verdict import Verdict, rejects

COMPANY = "in company"
"""Under this name, which is no gate's: how those fare with others that passed alone."""

KEY = "gate posteriors: 1"

_DECAY = 0.99
"""What an observation still counts once the next one is made."""

_REJECTED, _PASSED = 1.0, 9.0
"""What is believed of every gate before anything is known: one candidate in ten."""

_USUAL = {
    "apply": 0.001,
    "scope": 0.005,
    "compile": 0.005,
    "lint": 0.03,
    "security": 0.03,
    "tests": 3.0,
    "acceptance": 3.0,
}
"""CPU seconds of a gate of which nothing is known."""

_UNKNOWN = 1.0
_LEAST = 1e-4


class Belief(Record, frozen=True, kw_only=True):
    """What was seen of one gate, older observations counting less: rejections, other answers, and CPU seconds
    of all of them together."""

    rejected: float = 0.0
    others: float = 0.0
    cost: float = 0.0

    @property
    def seen(self) -> float:
        """How much was seen, in observations."""
        return self.rejected + self.others

    @property
    def rejects(self) -> float:
        """The probability that it rejects the next candidate."""
        return (self.rejected + _REJECTED) / (self.seen + _REJECTED + _PASSED)

    def after(self, *, rejected: bool, cost: float) -> Belief:
        """With one observation more."""
        return Belief(
            rejected=self.rejected * _DECAY + rejected,
            others=self.others * _DECAY + (not rejected),
            cost=self.cost * _DECAY + cost,
        )


class Posteriors(Record, frozen=True, kw_only=True):
    """Beliefs by gate."""

    gates: dict[str, Belief] = msgspec.field(default_factory=dict)

    def of(self, gate: str) -> Belief:
        """What is believed of one gate."""
        return self.gates.get(gate, Belief())

    def costs(self, gates: Iterable[str]) -> Mapping[str, float]:
        """The expected cost of each, given in the policy's order: a gate of which nothing is known is taken
        to cost no less than those before it, since that is why its author put it there."""
        found: dict[str, float] = {}
        least = _LEAST
        for gate in gates:
            belief = self.of(gate)
            usual = max(_USUAL.get(gate, _UNKNOWN), least)
            found[gate] = max(_LEAST, (belief.cost + usual) / (belief.seen + 1.0))
            least = max(least, usual if not belief.seen else found[gate])
        return found

    def expected(self, gates: Iterable[str]) -> float:
        """What a candidate costs that is asked about in this order; 0 while nothing is known."""
        total, reached = 0.0, 1.0
        for gate in gates:
            if (belief := self.of(gate)).seen:
                total += reached * belief.cost / belief.seen
                reached *= 1.0 - belief.rejects
        return total

    @property
    def fares(self) -> float:
        """The probability that one that passed alone passes with others."""
        return 1.0 - self.of(COMPANY).rejects

    def in_company(self, *, passed: int, failed: int) -> Posteriors:
        """With so many seen that passed, or failed, with others."""
        belief = self.of(COMPANY)
        for rejected in (*[False] * passed, *[True] * failed):
            belief = belief.after(rejected=rejected, cost=0.0)
        return Posteriors(gates={**self.gates, COMPANY: belief})

    def after(self, results: Iterable[GateResult]) -> Posteriors:
        """With what these results show."""
        gates = dict(self.gates)
        for result in results:
            if (cost := _cost(result)) is not None:
                belief = gates.get(result.gate, Belief())
                gates[result.gate] = belief.after(rejected=rejects(result), cost=cost)
        return Posteriors(gates=gates)


async def known(toolbox: Toolbox) -> Posteriors:
    """What earlier transactions learnt in this repository."""
    raw = await toolbox.recall(KEY)
    if raw is None:
        return Posteriors()
    try:
        return decode(raw, Posteriors)
    except (msgspec.MsgspecError, ValueError):
        return Posteriors()


async def learn(toolbox: Toolbox, verdicts: Iterable[Verdict]) -> None:
    """Add what these verdicts, each on a candidate that was graded itself, show to what is known by now."""
    fresh = [result for verdict in verdicts for result in verdict.gates if _cost(result) is not None]
    if fresh:
        await toolbox.remember(KEY, encode((await known(toolbox)).after(fresh)))


async def learn_company(toolbox: Toolbox, *, passed: int = 0, failed: int = 0) -> None:
    """Add how so many fared with others to what is known by now."""
    await toolbox.remember(KEY, encode((await known(toolbox)).in_company(passed=passed, failed=failed)))


def _cost(result: GateResult) -> float | None:
    """What a result cost, or None for one that teaches nothing."""
    asked = result.skip in (None, Skip.NOT_APPLICABLE)
    if result.cached or result.equivalent_to or not asked or result.outcome is Outcome.INFRA:
        return None
    return result.use.cpu_seconds or result.use.seconds
