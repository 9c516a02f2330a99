"""In which order gates are asked, and candidates graded.

Promises: pure. `apply` comes first and a gate after those it needs; of the others, the one with the greatest
chance to reject per second of cost. Where nothing was learnt that is the policy's own order. The same seed
and candidate give the same order, so that a transaction can be gone through again as it was. Whatever the
order, the decision is the same (ADR 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from assay.gates.protocol import Dependent, Gate
from assay.grade.posterior import Posteriors
from assay.model.candidate import Candidate, Record

FIRST = "apply"

EXPLORED = 0.04
"""The share of candidates of a bulk run for which another gate comes first than would otherwise."""


class Order(Record, frozen=True, kw_only=True):
    """One run's order: of `gates` in general, and for the few candidates on which others are tried out.

    `costs` are CPU seconds by gate, `share` is in 0..1."""

    gates: tuple[str, ...]
    needs: dict[str, tuple[str, ...]]
    costs: dict[str, float]
    share: float = 0.0
    seed: str = ""

    def of(self, candidate: str) -> tuple[str, ...]:
        """The names of all gates in the order in which they are asked about this candidate."""
        chance, choice = _draws(self.seed, candidate)
        if chance >= self.share:
            return self.gates
        # As much is spent on trying out one gate as on another: dear ones are tried less often.
        weights = {gate: 1.0 / self.costs[gate] for gate in self.gates if gate != FIRST}
        at = choice * sum(weights.values())
        for gate, weight in weights.items():
            at -= weight
            if at <= 0:
                return sequence(self.gates, self.needs, {gate: 1.0})
        return self.gates


def settled(gates: Sequence[Gate], posteriors: Posteriors, *, share: float = 0.0, seed: str = "") -> Order:
    """The order of one run by what was learnt. `gates` are in the policy's order."""
    names = tuple(gate.name for gate in gates)
    needs = {gate.name: tuple(gate.needs) for gate in gates if isinstance(gate, Dependent)}
    costs = dict(posteriors.costs(names))
    worth = {name: posteriors.of(name).rejects / costs[name] for name in names}
    return Order(gates=sequence(names, needs, worth), needs=needs, costs=costs, share=share, seed=seed)


def as_written(gates: Sequence[Gate]) -> Order:
    """The policy's own order, for every candidate."""
    return Order(gates=tuple(gate.name for gate in gates), needs={}, costs={})


def sequence(
    names: Sequence[str], needs: Mapping[str, Sequence[str]], worth: Mapping[str, float]
) -> tuple[str, ...]:
    """`names` by falling worth, each after what it needs of them; equals as they stand, those of which no
    worth is told last."""
    left = list(names)
    found: list[str] = []
    while left:
        # Needs that go round in a circle are nobody's: what stands first goes first.
        free = [name for name in left if not _waits_for(name, left, needs)] or left[:1]
        best = max(free, key=lambda name: worth.get(name, 0.0))
        found.append(best)
        left.remove(best)
    return tuple(found)


def by_promise(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that are likely to be done with soon first: small changes, in the order given where equal."""
    return sorted(candidates, key=_size)


def _size(candidate: Candidate) -> tuple[int, int]:
    lines = sum(change.added_lines + change.deleted_lines for change in candidate.changes)
    return lines, len(candidate.changes)


def _waits_for(name: str, left: Sequence[str], needs: Mapping[str, Sequence[str]]) -> bool:
    if name != FIRST and FIRST in left:
        return True
    return any(need in left for need in needs.get(name, ()) if need != name)


def _draws(seed: str, candidate: str) -> tuple[float, float]:
    """Two numbers in 0..1 that depend on nothing else."""
    digest = hashlib.sha256(f"{seed}\0{candidate}".encode()).digest()
    first, second = digest[:7], digest[7:14]
    return int.from_bytes(first, "big") / 2**56, int.from_bytes(second, "big") / 2**56
