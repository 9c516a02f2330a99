"""Publish a plan: the only place that changes what the user sees.

Invariants, each held at every instant, so also where the process is killed:

 1. What the plan names (commits, trees) is complete in the object database before the journal knows the plan.
 2. The journal has the whole plan before anything outside Assay's own directory changes (DESIGN 9).
 3. The branch moves by one compare-and-swap; a branch that is elsewhere is not overwritten (DESIGN 2).
 4. A work tree is written only after its branch moved, and only if it was clean, under the index lock, when
    the branch moved.
 5. From the first change of the work tree until its index is in place, the index lock is held.
 6. A path of the work tree is at any time wholly old or wholly new, and what is neither is not ours to touch.
 7. The branch alone decides: new commit in the branch means the landing stands and is finished; otherwise it
    never was.
 8. As long as anything is unfinished, the stage is there to finish it from.
 9. One process at a time publishes or recovers in a repository.

States, what is there in each, and the function that makes each transition:

             prepare           journal            lock            swap
    READY ───────────► STAGED ─────────► PUBLISHING ───► LOCKED ────────► MOVED
      ▲                  │                   │             │                │ worktree.update: files
      │                  │                   │             │                ▼
      │                  ▼                   ▼             ▼             WRITTEN
      └───────────────────────── _undo ──────────────────────               │ worktree.update: index
                                                                            ▼
                          READY ◄─────────── PUBLISHED ◄──────────────── INDEXED
                                staging.remove          unlock, journal

A run that dies left of the swap is undone, one that dies right of it is finished, by `recover`, from the same
functions.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import msgspec
import pygit2

from assay.land import checkout, staging
from assay.land.plan import LandingPlan, WorktreeUpdate
from assay.land.recover import contains, landing, landing_lock, settle_stages
from assay.land.staging import Stage
from assay.land.worktree import index_lock, update
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.candidate import Oid
from assay.model.errors import AssayError, BadInput, Moved, Unsound
from assay.model.report import Landed
from assay.repo import refs
from assay.repo.repository import Repository


def check_target(repo: Repository, ref: str) -> None:
    """Raise `BadInput` if a landing on `ref` could not be published as its work tree stands now. For callers
    that want to know before they grade; `publish` asks again."""
    found = checkout.find(repo, ref)
    if found is not None:
        checkout.check_clean(found)


def publish(repo: Repository, ledger: Ledger, transaction: str, plan: LandingPlan) -> Landed:
    """Carry out a plan, and settle first what a killed run left. Blocks; not to be cancelled half-way.

    Raises `BadInput` (the work tree is in the way) or `Moved` (the branch is not where the plan expects it)
    with nothing changed, and the transaction, if it got so far, rolled back. Raises `Unsound` when the
    machine fails: before the branch moved with nothing changed; after it, saying so, and the next run
    finishes the work tree.
    """
    with landing_lock(repo):
        settled = settle_stages(repo, ledger)
        _check_tip(repo, plan)
        plan = _with_worktree(repo, plan)
        place = _prepare(repo, transaction, plan)
        _journal(ledger, transaction, place, plan)
        try:
            notes = _carry_out(repo, place)
        except (BadInput, Moved) as error:  # only ever raised before the branch moves
            _undo(ledger, transaction, place, error)
            raise
        except BaseException as error:
            _explain(repo, ledger, transaction, place, plan=plan, error=error)
            raise
        _record(ledger, transaction, plan, {"notes": list(notes)})
        staging.remove(place)
    return Landed(ref=plan.ref, old=plan.expected_old, new=plan.new, notes=(*settled, *notes))


def _check_tip(repo: Repository, plan: LandingPlan) -> None:
    """Tell a branch that moved from a work tree that does not fit. In the end the swap decides."""
    found = refs.at(repo, plan.ref)
    if found != plan.expected_old:
        now = f"is at {found[:12]}" if found else "is gone"
        raise Moved(
            f"it was at {plan.expected_old[:12]} and {now}", where=plan.ref, fix="nothing was published"
        )


def _with_worktree(repo: Repository, plan: LandingPlan) -> LandingPlan:
    """The plan with the work tree that has its branch checked out, which must be clean."""
    found = checkout.find(repo, plan.ref)
    if found is None:
        return msgspec.structs.replace(plan, worktree=None)
    checkout.check_clean(found)
    old = repo.git[plan.expected_old].peel(pygit2.Commit)
    return msgspec.structs.replace(
        plan,
        worktree=WorktreeUpdate(
            path=str(found.path),
            git_dir=str(found.git_dir),
            old_tree=Oid(str(old.tree_id)),
            new_tree=plan.tree,
        ),
    )


def _prepare(repo: Repository, transaction: str, plan: LandingPlan) -> Path:
    try:
        return staging.prepare(repo, transaction, plan)
    except OSError as error:
        raise Unsound(f"the landing cannot be prepared ({error})", fix="check free space") from error


def _journal(ledger: Ledger, transaction: str, place: Path, plan: LandingPlan) -> None:
    try:
        ledger.step(transaction, State.PUBLISHING, msgspec.to_builtins(plan))
    except BaseException:
        staging.remove(place)
        raise


def _carry_out(repo: Repository, place: Path) -> tuple[str, ...]:
    stage = staging.read(place)
    assert stage is not None
    plan, target = stage.plan, stage.plan.worktree
    with index_lock(Path(target.git_dir), place.name) if target else nullcontext():
        _check_tip(repo, plan)
        if target is not None:
            _still_as_staged(repo, stage, target)
        refs.swap(repo, [(plan.ref, plan.expected_old, plan.new)], plan.message)
        return update(place, stage) if target is not None else ()


def _still_as_staged(repo: Repository, stage: Stage, target: WorktreeUpdate) -> None:
    """Look once more, now that git is locked out: what was prepared must still fit."""
    here = checkout.Checkout(path=Path(target.path), git_dir=Path(target.git_dir))
    checkout.check_clean(here, locked=True)
    same = (
        checkout.find(repo, stage.plan.ref) == here
        and staging.digest(here.git_dir / "index") == stage.index_before
        and not staging.overwritten(here.path, stage.entries)
        and all(staging.fingerprint(here.path, e.path) == e.old for e in stage.entries if e.old)
    )
    if not same:
        raise BadInput(
            "the work tree changed while the landing was prepared", where=target.path, fix="try again"
        )


def _undo(ledger: Ledger, transaction: str, place: Path, error: BaseException) -> None:
    """Nothing was published: leave no trace but the journal's."""
    staging.remove(place)
    ledger.step(transaction, State.ROLLED_BACK, {"reason": str(error)})


def _explain(
    repo: Repository,
    ledger: Ledger,
    transaction: str,
    place: Path,
    *,
    plan: LandingPlan,
    error: BaseException,
) -> None:
    """Bring the journal to what the branch says after trouble, and put trouble of the machine in words."""
    expected = isinstance(error, AssayError | OSError)
    if not contains(repo, plan.ref, plan.new):
        _undo(ledger, transaction, place, error)
        if expected:
            raise Unsound(f"{plan.ref} could not be published, nothing was changed ({error})") from error
        return
    _record(ledger, transaction, plan, {"unfinished": str(error)})
    if expected:
        raise Unsound(
            f"{plan.ref} was published at {plan.new}, but its work tree is not finished ({error})",
            where=plan.worktree.path if plan.worktree is not None else "",
            fix="remove the cause and run any assay command there: it finishes the rest",
        ) from error


def _record(ledger: Ledger, transaction: str, plan: LandingPlan, payload: dict[str, object]) -> None:
    ledger.landing(transaction, landing(plan))
    ledger.step(transaction, State.PUBLISHED, payload)
