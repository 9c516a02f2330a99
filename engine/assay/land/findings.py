"""What one run has found out so far, on its way to a report.

Promises: verdicts, sets and deltas are kept once and derived from nowhere else; nothing here decides what
happens next.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from assay.delta.build import build
from assay.delta.excerpts import excerpts
from assay.gates.examining import TASKS
from assay.grade.profile import profile
from assay.land.evidenced import gathered, judged
from assay.land.job import Job
from assay.land.report import candidate_reports, stamp, words_on
from assay.land.risks import Risks
from assay.land.session import Session
from assay.land.transaction import Transaction
from assay.ledger.keeping import NOWHERE, Keeping
from assay.ledger.states import State
from assay.model.candidate import Base, Candidate, Oid
from assay.model.delta import Delta, MemberShare
from assay.model.event import Observer, Planned, Stage
from assay.model.evidence import Evidence
from assay.model.outcome import GateResult
from assay.model.report import Cluster, Conflict, Landed, LeftOut, PatchSet, Report
from assay.model.risk import Risk
from assay.model.verdict import Decision, Verdict
from assay.policy.stakes import Collect
from assay.repo.diff import changes
from assay.risk.decision import actions_held

if TYPE_CHECKING:  # what candidates are to each other is no matter of a hook, which starts faster without
    from assay.patchset.combine import Combined
    from assay.patchset.edges import Graph
    from assay.patchset.select import Worth


class Findings:
    """What a run has found out so far, on its way to a report."""

    def __init__(self, job: Job, run: Transaction, open_session: Session) -> None:
        self.job = job
        self.run = run
        self.session = open_session
        self.refs: dict[str, str] = {}
        self.verdicts: tuple[Verdict, ...] = ()
        self.clusters: dict[str, Cluster] = {}
        self.evidence: dict[str, Evidence] = {}
        """By the id of the candidate."""
        self.patch_set: PatchSet | None = None
        self.delta: Delta | None = None
        self.landed: Landed | None = None
        self.landing = ""
        # Of one change it takes as long to find what was kept as to ask.
        self._risks = Risks(job, self._keeping if len(job.candidates) > 1 else NOWHERE)
        self._started = time.monotonic()

    @property
    def accepted(self) -> list[Candidate]:
        """The accepted candidates in the order given, equal trees included."""
        pairs = zip(self.job.candidates, self.verdicts, strict=True)
        return [candidate for candidate, verdict in pairs if verdict.decision is Decision.ACCEPTED]

    @cached_property
    def held(self) -> tuple[LeftOut, ...]:
        """Accepted candidates that do not land by themselves, by the policy's word on their risk."""
        hold = actions_held(self.job.policy.risk.hold)
        return tuple(
            LeftOut(id=verdict.candidate, why=f"held for {advice.action.value}: {advice.why}")
            for verdict in self.verdicts
            if verdict.decision is Decision.ACCEPTED
            and verdict.risk is not None
            and (advice := verdict.risk.advice) is not None
            and advice.action in hold
        )

    @property
    def landable(self) -> list[Candidate]:
        """The accepted candidates that the policy lets land, in the order given."""
        held = {left.id for left in self.held}
        return [candidate for candidate in self.accepted if candidate.id not in held]

    async def grade(self, observer: Observer) -> None:
        """Keep the candidates, grade them and assess their risk."""
        job = self.job
        names = tuple((candidate.id, candidate.name) for candidate in job.candidates)
        self.refs = self.session.keep(job.candidates)
        self.run.step(State.GRADING, {"order": msgspec.to_builtins(await self.session.order())})
        observer(Stage(name="grading"))
        observer(Planned(candidates=names, gates=self.session.gate_names))
        verdicts = await self.session.grade(
            job.candidates, first=job.request.first, seconds=job.request.time_limit
        )
        self.verdicts = verdicts
        await self._gather(observer)
        self._demand()
        self.verdicts = tuple(map(self._with_risk, job.candidates, self.verdicts))
        if len(job.candidates) > 1:
            await self._compare(observer)
        self.run.step(State.GRADED, self._found())

    async def _compare(self, observer: Observer) -> None:
        """Find out which attempts at one task behave alike."""
        from assay.patchset.alike.votes import tasks

        if not tasks(self.job.candidates):
            return
        from assay.patchset.alike.find import alike

        observer(Stage(name="comparing attempts"))
        self.clusters = await alike(self.session.bench, self.job.candidates, self.verdicts)

    async def _gather(self, observer: Observer) -> None:
        """Gather evidence of what was accepted, where the request or else the policy asks for it."""
        job = self.job
        rules = job.policy.evidence
        if job.request.evidence is not None:
            rules = replace(rules, collect=job.request.evidence)
        wanted = [candidate for candidate in self.accepted if candidate.equivalent_to is None]
        if rules.collect is Collect.NEVER or not wanted:
            return
        observer(Stage(name="gathering evidence"))
        until = self._started + job.request.time_limit if job.request.time_limit else math.inf
        count = len(job.candidates)
        self.evidence = await gathered(self.session, wanted, rules, count=count, until=until)

    def _demand(self) -> None:
        """Hold what was accepted against what the policy demands of evidence."""
        known = {c.id: told for c in self.job.candidates if (told := self._evidence_of(c)) is not None}
        self.verdicts = judged(self.session, self.verdicts, known, self.job.policy.evidence)

    def _evidence_of(self, candidate: Candidate) -> Evidence | None:
        return self.evidence.get(candidate.equivalent_to or candidate.id)

    def _found(self) -> dict[str, Any] | None:
        """What the journal keeps besides verdicts: clusters and evidence; None where there is nothing."""
        distinct = {cluster.members: cluster for cluster in self.clusters.values()}
        clusters = {"clusters": msgspec.to_builtins(list(distinct.values()))} if distinct else {}
        evidence = {"evidence": msgspec.to_builtins(self.evidence)} if self.evidence else {}
        return {**clusters, **evidence} or None

    @property
    def worths(self) -> dict[str, Worth]:
        """What each accepted candidate is worth, by id."""
        from assay.patchset.alike.votes import with_votes
        from assay.patchset.select import worth

        return with_votes(worth(self.landable, self.verdicts), self.clusters)

    def graph(self) -> Graph:
        """Of the candidates that may land: what each pair of them is to each other."""
        from assay.patchset.kept import known_graph

        return known_graph(self.job.repo, self.job.base, self.landable, self._keeping)

    def combination(self, members: Sequence[Candidate]) -> Combined | Conflict:
        """Some of the candidates that may land, as one tree."""
        from assay.patchset.kept import known_combination

        return known_combination(self.job.repo, self.job.base, members, self._keeping)

    def combined(self, patch_set: PatchSet) -> Combined | None:
        """The members of a set as one tree, if they merge."""
        from assay.patchset.combine import Combined, combine

        found = combine(self.job.repo, self.job.base, self.members(patch_set))
        return found if isinstance(found, Combined) else None

    def members(self, patch_set: PatchSet) -> list[Candidate]:
        """The candidates of a set, in its order."""
        by_id = {candidate.id: candidate for candidate in self.job.candidates}
        return [by_id[member] for member in patch_set.members]

    def results_of(self, members: Sequence[Candidate]) -> tuple[GateResult, ...]:
        """What the gates said of these candidates, each alone."""
        wanted = {member.id for member in members}
        return tuple(
            result for verdict in self.verdicts if verdict.candidate in wanted for result in verdict.gates
        )

    def describe(self, tree: Oid, results: Sequence[GateResult], members: Sequence[Candidate]) -> None:
        """Set the delta from the base to `tree`."""
        job = self.job
        shares = tuple(_share(member, job.base) for member in members) if len(members) > 1 else ()
        # As above: to look takes no longer.
        keeping = self._keeping if shares else NOWHERE
        delta = build(job.repo, job.base.tree, tree, results, members=shares, keeping=keeping)
        self.delta = replace(delta, risk=self._risk_of(tree, results, members))

    def report(self) -> Report:
        """Everything found out."""
        job = self.job
        seconds = time.monotonic() - self._started
        risks = {verdict.candidate: verdict.risk for verdict in self.verdicts if verdict.risk is not None}
        spent = profile(
            self.session.tally,
            job.candidates,
            self.verdicts,
            seconds=seconds,
            engine_cpu=time.process_time(),
            warming=self.session.sandbox.warming(),
        )
        return Report(
            transaction=self.run.id,
            command=job.command,
            base=job.base,
            policy=stamp(job.policy),
            isolation=self.session.isolation,
            candidates=candidate_reports(job.candidates, self.verdicts, self.refs, risks, self.clusters),
            patch_set=self.patch_set,
            delta=self.delta,
            landed=self.landed,
            landing=self.landing,
            seconds=round(seconds, 4),
            # What verdicts cost is the least of it at times: the base's tests, and the engine itself.
            cpu_seconds=spent.cpu_seconds,
            notes=(*words_on(job.policy), *self.run.notes, *(self.landed.notes if self.landed else ())),
            profile=spent,
            excerpts=excerpts(job.repo, job.candidates, self.verdicts, self._set())
            if job.request.excerpts
            else (),
        )

    @property
    def _keeping(self) -> Keeping:
        """Where what trees alone say is kept; `--full` takes nothing from there."""
        ledger = self.run.ledger
        recall = NOWHERE.recall if self.job.request.full else ledger.cached
        return Keeping(recall=recall, remember=ledger.remember)

    def _set(self) -> tuple[str, ...]:
        return self.patch_set.members if self.patch_set else ()

    def set_candidate(self, tree: Oid, members: Sequence[Candidate]) -> Candidate:
        """A combined tree as a candidate of its own, so that the same gates can judge it."""
        job = self.job
        return Candidate(
            id=f"set-{tree[:12]}",
            name=" + ".join(member.name for member in members),
            source="patch set",
            base=job.base,
            tree=tree,
            changes=changes(job.repo, job.base.tree, tree),
            instance=_combined_task(members),
        )

    def _with_risk(self, candidate: Candidate, verdict: Verdict) -> Verdict:
        if candidate.tree is None:
            return verdict
        return replace(verdict, risk=self._risks.of(candidate, verdict, self._evidence_of(candidate)))

    def _risk_of(self, tree: Oid, results: Sequence[GateResult], members: Sequence[Candidate]) -> Risk:
        """Of one change what it is by itself; of several what they are together."""
        job = self.job
        combined = self.set_candidate(tree, ())
        risks = {verdict.candidate: verdict.risk for verdict in self.verdicts}
        own = [(m, risk) for m in members if (risk := risks.get(m.id)) is not None and risk.calibrated]
        if len(own) > 1:
            cleared = self.patch_set.cleared if self.patch_set is not None else ()
            meeting = {frozenset((pair.a, pair.b)) for pair in cleared if pair.shared}
            return self._risks.of_set(combined, results, own, meeting)
        of_tree = {c.tree: risks.get(c.id) for c in job.candidates}
        return of_tree.get(tree) or self._risks.of_tree(combined, results)


def _combined_task(members: Sequence[Candidate]) -> str:
    """The task of what combines several candidates: all of theirs."""
    return TASKS.join(sorted({task for member in members for task in member.instance.split(TASKS)} - {""}))


def _share(member: Candidate, base: Base) -> MemberShare:
    return MemberShare(
        candidate=member.id,
        name=member.name,
        paths=tuple(change.path for change in member.changes),
        added_lines=sum(change.added_lines for change in member.changes),
        deleted_lines=sum(change.deleted_lines for change in member.changes),
        # A member with a base of its own differs from the set's by more than what it does.
        tree=member.tree or "" if member.base.tree == base.tree else "",
    )
