"""Verify that a set of accepted candidates is good together, and find out who is not.

Promises:

- the set that comes back accepted was graded as one tree, by the gates that graded its members; a set of one
  is its member's own verdict, not run again;
- a member is left out only on evidence: a merge that conflicts, a group of accepted candidates that was
  graded together and rejected, or that combinations which were graded and rejected have in common and no
  accepted one has, or its own rejection by a thorough grading;
- an inconclusive answer blames nobody: it is asked for once more, and then the whole set is inconclusive; so
  it is if what fails comes and goes whoever is in;
- a combination on which a member's own new tests no longer pass, though its gates let it, is no good set;
- no tree is graded twice, the one repetition after an inconclusive answer aside;
- groups that failed in earlier runs are asked before the whole set, and when a set fails, suspected pairs of
  it count as much as all others together.

choose ──► combine ──► grade ──► accepted: done
  ▲           │          │
  └── learnt ◄┴──── hunt ┘
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import GateResult
from assay.model.report import Confidence, Conflict, ConflictKind, FailingGroup, GateReport, PatchSet
from assay.model.verdict import Decision, Verdict, partial
from assay.patchset.combine import Combined, combine
from assay.patchset.failing import quoted, seen, tests, witness
from assay.patchset.hints import Hints
from assay.patchset.hunt import Culprits, Members, Seen, hunt
from assay.patchset.overlap import touched
from assay.patchset.owntests import with_own_tests
from assay.patchset.select import Choice, Worth, choose
from assay.patchset.union import Unions
from assay.repo.repository import Repository

Question = tuple[Oid, tuple[Candidate, ...]]
"""A combined tree, and whose it is."""
GradeTrees = Callable[[Sequence[Question]], Awaitable[Sequence[Verdict]]]
"""Runs the gates on combined trees, at the same time where that can be."""
GateReports = Callable[[Iterable[GateResult]], tuple[GateReport, ...]]
_PATIENCE = 4
"""A member of so many failing groups is left out for good: each further group would cost several runs."""
_TOLD = 20
"""So many failing tests of a group are listed."""


class _Inconclusive(Exception):
    """A tree got no verdict, twice."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict


async def verify(
    grade_trees: GradeTrees,
    repo: Repository,
    base: Base,
    candidates: Sequence[Candidate],
    conflicts: Sequence[Conflict],
    values: Mapping[str, Worth],
    verdicts: Iterable[Verdict],
    *,
    report: GateReports,
    failed_before: Sequence[Sequence[str]] = (),
    slots: int = 1,
) -> PatchSet:
    """Choose among accepted `candidates`, verify the choice, learn from a failure, choose again.

    `verdicts` are those of the members' own, from grading each alone on `base`. One that looked at less than
    everything tells which new tests have to pass, and no more: a member with no other may turn out to be
    rejected by itself. `report` puts the final gate results into the report's form. Groups in `failed_before`
    (ids) did so in an earlier run; `slots` combinations are graded at a time. `members` of the result are in
    the order in which they were combined; it is empty, with no tree and no verdict, when there was nothing to
    choose from.
    """
    known = {verdict.candidate: verdict for verdict in verdicts}
    run = _Verification(
        grade_trees=grade_trees,
        repo=repo,
        base=base,
        candidates=candidates,
        conflicts=conflicts,
        values=values,
        own=known,
        report=report,
        failed_before=failed_before,
        slots=slots,
    )
    return await run.run()


