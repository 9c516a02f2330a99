"""The flows: check one change, grade candidates, land a set. Rooms are tied together here and nowhere else.

Promises: bad input is found before the ledger, the cache or the repository is touched; only `land` changes
what the user sees, in one publication at its very end (invariants 1 and 2).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from msgspec.structs import replace

from assay.delta.build import build as build_delta
from assay.land import plan
from assay.land.job import Job, collect, prepare, with_candidates
from assay.land.publish import check_target, publish
from assay.land.report import candidate_reports, exit_code, gate_reports
from assay.land.request import Change, Request
from assay.land.session import Session, session
from assay.land.transaction import Transaction, transaction
from assay.ledger.states import State
from assay.model.candidate import Candidate, Oid, ProblemKind
from assay.model.delta import Delta, MemberShare
from assay.model.errors import BadInput, Moved
from assay.model.event import Observer, Planned, Stage, nobody
from assay.model.outcome import GateResult
from assay.model.report import Conflict, Landed, PatchSet, PolicyStamp, Report
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision, Risk, Verdict
from assay.patchset.combine import Combined, combine
from assay.patchset.conflicts import find
from assay.patchset.select import choose, worth
from assay.patchset.verify import verify
from assay.repo import refs, sources
from assay.repo.diff import changes
from assay.repo.repository import open_repository
from assay.risk.score import assess

__all__ = ["Change", "Request", "check", "exit_code", "grade", "land"]

_LANDING_ATTEMPTS = 3


async def check(
    request: Request, change: Change, *, head: str | None = None, observer: Observer = nobody
) -> Report:
    """Grade one change of a person's own: what is staged, the work tree, or `request.base`..`head`."""
    job = prepare("check", request, default_pack="default")
    if change is Change.STAGED:
        proposals = [sources.staged(job.repo)]
    elif change is Change.WORKTREE:
        proposals = [sources.worktree(job.repo)]
    else:
        proposals = sources.collect(job.repo, [head or "HEAD"], job.base, squash=True)
    job = with_candidates(job, proposals)
    if all(c.problem is not None and c.problem.kind is ProblemKind.EMPTY for c in job.candidates):
        return _nothing(job)
    return await _grade(job, observer)


async def grade(request: Request, *, observer: Observer = nobody) -> Report:
    """Grade every candidate of the request's sources, and say which of the accepted go together."""
    job = prepare("grade", request, default_pack="agent")
    return await _grade(with_candidates(job, collect(job)), observer)


async def land(
    request: Request,
    *,
    onto: str,
    dry_run: bool = False,
    linear: bool = False,
    observer: Observer = nobody,
) -> Report:
    """Grade the candidates on the tip of `onto`, verify the best set of them together, and publish it.

    When the branch moves meanwhile, everything is done again on the new tip, a bounded number of times; then
    `Moved` is raised and nothing is published.
    """
    for attempt in range(1, _LANDING_ATTEMPTS + 1):
        try:
            return await _land_once(request, onto, dry_run, linear, observer)
        except Moved:
            if attempt == _LANDING_ATTEMPTS:
                raise
            observer(Stage(name=f"{onto} moved: grading again on its new tip"))
    raise AssertionError("unreachable")


