"""Verify the best set of a run's accepted candidates, and, where each becomes a commit, every commit of it.

Promises: no tree is graded twice in one run, the one repetition after an inconclusive answer aside; a member
that is taken out because its commit would not be good is named with the reason, and the set is chosen again
without it. Nothing is published here.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.land.chain import chain
from assay.land.findings import Findings
from assay.land.probed import Disagreement, Probed
from assay.land.report import gate_reports
from assay.model.candidate import Candidate, Oid
from assay.model.outcome import GateResult
from assay.model.report import Confidence, Conflict, ConflictKind, FailingGroup, LeftOut, PatchSet
from assay.model.verdict import Decision, Verdict, partial
from assay.patchset.combine import Combined, combine
from assay.patchset.learnt import learn, remembered
from assay.patchset.owntests import with_own_tests
from assay.patchset.verify import Question, verify
from assay.policy.schema import Suspected


class _Undecided(Exception):
    """A commit of the chain got no verdict, twice."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


async def verify_set(found: Findings, *, every_commit: bool) -> tuple[GateResult, ...]:
    """Set `found.patch_set` to a verified set; the gate results of its combined tree. With `every_commit`
    the members are in an order in which each commit of the chain that they make was verified as it stands."""
    run = _Together(found)
    while True:
        patch_set = await run.choose()
        if not every_commit or patch_set.verdict is not Decision.ACCEPTED:
            break
        ordered = await run.in_order(patch_set)
        if ordered is not None:
            patch_set = ordered
            break
    found.patch_set = replace(patch_set, left_out=(*patch_set.left_out, *run.taken_out, *found.held))
    return run.results(patch_set.tree)


