"""Refs: candidates kept for later, and the one way to publish.

Promises: outside `refs/assay/` only `swap` changes any ref, in one transaction that happens wholly or not at
all, without hooks, and only if every ref is where the caller read it (invariant 2).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pygit2

from assay.model.candidate import Candidate, Oid, Signature
from assay.model.errors import BadInput, Moved, Unsound
from assay.repo.commits import commit
from assay.repo.program import GitFailed, run_git
from assay.repo.repository import Repository

CANDIDATES = "refs/assay/candidates/"

_NOBODY = Signature(name="Assay", email="assay@localhost", time=0)
_ABSENT = "0" * 40

_LOCK_SECONDS = 2.0
"""A lock on a ref is held for milliseconds; one that is older belongs to a process that was killed."""
_TRIES = 3

Update = tuple[str, Oid | None, Oid | None]
"""A ref's full name, where it is expected (None: nowhere), and where it shall go (None: removed)."""


def keep(repo: Repository, candidate: Candidate) -> str:
    """Make the candidate's tree a commit on its base, under its own ref, and name the ref.

    Raises ValueError for a candidate without a tree. Equal candidates give equal commits.
    """
    if candidate.tree is None:
        raise ValueError(f"candidate {candidate.id} has no tree to keep")
    author = candidate.author or _NOBODY
    message = candidate.message or candidate.name
    parents = [candidate.base.commit] if candidate.base.commit is not None else []
    made = commit(repo, candidate.tree, parents, message, author, author)
    name = CANDIDATES + candidate.id
    if at(repo, name) != made:
        _point(repo, name, made)
    return name


def candidates(repo: Repository) -> dict[str, Oid]:
    """The kept candidates: id to commit."""
    found: dict[str, Oid] = {}
    for raw in repo.git.raw_listall_references():
        name = raw.decode("utf-8", "replace")
        target = at(repo, name) if name.startswith(CANDIDATES) else None
        if target is not None:
            found[name.removeprefix(CANDIDATES)] = target
    return found


def drop(repo: Repository, ids: Iterable[str]) -> None:
    """Forget kept candidates; those not kept are passed over."""
    kept = candidates(repo)
    updates: list[Update] = [(CANDIDATES + one, kept[one], None) for one in dict.fromkeys(ids) if one in kept]
    if updates:
        swap(repo, updates)


def at(repo: Repository, ref: str) -> Oid | None:
    """Where a ref is, symbolic ones followed; None when it does not exist."""
    try:
        return Oid(str(repo.git.lookup_reference(ref).resolve().target))
    except (KeyError, ValueError, pygit2.GitError):
        return None


def swap(repo: Repository, updates: Sequence[Update], message: str = "assay") -> None:
    """Move every ref at once, if each is where it is expected; `message` goes to their reflogs.

    Raises Moved when one is elsewhere, and Unsound when git cannot do it (a stale lock, no permission).
    Either way nothing has changed.
    """
    commands = [b"start", b"prepare", b"commit"]
    commands[1:1] = [_command(*update) for update in updates]
    try:
        run_git(
            repo,
            "-c",
            # Another git process holds a ref's lock for moments only.
            "core.filesRefLockTimeout=1000",
            "update-ref",
            "--stdin",
            "-z",
            "-m",
            message,
            stdin=b"".join(command + b"\0" for command in commands),
        )
    except GitFailed as error:
        # What git prints is for people; where the refs are now is what counts.
        for ref, expected, _new in updates:
            found = at(repo, ref)
            if found != expected:
                raise Moved(_elsewhere(expected, found), where=ref, fix="nothing was published") from error
        raise Unsound(
            f"git did not move it ({error.message})",
            where=updates[0][0],
            fix="nothing was published; try again, and if a lock file is left over from a crash remove it",
        ) from error


def _point(repo: Repository, name: str, commit: Oid) -> None:
    """Make a ref of Assay's own point to a commit, wherever it was.

    A lock in the way is another run's, which keeps the same candidate at this moment, or a dead one's.
    """
    lock = repo.common_dir / f"{name}.lock"
    tries_without_lock = 0
    while True:
        try:
            repo.git.references.create(name, pygit2.Oid(hex=commit), force=True)
        except (OSError, ValueError, pygit2.GitError) as error:
            # It may have gone between the two looks; something else would be in the way again.
            tries_without_lock = 0 if _locked(lock) else tries_without_lock + 1
            if tries_without_lock < _TRIES:
                time.sleep(0.01)
                continue
            raise BadInput(
                f"the ref {name} cannot be written ({error})",
                where=str(repo.common_dir),
                fix="check the repository's permissions and the free space",
            ) from error
        else:
            return


def _locked(lock: Path) -> bool:
    """Whether a lock is there; one that nobody can hold any more is removed."""
    try:
        if time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
            lock.unlink()
    except OSError:
        return False
    return True


def _command(ref: str, expected: Oid | None, new: Oid | None) -> bytes:
    old = expected or _ABSENT
    if new is None:
        return b"delete %s\0%s" % (ref.encode("utf-8", "surrogateescape"), old.encode())
    return b"update %s\0%s\0%s" % (ref.encode("utf-8", "surrogateescape"), new.encode(), old.encode())


def _elsewhere(expected: Oid | None, found: Oid | None) -> str:
    was = f"at {expected[:12]}" if expected else "absent"
    now = f"is at {found[:12]}" if found else "is gone"
    return f"the ref was {was} when it was read and {now} now"
