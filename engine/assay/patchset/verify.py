"""Verify that a set of accepted candidates is good together, and find out who is not.

Promises:

- the set that comes back accepted was graded as one tree, by the gates that graded its members; a set of one
  is its member's own verdict, not run again;
- a member is left out only on evidence: a merge that conflicts, a group of accepted candidates that was
  graded together and rejected, or its own rejection by a thorough grading;
- an inconclusive answer blames nobody: it is asked for once more, and then the whole set is inconclusive;
- a combination on which a member's own new tests no longer pass, though its gates let it, is no good set;
- no tree is graded twice, the one repetition after an inconclusive answer aside;
- when a set fails, the pairs of it that were suspected are asked first.

choose ──► combine ──► grade ──► accepted: done
  ▲           │          │
  └── learnt ◄┴─ culprits┘
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import GateResult, Outcome
from assay.model.report import Confidence, Conflict, ConflictKind, GateReport, PatchSet
from assay.model.verdict import Decision, Verdict, partial
from assay.patchset.blame import Fails, culprits
from assay.patchset.combine import Combined, combine
from assay.patchset.owntests import with_own_tests
from assay.patchset.select import Choice, Worth, choose
from assay.repo.repository import Repository

GradeTree = Callable[[Oid, tuple[Candidate, ...]], Awaitable[Verdict]]
"""Runs the gates on a combined tree of these members."""
GateReports = Callable[[Iterable[GateResult]], tuple[GateReport, ...]]
_FIRST = 4
"""So many suspected pairs are asked before the search: each costs a run, which a search may do without."""
_PATIENCE = 4
"""A member of so many failing groups is left out for good: each further group would cost several runs."""


class _Inconclusive(Exception):
    """A tree got no verdict, twice."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict


async def verify(
    grade_tree: GradeTree,
    repo: Repository,
    base: Base,
    candidates: Sequence[Candidate],
    conflicts: Sequence[Conflict],
    values: Mapping[str, Worth],
    verdicts: Iterable[Verdict],
    *,
    report: GateReports,
) -> PatchSet:
    """Choose among accepted `candidates`, verify the choice, learn from a failure, choose again.

    `verdicts` are those of the members' own, from grading each alone on `base`. One that looked at less than
    everything tells which new tests have to pass, and no more: a member with no other may turn out to be
    rejected by itself. `report` puts the final gate
    results into the report's form. `members` of the result are in the order in which they were combined; it
    is empty, with no tree and no verdict, when there was nothing to choose from.
    """
    known = {verdict.candidate: verdict for verdict in verdicts}
    run = _Verification(
        grade_tree=grade_tree,
        repo=repo,
        base=base,
        candidates=candidates,
        conflicts=conflicts,
        values=values,
        own=known,
        report=report,
    )
    return await run.run()