class _Verification:
    def __init__(
        self,
        *,
        grade_trees: GradeTrees,
        repo: Repository,
        base: Base,
        candidates: Sequence[Candidate],
        conflicts: Sequence[Conflict],
        values: Mapping[str, Worth],
        own: Mapping[str, Verdict],
        report: GateReports,
        failed_before: Sequence[Sequence[str]],
        slots: int,
    ) -> None:
        self._grade_trees = grade_trees
        self._repo = repo
        self._base = base
        self._candidates = candidates
        self._by_id = {candidate.id: candidate for candidate in candidates}
        self._unions = Unions(repo, base, candidates)
        self._given = tuple(conflicts)
        self._learnt: list[Conflict] = []
        self._groups: list[frozenset[str]] = []
        self._unmerged: dict[frozenset[str], str] = {}
        self._alone: dict[str, str] = {}
        self._values = values
        self._report = report
        self._own = own
        self._doubted = [tuple(group) for group in failed_before]
        self._slots = slots
        self._failing: list[FailingGroup] = []
        self._runs = 0
        self._heard: dict[frozenset[str], Verdict] = {}
        """What the gates said of which members together."""
        self._known = {
            c.tree: own[c.id]
            for c in candidates
            if c.tree is not None and c.id in own and not partial(own[c.id])
        }

    async def run(self) -> PatchSet:
        while True:
            choice = choose(self._candidates, self._given, self._values, self._groups, self._unmerged)
            if not choice.members:
                return self._result(choice, None, None, "there is nothing to land")
            combined = self._combine(choice.members)
            if isinstance(combined, Conflict):
                self._clash(self._smallest_clash(choice.members, combined), combined)
                continue
            try:
                if await self._fail_again(choice.members):
                    continue
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
        (verdict,) = await self._verdicts([(tree, tuple(members))])
        return verdict

    async def _verdicts(self, asked: Sequence[tuple[Oid, tuple[str, ...]]]) -> list[Verdict]:
        """What the gates say of these trees, which are those of these members; each is asked once."""
        open_ = {tree: members for tree, members in asked if not self._decided(tree)}
        for _attempt in range(2):
            questions = [(t, tuple(self._by_id[m] for m in members)) for t, members in open_.items()]
            if not questions:
                break
            self._runs += len(questions)
            for (tree, members), verdict in zip(questions, await self._grade_trees(questions), strict=True):
                own = [self._own[member.id] for member in members if member.id in self._own]
                known = self._known[tree] = with_own_tests(verdict, own)
                if known.decision is not Decision.INCONCLUSIVE:
                    self._heard[frozenset(member.id for member in members)] = known
            open_ = {tree: members for tree, members in open_.items() if not self._decided(tree)}
        for tree in open_:
            raise _Inconclusive(self._known[tree])
        return [self._known[tree] for tree, _ in asked]

    def _decided(self, tree: Oid) -> bool:
        return tree in self._known and self._known[tree].decision is not Decision.INCONCLUSIVE

    async def _fail_again(self, members: tuple[str, ...]) -> bool:
        """Ask about a group among these that failed in an earlier run; whether it does so still."""
        while self._doubted:
            group = self._doubted[0]
            if not set(group) <= set(members) or len(group) == len(members):
                self._doubted.pop(0)
                continue
            tree = self._unions.tree(group)
            verdict = None if isinstance(tree, Conflict) else await self._verdict(tree, group)
            self._doubted.pop(0)
            if verdict is not None and verdict.decision is Decision.REJECTED:
                places = tuple(range(len(group)))
                found = Culprits(places, tuple(sorted(seen(verdict).failures)), 1.0, frozenset(), places)
                hints = Hints(self._repo, self._base, [self._by_id[m] for m in group], self._own)
                await self._conclude(group, found, hints)
                return True
        return False

    async def _find_culprits(self, members: tuple[str, ...], verdict: Verdict) -> None:
        """Learn at least one group of these that does not go together, or that one fails by itself."""
        if len(members) == 1:
            self._reject(members[0], verdict)
            return

        async def ask(groups: Sequence[Members]) -> list[Seen | None]:
            named = [tuple(members[place] for place in group) for group in groups]
            made = [(self._unions.tree(group), group) for group in named]
            asked = [(tree, group) for tree, group in made if not isinstance(tree, Conflict)]
            verdicts = dict(zip((tree for tree, _ in asked), await self._verdicts(asked), strict=True))
            return [None if isinstance(tree, Conflict) else seen(verdicts[tree]) for tree, _ in made]

        place = {member: index for index, member in enumerate(members)}
        hints = Hints(self._repo, self._base, [self._by_id[member] for member in members], self._own)
        hunted = await hunt(
            len(members),
            sorted(seen(verdict).failures),
            ask,
            suspicion=hints,
            groups=frozenset(
                tuple(sorted((place[c.a], place[c.b])))
                for c in self._given
                if c.confidence is Confidence.SUSPECTED and {c.a, c.b} <= place.keys()
            ),
            alone=frozenset(place[m] for m in members if not self._decided(self._tree(m))),
            seen={
                tuple(sorted(place[member] for member in group)): seen(heard)
                for group, heard in self._heard.items()
                if group <= place.keys()
            },
            slots=self._slots,
        )
        for found in hunted.found:
            await self._conclude(members, found, hints)
        if not hunted.found:
            why = f"{hunted.unsteady[0]} comes and goes, whoever of the set is in"
            raise _Inconclusive(
                replace(verdict, decision=Decision.INCONCLUSIVE, rejected_by=None, reason=why)
            )

    async def _conclude(self, members: tuple[str, ...], found: Culprits, hints: Hints) -> None:
        """Learn what a group that failed says: who is not to be together, or who fails by itself. One that
        the other runs prove to be behind its failures is not run: the company that showed them is the
        witness."""
        group = tuple(members[place] for place in found.group)
        tree = self._unions.tree(group)
        if isinstance(tree, Conflict):
            self._clash(group, tree)
            return
        company = self._heard.get(frozenset(members[place] for place in found.shown))
        verdict = company or await self._verdict(tree, group)
        if len(group) == 1:
            self._reject(group[0], verdict)
            return
        pairs = zip(found.group, group, strict=True)
        if not await self._reject_alone([m for place, m in pairs if place not in found.innocent]):
            self._told(group, found, hints, verdict)

    async def _reject_alone(self, group: Sequence[str]) -> bool:
        """Whether a member of a failing group fails by itself: asked of those of whom it is not known."""
        for member in group:
            verdict = await self._verdict(self._tree(member), (member,))
            if verdict.decision is Decision.REJECTED:
                self._reject(member, verdict)
                return True
        return False

    def _tree(self, member: str) -> Oid:
        tree = self._by_id[member].tree
        assert tree is not None
        return tree

    def _told(self, group: tuple[str, ...], found: Culprits, hints: Hints, verdict: Verdict) -> None:
        """Learn a group that fails together, with its witness."""
        names = " and ".join(self._by_id[member].name for member in group)
        where, what = witness(verdict, found.failures)
        why = f"{names} are each accepted alone, but together {what}"
        suspected = [c.symbols for c in self._given if {c.a, c.b} == set(group)]
        about = hints.symbols(found.group, found.failures, quoted(verdict, found.failures))
        symbols = dict.fromkeys((*(s for each in suspected for s in each), *about))
        told = FailingGroup(
            members=group,
            gate=verdict.rejected_by or "tests",
            where=where,
            why=why,
            tests=tests(verdict, found.failures)[:_TOLD],
            symbols=tuple(symbols)[:_TOLD],
            chance=round(found.chance, 4),
        )
        self._failing.append(told)
        conflict = Conflict(
            a=group[0],
            b=group[-1],
            kind=ConflictKind.BEHAVIOURAL,
            where=where,
            why=why,
            symbols=told.symbols,
        )
        self._learn(group, conflict)

    def _smallest_clash(self, members: tuple[str, ...], conflict: Conflict) -> tuple[str, ...]:
        """Drop, one at a time, every member without which the conflict remains: first of all, those who
        have nothing to do with where it is."""
        near = [m for m in members if conflict.where in touched(self._by_id[m])]
        group = next(
            each
            for each in (tuple(near), self._up_to(members, conflict), members)
            if each == members or isinstance(self._combine(each), Conflict)
        )
        for member in group:
            fewer = tuple(other for other in group if other != member)
            if isinstance(self._combine(fewer), Conflict):
                group = fewer
        return group

    def _up_to(self, members: tuple[str, ...], conflict: Conflict) -> tuple[str, ...]:
        return members[: max(members.index(conflict.a), members.index(conflict.b)) + 1]

    def _clash(self, group: tuple[str, ...], conflict: Conflict) -> None:
        """Learn a group that does not merge, each pair of which may."""
        self._unmerged[frozenset(group)] = conflict.why
        self._learn(group, conflict)

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
            failing=tuple(self._failing),
            runs=self._runs,
        )


def _of(confidence: Confidence, conflicts: Iterable[Conflict]) -> tuple[Conflict, ...]:
    return tuple(conflict for conflict in conflicts if conflict.confidence is confidence)