class _Findings:
    """What a run has found out so far, on its way to a report."""

    def __init__(self, job: Job, run: Transaction, open_session: Session) -> None:
        self.job = job
        self.run = run
        self.session = open_session
        self.refs: dict[str, str] = {}
        self.verdicts: tuple[Verdict, ...] = ()
        self.patch_set: PatchSet | None = None
        self.delta: Delta | None = None
        self.landed: Landed | None = None
        self.landing = ""
        self._started = time.monotonic()

    @property
    def accepted(self) -> list[Candidate]:
        """The accepted candidates in the order given, equal trees included."""
        pairs = zip(self.job.candidates, self.verdicts, strict=True)
        return [candidate for candidate, verdict in pairs if verdict.decision is Decision.ACCEPTED]

    async def grade(self, observer: Observer) -> None:
        """Keep the candidates, grade them and assess their risk."""
        job = self.job
        names = tuple((candidate.id, candidate.name) for candidate in job.candidates)
        self.refs = self.session.keep(job.candidates)
        self.run.step(State.GRADING)
        observer(Stage(name="grading"))
        observer(Planned(candidates=names, gates=self.session.gate_names))
        verdicts = await self.session.grade(
            job.candidates, first=job.request.first, seconds=job.request.time_limit
        )
        self.verdicts = tuple(map(self._with_risk, job.candidates, verdicts))
        self.run.step(State.GRADED)

    def conflicts(self) -> tuple[Conflict, ...]:
        """Between accepted candidates, pair by pair."""
        return find(self.job.repo, self.job.base, self.accepted)

    def combined(self, patch_set: PatchSet) -> Combined | None:
        """The members of a set as one tree, if they merge."""
        found = combine(self.job.repo, self.job.base, self.members(patch_set))
        return found if isinstance(found, Combined) else None

    def members(self, patch_set: PatchSet) -> list[Candidate]:
        """The candidates of a set, in its order."""
        by_id = {candidate.id: candidate for candidate in self.job.candidates}
        return [by_id[member] for member in patch_set.members]

    def describe(self, tree: Oid, results: Sequence[GateResult], members: Sequence[Candidate]) -> None:
        """Set the delta from the base to `tree`."""
        shares = tuple(_share(member) for member in members) if len(members) > 1 else ()
        job = self.job
        delta = build_delta(job.repo, job.base.tree, tree, results, members=shares)
        self.delta = replace(delta, risk=self._risk_of(tree, results))

    def report(self) -> Report:
        """Everything found out."""
        job = self.job
        risks = {verdict.candidate: verdict.risk for verdict in self.verdicts if verdict.risk is not None}
        return Report(
            transaction=self.run.id,
            command=job.command,
            base=job.base,
            policy=PolicyStamp(name=job.policy.name, digest=job.policy.digest),
            isolation=self.session.isolation,
            candidates=candidate_reports(job.candidates, self.verdicts, self.refs, risks),
            patch_set=self.patch_set,
            delta=self.delta,
            landed=self.landed,
            landing=self.landing,
            seconds=round(time.monotonic() - self._started, 4),
            cpu_seconds=round(sum(verdict.use.cpu_seconds for verdict in self.verdicts), 4),
            notes=(*self.run.notes, *(self.landed.notes if self.landed else ())),
        )

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
        )

    def _with_risk(self, candidate: Candidate, verdict: Verdict) -> Verdict:
        if candidate.tree is None:
            return verdict
        return replace(verdict, risk=assess(self.job.repo, candidate, self.job.policy, verdict.gates))

    def _risk_of(self, tree: Oid, results: Sequence[GateResult]) -> Risk:
        return assess(self.job.repo, self.set_candidate(tree, ()), self.job.policy, results)


def _nothing(job: Job) -> Report:
    """The report on no change at all: nobody is to wait for it, or to be blocked by it."""
    return Report(
        transaction="",
        command=job.command,
        base=job.base,
        policy=PolicyStamp(name=job.policy.name, digest=job.policy.digest),
        isolation=Isolation(backend="none", tier=Tier.NONE, notes=("nothing was run",)),
        candidates=(),
    )


async def _grade(job: Job, observer: Observer) -> Report:
    async with _begun(job) as run, _session(job, run, observer) as opened:
        found = _Findings(job, run, opened)
        await found.grade(observer)
        if len(job.candidates) > 1:
            observer(Stage(name="choosing what goes together"))
            found.patch_set = _unverified(found)
            combined = found.combined(found.patch_set)
            if combined is not None and found.patch_set.members:
                found.describe(combined.tree, (), found.members(found.patch_set))
        elif (tree := job.candidates[0].tree) is not None:
            found.describe(tree, found.verdicts[0].gates, ())
    return found.report()


def _unverified(found: _Findings) -> PatchSet:
    """The set that could land together as far as merging tells; `land` verifies it before it lands."""
    conflicts = found.conflicts()
    accepted = found.accepted
    choice = choose(accepted, conflicts, worth(accepted, found.verdicts))
    combined = combine(found.job.repo, found.job.base, [c for c in accepted if c.id in choice.members])
    return PatchSet(
        members=choice.members,
        left_out=choice.left_out,
        conflicts=conflicts,
        tree=combined.tree if isinstance(combined, Combined) and choice.members else None,
        verdict=None,
        reason="merges cleanly; `assay land` verifies the combination before it lands",
    )


