"""Settle what killed runs left behind: each landing becomes wholly old or wholly new.

Promises: a landing whose commit is in its branch is finished (work tree, index, journal); any other is
undone, which takes no more than removing its stage and its lock, since nothing else is changed before the
branch moves. Repeating is harmless. One process at a time publishes or recovers in a repository, held to it
by a lock that dies with its holder; so whatever is found under the lock belongs to the dead. Runs that are
alive are left alone. A repository without traces of Assay is only read.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pygit2

from assay.land import staging
from assay.land.plan import LandingPlan
from assay.land.staging import Stage
from assay.land.worktree import index_lock, is_marked, release_lock, update
from assay.ledger.ledger import Ledger
from assay.ledger.records import Landing, Unfinished
from assay.ledger.states import State
from assay.model.candidate import Oid
from assay.model.errors import AssayError, Unsound
from assay.repo.repository import Repository

_PATIENCE = 3.0
"""Seconds that a branch's lock may stay before whoever took it counts as dead: git holds it for moments."""


def recover(repo: Repository, ledger: Ledger) -> tuple[str, ...]:
    """Settle every dead run. One sentence for each landing that was finished or undone, or could not be.

    Waits while another process publishes or recovers.
    """
    if not staging.directory(repo).is_dir() and not any(not one.alive for one in ledger.unfinished()):
        return ()
    with landing_lock(repo):
        notes = settle_stages(repo, ledger)
        for run in ledger.unfinished():
            if not run.alive and not (staging.directory(repo) / run.id).exists():
                notes += _settle_run(repo, ledger, run)
    return tuple(notes)


@contextmanager
def landing_lock(repo: Repository) -> Iterator[None]:
    """Be the only process that publishes or recovers in this repository. Waits for its turn."""
    place = staging.directory(repo)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place.parent / "landing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unsound(
            f"the landing lock cannot be taken ({error.strerror})",
            where=str(place.parent),
            fix="check permissions",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def settle_stages(repo: Repository, ledger: Ledger) -> list[str]:
    """Finish or undo every stage there is. For the holder of the landing lock."""
    place = staging.directory(repo)
    if not place.is_dir():
        return []
    states = {run.id: run.state for run in ledger.unfinished()}
    notes: list[str] = []
    for stage_place in sorted(place.iterdir()):
        notes += _settle_stage(repo, ledger, stage_place, states.get(stage_place.name))
    return notes


def contains(repo: Repository, ref: str, commit: Oid) -> bool:
    """Whether a branch is at a commit or has moved on from it."""
    try:
        tip = repo.git.lookup_reference(ref).target
        return str(tip) == commit or bool(repo.git.descendant_of(tip, commit))
    except (KeyError, ValueError, pygit2.GitError):
        return False


def _settle_stage(repo: Repository, ledger: Ledger, place: Path, state: State | None) -> list[str]:
    stage = staging.read(place)
    if stage is None:  # killed while preparing: nothing had been journalled
        staging.remove(place)
        return []
    plan = stage.plan
    _wait_for_swap(repo, plan)
    if not contains(repo, plan.ref, plan.new):
        if plan.worktree is not None:
            release_lock(Path(plan.worktree.git_dir), place.name)
        _journal(ledger, place.name, state, plan, published=False)
        staging.remove(place)
        return [f"a landing on {plan.ref} that was cut short was undone: nothing of it was published"]
    try:
        notes = _finish_files(place, stage)
    except (AssayError, OSError) as error:
        return [f"a landing on {plan.ref} was cut short and cannot be finished yet: {error}"]
    _journal(ledger, place.name, state, plan, published=True)
    staging.remove(place)
    return [f"a landing on {plan.ref} that was cut short was finished: it is at {plan.new}", *notes]


def _wait_for_swap(repo: Repository, plan: LandingPlan) -> None:
    """Let a git that outlived its run finish moving the branch, and clear its lock if it died as well.

    Only a lock that holds this very plan's commit is taken for ours; with it goes the one on HEAD, which the
    same git takes for the reflog.
    """
    lock = repo.common_dir / f"{plan.ref}.lock"
    deadline = time.monotonic() + _PATIENCE
    while lock.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if is_marked(lock, f"{plan.new}\n".encode()):
        lock.unlink()
        if is_marked(repo.git_dir / "HEAD.lock", b""):
            (repo.git_dir / "HEAD.lock").unlink()


def _finish_files(place: Path, stage: Stage) -> tuple[str, ...]:
    target = stage.plan.worktree
    if target is None or not Path(target.path).is_dir() or not Path(target.git_dir).is_dir():
        return ()
    if (Path(target.git_dir) / "HEAD").read_bytes().strip() != f"ref: {stage.plan.ref}".encode():
        release_lock(Path(target.git_dir), place.name)
        return (f"{target.path} has another branch checked out by now and was left as it is",)
    with index_lock(Path(target.git_dir), place.name):
        return update(place, stage, again=True)


def _settle_run(repo: Repository, ledger: Ledger, run: Unfinished) -> list[str]:
    if run.state is not State.PUBLISHING:
        ledger.step(run.id, State.INTERRUPTED, {"reason": "the process was killed"})
        return []
    # Its stage is gone, so that only the branch can tell.
    payload = next(step.payload for step in reversed(run.steps) if step.state is State.PUBLISHING)
    plan = msgspec.convert(payload, LandingPlan)
    published = contains(repo, plan.ref, plan.new)
    _journal(ledger, run.id, run.state, plan, published=published)
    return [
        f"a landing on {plan.ref} was {'published' if published else 'not published'} before it was cut short"
    ]


def _journal(
    ledger: Ledger, transaction: str, state: State | None, plan: LandingPlan, *, published: bool
) -> None:
    """Record the end of a run that was publishing; one that ended in its own words needs none."""
    if state is None:
        return
    if not published:
        end = State.ROLLED_BACK if state is State.PUBLISHING else State.INTERRUPTED
        ledger.step(transaction, end, {"reason": "the process was killed"})
        return
    ledger.landing(transaction, landing(plan))
    ledger.step(transaction, State.PUBLISHED, {"recovered": True})


def landing(plan: LandingPlan) -> Landing:
    """A plan that was carried out, in the ledger's form."""
    return Landing(ref=plan.ref, old=plan.expected_old, new=plan.new, plan=msgspec.to_builtins(plan))