class _Verification:
    def __init__(
        self,
        *,
        grade_tree: GradeTree,
        repo: Repository,
        base: Base,
        candidates: Sequence[Candidate],
        conflicts: Sequence[Conflict],
        values: Mapping[str, Worth],
        own: Mapping[str, Verdict],
        report: GateReports,
    ) -> None:
        self._grade_tree = grade_tree
        self._repo = repo
        self._base = base
        self._candidates = candidates
        self._by_id = {candidate.id: candidate for candidate in candidates}
        self._given = tuple(conflicts)
        self._learnt: list[Conflict] = []
        self._groups: list[frozenset[str]] = []
        self._alone: dict[str, str] = {}
        self._values = values
        self._report = report
        self._own = own
        self._known = {
            c.tree: own[c.id]
            for c in candidates
            if c.tree is not None and c.id in own and not partial(own[c.id])
        }

    async def run(self) -> PatchSet:
        while True:
            choice = choose(self._candidates, self._given, self._values, self._groups)
            if not choice.members:
                return self._result(choice, None, None, "there is nothing to land")
            combined = self._combine(choice.members)
            if isinstance(combined, Conflict):
                self._learn(self._smallest_clash(choice.members, combined), combined)
                continue
            try:
                verdict = await self._verdict(combined.tree, choice.members)
                if verdict.decision is Decision.REJECTED:
                    await self._find_culprits(choice.members, verdict)
                    continue
            except _Inconclusive as stop:
                return self._result(choice, combined, stop.verdict, stop.verdict.reason)
            return self._result(choice, combined, verdict, verdict.reason)

    def _combine(self, members: Sequence[str]) -> Combined | Conflict:
        return combine(self._repo, self._base, [self._by_id[member] for member in members])

    async def _verdict(self, tree: Oid, members: Sequence[str]) -> Verdict:
        known = self._known.get(tree)
        if known is not None and known.decision is not Decision.INCONCLUSIVE:
            return known
        group = tuple(self._by_id[member] for member in members)
        verdict = await self._grade_tree(tree, group)
        if verdict.decision is Decision.INCONCLUSIVE:
            verdict = await self._grade_tree(tree, group)
        if verdict.decision is Decision.INCONCLUSIVE:
            raise _Inconclusive(verdict)
        members_own = [self._own[member] for member in members if member in self._own]
        verdict = self._known[tree] = with_own_tests(verdict, members_own)
        return verdict

    async def _find_culprits(self, members: tuple[str, ...], verdict: Verdict) -> None:
        if len(members) == 1:
            self._reject(members[0], verdict)
            return

        async def fails(group: tuple[str, ...]) -> bool:
            combined = self._combine(group)
            if isinstance(combined, Conflict):
                return True  # some part of a set that merges does not: no less a reason to part them
            return (await self._verdict(combined.tree, group)).decision is Decision.REJECTED

        group = await self._suspects(members, fails) or await culprits(members, fails)
        combined = self._combine(group)
        if isinstance(combined, Conflict):
            self._learn(group, combined)
        elif not await self._reject_alone(group):
            self._learn(group, self._behavioural(group, await self._verdict(combined.tree, group)))

    async def _suspects(self, members: tuple[str, ...], fails: Fails[str]) -> tuple[str, ...] | None:
        """The first suspected pair among `members` that fails by itself: cheaper to ask than a search."""
        pairs = [(c.a, c.b) for c in self._given if c.confidence is Confidence.SUSPECTED]
        within = [pair for pair in pairs if len(members) > len(pair) and set(pair) <= set(members)]
        for pair in within[:_FIRST]:
            group = tuple(member for member in members if member in pair)
            if await fails(group):
                return group
        return None

    async def _reject_alone(self, group: tuple[str, ...]) -> bool:
        """Whether a member of a failing group fails by itself: asked of those of whom it is not known."""
        for member in group:
            tree = self._by_id[member].tree
            assert tree is not None
            verdict = await self._verdict(tree, (member,))
            if verdict.decision is Decision.REJECTED:
                self._reject(member, verdict)
                return True
        return False

    def _smallest_clash(self, members: tuple[str, ...], conflict: Conflict) -> tuple[str, ...]:
        """Drop, one at a time, every member without which the conflict remains."""
        group = members[: max(members.index(conflict.a), members.index(conflict.b)) + 1]
        if not isinstance(self._combine(group), Conflict):
            group = members
        for member in group:
            fewer = tuple(other for other in group if other != member)
            if isinstance(self._combine(fewer), Conflict):
                group = fewer
        return group

    def _learn(self, group: tuple[str, ...], conflict: Conflict) -> None:
        self._learnt.append(conflict)
        self._groups.append(frozenset(group))
        for member in group:
            if sum(member in known for known in self._groups) >= _PATIENCE:
                self._groups.append(frozenset({member}))

    def _reject(self, member: str, verdict: Verdict) -> None:
        """One that was accepted by a quick look does not pass a thorough one."""
        self._alone[member] = verdict.reason
        self._groups.append(frozenset({member}))

    def _behavioural(self, group: tuple[str, ...], verdict: Verdict) -> Conflict:
        names = " and ".join(self._by_id[member].name for member in group)
        where, what = _witness(verdict)
        why = f"{names} are each accepted alone, but together {what}"
        return Conflict(a=group[0], b=group[-1], kind=ConflictKind.BEHAVIOURAL, where=where, why=why)

    def _result(
        self, choice: Choice, combined: Combined | None, verdict: Verdict | None, reason: str
    ) -> PatchSet:
        left_out = (
            replace(left, why=f"rejected when everything ran: {self._alone[left.id]}")
            if left.id in self._alone
            else left
            for left in choice.left_out
        )
        return PatchSet(
            members=choice.members,
            left_out=tuple(left_out),
            conflicts=(*_of(Confidence.PROVEN, self._given), *self._learnt),
            tree=combined.tree if combined is not None else None,
            verdict=verdict.decision if verdict is not None else None,
            reason=reason,
            gates=self._report(verdict.gates) if verdict is not None else (),
            merged=combined.merged if combined is not None else (),
            suspected=_of(Confidence.SUSPECTED, self._given),
        )


def _of(confidence: Confidence, conflicts: Iterable[Conflict]) -> tuple[Conflict, ...]:
    return tuple(conflict for conflict in conflicts if conflict.confidence is confidence)


def _witness(verdict: Verdict) -> tuple[str, str]:
    """Where the combination fails (a test's id where one is named, else the gate), and a clause saying so."""
    gate = verdict.rejected_by or "unknown"
    for result in verdict.gates:
        if missing := [str(test) for test in result.detail.get("own_missing", ())]:
            return missing[0], f"{missing[0]} no longer passes"
        if result.gate != gate or result.outcome is Outcome.PASSED:
            continue
        failing = [str(test) for test in result.detail.get("newly_failing", ())]
        if failing:
            more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
            return failing[0], f"{failing[0]}{more} newly fails"
        if result.findings:
            first = result.findings[0]
            return f"{first.path}:{first.line}", f"the {gate} gate finds {first.rule}: {first.message}"
    return gate, f"the {gate} gate rejects them: {verdict.reason}"
