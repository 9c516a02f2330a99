"""The flows: check one change, grade candidates, land a set. Rooms are tied together here and nowhere else.

Promises: bad input is found before the ledger, the cache or the repository is touched; only `land` changes
what the user sees, in one publication at its very end (invariants 1 and 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from assay.land import plan
from assay.land.findings import Findings
from assay.land.job import Job, collect, prepare, with_candidates
from assay.land.publish import check_target, publish
from assay.land.report import exit_code, stamp
from assay.land.request import Change, Request
from assay.land.session import Session, session
from assay.land.transaction import Transaction, transaction
from assay.ledger.states import State
from assay.model.candidate import Oid, ProblemKind
from assay.model.errors import BadInput, Moved
from assay.model.event import Observer, Stage, nobody
from assay.model.outcome import GateResult
from assay.model.report import PatchSet, Report
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision
from assay.repo import refs, sources
from assay.repo.repository import open_repository

__all__ = ["Change", "Request", "check", "exit_code", "grade", "land"]

_LANDING_ATTEMPTS = 3
_MERGES = "merges cleanly; `assay land` verifies the combination before it lands"
_ALONE = "`assay land` verifies it as it lands"
_CLASHES = "its pairs merge, but not all of it at once; `assay land` finds the part that does"


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
    every_commit: bool = True,
    observer: Observer = nobody,
) -> Report:
    """Grade the candidates on the tip of `onto`, verify the best set of them together, and publish it.

    With `linear` each member becomes a commit on the one before, and with `every_commit` each of them is
    verified as it stands, not only the last. The merge that lands otherwise is one commit on the branch's
    line, and is verified anyway.

    When the branch moves meanwhile, everything is done again on the new tip, a bounded number of times; then
    `Moved` is raised and nothing is published.
    """
    for attempt in range(1, _LANDING_ATTEMPTS + 1):
        try:
            return await _land_once(request, onto, dry_run, linear, every_commit, observer)
        except Moved:
            if attempt == _LANDING_ATTEMPTS:
                raise
            observer(Stage(name=f"{onto} moved: grading again on its new tip"))
    raise AssertionError("unreachable")


def _nothing(job: Job) -> Report:
    """The report on no change at all: nobody is to wait for it, or to be blocked by it."""
    return Report(
        transaction="",
        command=job.command,
        base=job.base,
        policy=stamp(job.policy),
        isolation=Isolation(backend="none", tier=Tier.NONE, notes=("nothing was run",)),
        candidates=(),
    )


async def _grade(job: Job, observer: Observer) -> Report:
    async with _begun(job) as run, _session(job, run, observer) as opened:
        found = Findings(job, run, opened)
        await found.grade(observer)
        if len(job.candidates) > 1:
            observer(Stage(name="choosing what goes together"))
            found.patch_set = _unverified(found)
            if found.patch_set.tree is not None:
                members = found.members(found.patch_set)
                found.describe(Oid(found.patch_set.tree), found.results_of(members), members)
        elif (tree := job.candidates[0].tree) is not None:
            found.describe(tree, found.verdicts[0].gates, ())
    return found.report()


def _unverified(found: Findings) -> PatchSet:
    """The set that could land together as far as merging tells; `land` verifies it before it lands."""
    from assay.patchset.combine import Combined
    from assay.patchset.select import choose

    known = found.graph()
    able = found.landable
    choice = choose(able, known.edges, found.worths)
    combined = found.combination([c for c in able if c.id in choice.members])
    return PatchSet(
        members=choice.members,
        left_out=(*choice.left_out, *found.held),
        conflicts=known.proven,
        tree=combined.tree if isinstance(combined, Combined) and choice.members else None,
        verdict=None,
        reason=_alone_or_not(choice.members) if isinstance(combined, Combined) else _CLASHES,
        merged=combined.merged if isinstance(combined, Combined) and choice.members else (),
        suspected=known.suspected,
        cleared=known.cleared(choice.members),
    )


def _alone_or_not(members: Sequence[str]) -> str:
    return _ALONE if len(members) == 1 else _MERGES


async def _land_once(
    request: Request, onto: str, dry_run: bool, linear: bool, every_commit: bool, observer: Observer
) -> Report:
    job, ref = _prepare_landing(request, onto, dry_run)
    job = with_candidates(job, collect(job))
    more = {"onto": ref, "dry_run": dry_run, "linear": linear, "every_commit": every_commit}
    async with _begun(job, more) as run:
        async with _session(job, run, observer) as opened:
            found = Findings(job, run, opened)
            await found.grade(observer)
            from assay.land.together import verify_set  # a hook never comes here

            run.step(State.VERIFYING)
            observer(Stage(name="verifying the set together"))
            results = await verify_set(found, every_commit=linear and every_commit)
            run.step(State.VERIFIED, _by_syntax(found.patch_set))
        # The jails are gone before anything is published: what follows is the repository's business alone.
        _publish(found, results, ref, dry_run, linear, observer)
    return found.report()


def _by_syntax(patch_set: PatchSet | None) -> dict[str, Any] | None:
    """What the journal keeps of files that were merged by syntax; None where git merged them all."""
    merged = patch_set.merged if patch_set is not None else ()
    return {"merged": msgspec.to_builtins(merged)} if merged else None


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


def _publish(
    found: Findings,
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
    graded = [each for each in job.candidates if each.tree is not None and each.equivalent_to is None]
    return session(
        job.request,
        run,
        job.repo,
        job.base,
        job.policy,
        job.gates,
        observer,
        count=len(job.candidates),
        distinct=len(graded),
    )