async def _land_once(request: Request, onto: str, dry_run: bool, linear: bool, observer: Observer) -> Report:
    job, ref = _prepare_landing(request, onto, dry_run)
    job = with_candidates(job, collect(job))
    async with _begun(job, {"onto": ref, "dry_run": dry_run, "linear": linear}) as run:
        async with _session(job, run, observer) as opened:
            found = _Findings(job, run, opened)
            await found.grade(observer)
            run.step(State.VERIFYING)
            observer(Stage(name="verifying the set together"))
            results = await _verify(found)
            run.step(State.VERIFIED)
        # The jails are gone before anything is published: what follows is the repository's business alone.
        _publish(found, results, ref, dry_run, linear, observer)
    return found.report()


def _prepare_landing(request: Request, onto: str, dry_run: bool) -> tuple[Job, str]:
    """The job on the tip of the branch, and the branch's full name."""
    repo = open_repository(request.repo, request.environ)
    ref = plan.branch_ref(repo, onto)
    if not dry_run:
        check_target(repo, ref)
    base = repo.resolve(plan.tip(repo, ref))
    if request.base and repo.resolve(request.base).commit != base.commit:
        raise BadInput(
            f"{request.base!r} is not the tip of {onto}",
            where="--base",
            fix="leave it out: what lands is graded on the branch it lands on",
        )
    return prepare("land", request, default_pack="agent", at=(repo, base)), ref


async def _verify(found: _Findings) -> tuple[GateResult, ...]:
    """Set `found.patch_set` to a verified set; the gate results of its combined tree."""
    results: dict[str, tuple[GateResult, ...]] = {}

    async def grade_tree(tree: Oid, members: tuple[Candidate, ...]) -> Verdict:
        combined = found.set_candidate(tree, members)
        found.session.keep([combined])
        (verdict,) = await found.session.grade([combined])
        results[tree] = verdict.gates
        return verdict

    accepted = found.accepted
    found.patch_set = await verify(
        grade_tree,
        found.job.repo,
        found.job.base,
        accepted,
        found.conflicts(),
        worth(accepted, found.verdicts),
        found.verdicts,
        report=gate_reports,
    )
    tree = found.patch_set.tree
    own = {c.tree: v.gates for c, v in zip(found.job.candidates, found.verdicts, strict=True)}
    return results.get(tree or "", own.get(Oid(tree) if tree else None, ()))


def _publish(
    found: _Findings,
    results: Sequence[GateResult],
    ref: str,
    dry_run: bool,
    linear: bool,
    observer: Observer,
) -> None:
    """Publish the verified set, or say in `found.landing` why nothing is."""
    patch_set = found.patch_set
    assert patch_set is not None
    branch = ref.removeprefix(plan.BRANCHES)
    if not patch_set.members or patch_set.verdict is not Decision.ACCEPTED:
        found.landing = f"nothing landed on {branch}: {patch_set.reason}"
        return
    combined = found.combined(patch_set)
    if combined is None or combined.tree != patch_set.tree:
        raise AssertionError("the verified tree is not the one that would be published")
    members = found.members(patch_set)
    found.describe(combined.tree, results, members)
    if dry_run:
        found.landing = f"{len(members)} would land on {branch}; this was a dry run"
        return
    repo, tip = found.job.repo, found.job.base.commit
    assert tip is not None
    observer(Stage(name=f"publishing on {branch}"))
    landing = plan.build(repo, ref, tip, members, combined, refs.candidates(repo), linear=linear)
    found.landed = publish(repo, found.run.ledger, found.run.id, landing)
    found.landing = f"{len(members)} landed on {branch} as {found.landed.new[:12]}"


def _share(member: Candidate) -> MemberShare:
    return MemberShare(
        candidate=member.id,
        name=member.name,
        paths=tuple(change.path for change in member.changes),
        added_lines=sum(change.added_lines for change in member.changes),
        deleted_lines=sum(change.deleted_lines for change in member.changes),
    )


def _begun(job: Job, more: dict[str, object] | None = None) -> AbstractAsyncContextManager[Transaction]:
    request = job.request
    payload = {
        "sources": list(request.sources),
        "base": job.base.commit or "",
        "policy": job.policy.name,
        "policy_digest": job.policy.digest,
        **(more or {}),
    }
    return transaction(job.repo, job.command, payload)


def _session(job: Job, run: Transaction, observer: Observer) -> AbstractAsyncContextManager[Session]:
    return session(job.request, run, job.repo, job.base, job.policy, job.gates, observer)