class _Together:
    def __init__(self, found: Findings) -> None:
        self.taken_out: list[LeftOut] = []
        self._found = found
        self._by_id = {candidate.id: candidate for candidate in found.job.candidates}
        self._known = found.graph()
        self._graded: dict[str, Verdict] = {}
        self._probed = Probed(found.session.bench, found.job.policy.set)
        self._parted: list[Conflict] = []
        self._failing: list[FailingGroup] = []

    async def choose(self) -> PatchSet:
        """The best verified set of those who were not taken out, and whom probes do not part."""
        while True:
            chosen = await self._verified()
            members = [self._by_id[member] for member in chosen.members]
            parted: tuple[Disagreement, ...] = ()
            if chosen.verdict is Decision.ACCEPTED:
                parted = await self._probed.look(members, self._known.suspected)
            if not parted:
                failing = (*self._failing, *chosen.failing)
                return replace(chosen, cleared=self._known.cleared(chosen.members), failing=failing)
            self._parted += [one.conflict for one in parted]
            self._failing += [*chosen.failing, *(one.group for one in parted)]

    async def _verified(self) -> PatchSet:
        """The best set by merging, by what is known, and by the gates."""
        out = {left.id for left in self.taken_out}
        accepted = [candidate for candidate in self._found.landable if candidate.id not in out]
        edges = {edge: self._enforced(edge) for edge in self._known.edges}
        conflicts = [c for c in (*edges.values(), *self._parted) if not out & {c.a, c.b}]
        bench = self._found.session.bench
        failed_before = (await remembered(bench.recall)).among(accepted)
        chosen = await verify(
            self._grade_all,
            self._found.job.repo,
            self._found.job.base,
            accepted,
            conflicts,
            self._found.worths,
            self._found.verdicts,
            report=gate_reports,
            failed_before=failed_before,
            slots=self._found.session.jobs,
        )
        groups = [[self._by_id[member] for member in group.members] for group in chosen.failing]
        await learn(bench.recall, bench.remember, groups)
        told = {enforced: edge for edge, enforced in edges.items() if edge != enforced}
        return replace(
            chosen,
            conflicts=tuple(conflict for conflict in chosen.conflicts if conflict not in told),
            suspected=(*(told[c] for c in chosen.conflicts if c in told), *chosen.suspected),
        )

    def _enforced(self, edge: Conflict) -> Conflict:
        """A conflict as it counts for what lands: by the policy a suspicion may part two as well."""
        meant = edge.kind is ConflictKind.SEMANTIC and edge.followed
        if meant and self._found.job.policy.set.suspected is Suspected.APART:
            return replace(edge, confidence=Confidence.PROVEN)
        return edge

    async def in_order(self, patch_set: PatchSet) -> PatchSet | None:
        """The set as a chain of verified commits; None if a member had to be taken out for that."""
        try:
            found = await chain(patch_set.members, self._refusal)
        except _Undecided as stop:
            return replace(patch_set, verdict=Decision.INCONCLUSIVE, reason=stop.reason)
        if found.refused is not None:
            self.taken_out.append(LeftOut(id=found.refused, why=found.why))
            return None
        combined = self._combine(found.order)
        if isinstance(combined, Combined) and combined.tree == patch_set.tree:
            cleared = self._known.cleared(found.order)
            return replace(patch_set, members=found.order, merged=combined.merged, cleared=cleared)
        late = next(a for a, b in zip(patch_set.members, found.order, strict=True) if a != b)
        why = f"{self._by_id[late].name} can land neither before nor after the others"
        self.taken_out.append(LeftOut(id=late, why=why))
        return None

    def results(self, tree: str | None) -> tuple[GateResult, ...]:
        """What the gates said of a tree, graded here or as a candidate."""
        if tree is None:
            return ()
        if tree in self._graded:
            return self._graded[tree].gates
        pairs = zip(self._found.job.candidates, self._found.verdicts, strict=True)
        return {c.tree: verdict.gates for c, verdict in pairs}.get(Oid(tree), ())

    async def _refusal(self, members: tuple[str, ...]) -> str | None:
        combined = self._combine(members)
        if isinstance(combined, Conflict):
            return combined.why
        verdict = await self._verdict(combined.tree, tuple(self._by_id[member] for member in members))
        if verdict.decision is Decision.ACCEPTED:
            return None
        last = self._by_id[members[-1]].name
        return f"its own commit would not be good, only later ones: with {last} in, {verdict.reason}"

    async def _verdict(self, tree: Oid, members: tuple[Candidate, ...]) -> Verdict:
        # What a single member's own verdict says of its tree counts only if everything ran for it.
        thorough = [own for own in self._found.verdicts if not partial(own)]
        known = {self._by_id[own.candidate].tree: own for own in thorough}
        verdict = known.get(tree) or await self._grade(tree, members)
        if verdict.decision is Decision.INCONCLUSIVE:
            verdict = await self._grade(tree, members)
        if verdict.decision is Decision.INCONCLUSIVE:
            raise _Undecided(verdict.reason)
        ids = {member.id for member in members}
        return with_own_tests(verdict, [own for own in self._found.verdicts if own.candidate in ids])

    async def _grade(self, tree: Oid, members: tuple[Candidate, ...]) -> Verdict:
        """What the gates say of a tree that may land, asked once unless they cannot tell."""
        (verdict,) = await self._grade_all([(tree, members)])
        return verdict

    async def _grade_all(self, asked: Sequence[Question]) -> list[Verdict]:
        """The same of several trees, at the same time."""
        sets = {}
        for tree, members in asked:
            known = self._graded.get(tree)
            if known is None or known.decision is Decision.INCONCLUSIVE:
                sets[tree] = self._found.set_candidate(tree, members)
        if sets:
            self._found.session.keep(list(sets.values()))
            verdicts = await self._found.session.grade(list(sets.values()), landing=True)
            self._graded.update(zip(sets, verdicts, strict=True))
        return [self._graded[tree] for tree, _ in asked]

    def _combine(self, members: tuple[str, ...]) -> Combined | Conflict:
        job = self._found.job
        return combine(job.repo, job.base, [self._by_id[member] for member in members])
