"""Which accepted candidates to land together.

Promises: pure and deterministic. The chosen set holds no conflicting pair, no learnt failing group as a
whole, at most one of several attempts at one task and at most one of several equal trees, which stands for
all of them and their tasks. Among all such sets it has the highest total value, then the lowest total risk,
then the smallest total diff, then prefers what was given first; exactly so while no connected component of
the conflict graph exceeds `solve.EXACT` candidates, and otherwise within the bound that `Choice.bound`
states. Whoever is left out is told why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from assay.model.candidate import Candidate, Record
from assay.model.report import Confidence, Conflict, LeftOut
from assay.model.verdict import Verdict
from assay.patchset.solve import Solver, bits

_UNIT = 1_000_000
"""Values and risks are compared in millionths, as integers: sums do not depend on their order."""


class Worth(Record, frozen=True, kw_only=True):
    """What landing a candidate is worth (> 0, any unit), how risky it looks (0..1), its size in lines."""

    value: float = 1.0
    risk: float = 0.0
    size: int = 0
    because: str = ""
    """Why it is worth more than others, to follow `was chosen, which`."""


class Choice(Record, frozen=True, kw_only=True):
    """The set to land, in the order given, and everybody else with a reason.

    `value` is the set's total value; no permitted set has more than `bound`, which equals it when `exact`.
    """

    members: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    exact: bool
    value: float
    bound: float


def worth(candidates: Iterable[Candidate], verdicts: Iterable[Verdict]) -> dict[str, Worth]:
    """By candidate id: each one worth the same, so that the most land; risk and size break ties."""
    risks = {verdict.candidate: verdict.risk.score for verdict in verdicts if verdict.risk is not None}
    return {
        candidate.id: Worth(
            risk=risks.get(candidate.id, 0.0),
            size=sum(change.added_lines + change.deleted_lines for change in candidate.changes),
        )
        for candidate in candidates
    }


def choose(
    candidates: Sequence[Candidate],
    conflicts: Iterable[Conflict],
    values: Mapping[str, Worth],
    groups: Iterable[frozenset[str]] = (),
    unmerged: Mapping[frozenset[str], str] | None = None,
) -> Choice:
    """Choose among accepted candidates. `groups` are sets of ids known to fail when all land together, and
    `unmerged` says of those that do not even merge why. A conflict that is only suspected keeps nobody
    out."""
    distinct, doubles = _distinct(candidates)
    place = {candidate.id: index for index, candidate in enumerate(distinct)}
    proven = [c for c in conflicts if c.confidence is Confidence.PROVEN]
    edges = [c for c in proven if c.a in place and c.b in place and c.a != c.b]
    masks = [sum(1 << place[member] for member in group) for group in groups if group <= place.keys()]
    worths = [values.get(candidate.id, Worth()) for candidate in distinct]
    tasks = _tasks(candidates)
    neighbours = _neighbours(distinct, place, edges, tasks)
    solver = Solver(_weights(worths), neighbours, masks)
    mask, exact = solver.best()
    members = {distinct[index].id: distinct[index] for index in bits(mask)}
    value = sum(worths[index].value for index in bits(mask))
    plain = Solver([round(item.value * _UNIT) for item in worths], neighbours, ())
    groups_left = [frozenset(distinct[i].id for i in bits(mask)) for mask in masks]
    reasons = _Reasons(members, edges, groups_left, unmerged or {}, values, tasks)
    left_out = tuple(
        LeftOut(id=c.id, why=doubles[c.id] if c.id in doubles else reasons.why(c))
        for c in candidates
        if c.id not in members
    )
    return Choice(
        members=tuple(members),
        left_out=left_out,
        exact=exact,
        value=value,
        bound=value if exact else plain.bound() / _UNIT,
    )


def _distinct(candidates: Sequence[Candidate]) -> tuple[list[Candidate], dict[str, str]]:
    """The first candidate of each tree, and a reason for every other one."""
    first: dict[str | None, Candidate] = {}
    doubles: dict[str, str] = {}
    for candidate in candidates:
        if candidate.tree is None:
            doubles[candidate.id] = "has no tree"
        elif candidate.tree in first:
            doubles[candidate.id] = f"same tree as {first[candidate.tree].name}"
        else:
            first[candidate.tree] = candidate
    return list(first.values()), doubles


def _tasks(candidates: Iterable[Candidate]) -> dict[str | None, frozenset[str]]:
    """By tree, the tasks at which some candidate of that tree is an attempt."""
    tasks: dict[str | None, frozenset[str]] = {}
    for candidate in candidates:
        named = {candidate.instance} - {""}
        tasks[candidate.tree] = tasks.get(candidate.tree, frozenset()) | named
    return tasks


def _neighbours(
    distinct: Sequence[Candidate],
    place: Mapping[str, int],
    edges: Iterable[Conflict],
    tasks: Mapping[str | None, frozenset[str]],
) -> list[int]:
    neighbours = [0] * len(distinct)

    def exclude(a: int, b: int) -> None:
        neighbours[a] |= 1 << b
        neighbours[b] |= 1 << a

    for edge in edges:
        exclude(place[edge.a], place[edge.b])
    attempts: dict[str, list[int]] = {}
    for index, candidate in enumerate(distinct):
        for task in tasks[candidate.tree]:
            attempts.setdefault(task, []).append(index)
    for same_task in attempts.values():
        for a, b in combinations(same_task, 2):
            exclude(a, b)
    return neighbours


def _weights(worths: Sequence[Worth]) -> list[int]:
    """One integer per candidate, so that comparing sums compares value, then risk, size and order.

    The lowest bits name the candidate itself, the earliest highest: no two sets weigh the same, hence the
    best one does not depend on the search.
    """
    count = len(worths)
    risks = [round(item.risk * _UNIT) for item in worths]
    above_risk = sum(risks) + 1
    above_size = sum(item.size for item in worths) + 1
    weights = []
    for index, item in enumerate(worths):
        value = round(item.value * _UNIT)
        if value <= 0:
            raise ValueError("a candidate's value must be more than zero")
        ranked = (value * above_risk - risks[index]) * above_size - item.size
        weights.append(ranked << count | 1 << count - 1 - index)
    return weights


class _Reasons:
    """Says of a candidate that was left out which chosen one stands in its way."""

    def __init__(
        self,
        members: Mapping[str, Candidate],
        edges: Sequence[Conflict],
        groups: Sequence[frozenset[str]],
        unmerged: Mapping[frozenset[str], str],
        values: Mapping[str, Worth],
        tasks: Mapping[str | None, frozenset[str]],
    ) -> None:
        self._tasks = tasks
        self._unmerged = unmerged
        self._members = members
        self._edges = edges
        self._groups = groups
        self._values = values

    def why(self, candidate: Candidate) -> str:
        mine = self._tasks[candidate.tree]
        for edge in self._edges:
            other = edge.b if edge.a == candidate.id else edge.a if edge.b == candidate.id else ""
            # Attempts at one task mostly conflict as well, which is not why one of them was chosen.
            if other in self._members and not mine & self._tasks[self._members[other].tree]:
                return f"conflicts with {self._members[other].name}, which is in the set: {edge.why}"
        for member in self._members.values():
            shared = mine & self._tasks[member.tree]
            if shared:
                return self._rival(min(shared), candidate, member)
        for group in self._groups:
            rest = group - {candidate.id}
            if candidate.id in group and not rest:
                return "fails the gates together with each of several others, though each passes alone"
            if candidate.id in group and rest <= self._members.keys():
                names = " and ".join(self._members[member].name for member in sorted(rest))
                if group in self._unmerged:
                    return f"does not merge with {names} together: {self._unmerged[group]}"
                return f"fails the gates together with {names}, though each passes alone"
        raise AssertionError(f"{candidate.id} was left out though nothing stands in its way")

    def _rival(self, task: str, candidate: Candidate, member: Candidate) -> str:
        mine = self._values.get(candidate.id, Worth())
        theirs = self._values.get(member.id, Worth())
        if theirs.value > mine.value:
            ground = theirs.because or "is worth more"
        elif theirs.risk < mine.risk:
            ground = "looks less risky"
        elif theirs.size < mine.size:
            ground = "is the smaller diff"
        elif (theirs.value, theirs.risk, theirs.size) == (mine.value, mine.risk, mine.size):
            ground = "came first"
        else:
            ground = "leaves room for more of the others"
        return f"another attempt at {task}: {member.name} was chosen, which {ground}"
