"""Which work tree has a branch checked out, and whether it is in a state to be updated.

Promises: reads only. A work tree with anything that an update could lose or confuse is refused with
`BadInput` that says what is in the way; one that passes `check_clean` is exactly its branch's tree, apart
from files that git does not track.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pygit2

from assay.land.gitprogram import GitProgram
from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.repo.repository import Repository

_IN_PROGRESS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or `git am`",
    "sequencer": "a sequence of picks or reverts",
}
_REBASED = ("rebase-merge/head-name", "rebase-apply/head-name")
_NAMED = 5
"""So many paths are named in a sentence; the rest is counted."""


class Checkout(Record, frozen=True, kw_only=True):
    """A work tree and the git directory that holds its HEAD and index."""

    path: Path
    git_dir: Path


def find(repo: Repository, ref: str) -> Checkout | None:
    """The work tree that has `ref` checked out, or None. Raises `BadInput` where the branch is in use in a
    way that forbids landing: being rebased, checked out twice, or in a work tree that is gone."""
    found = []
    for git_dir in _git_dirs(repo):
        for name in _REBASED:
            if _text(git_dir / name) == ref:
                raise BadInput(
                    f"{ref} is being rebased", where=str(git_dir), fix="finish or abort that first"
                )
        if _text(git_dir / "HEAD") == f"ref: {ref}":
            root = _root(repo, git_dir)
            if root is not None:
                found.append(Checkout(path=root, git_dir=git_dir))
    if len(found) > 1:
        places = " and ".join(str(checkout.path) for checkout in found)
        raise BadInput(f"{ref} is checked out more than once", where=places, fix="leave it in one of them")
    for checkout in found:
        if not checkout.path.is_dir():
            raise BadInput(
                f"{ref} is checked out in a work tree that is not there",
                where=str(checkout.path),
                fix="bring it back, or run `git worktree prune`",
            )
    return found[0] if found else None


def check_clean(checkout: Checkout, *, locked: bool = False) -> None:
    """Raise `BadInput` unless the work tree and its index are exactly what HEAD says and nothing is under
    way there. `locked` says that the index lock is the caller's own."""
    for name, what in _IN_PROGRESS.items():
        if (checkout.git_dir / name).exists():
            raise BadInput(f"{what} is in progress", where=str(checkout.path), fix="finish or abort it first")
    if not locked and (lock := checkout.git_dir / "index.lock").exists():
        raise lock_is_taken(lock)
    git = GitProgram(checkout.git_dir, checkout.path)
    _refuse_flags(checkout, git)
    status = git.run("status", "--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
    changed = sorted({os.fsdecode(entry[3:]) for entry in status.split(b"\0") if entry})
    if changed:
        raise BadInput(
            f"the work tree has changes of its own in {name_some(changed)}",
            where=str(checkout.path),
            fix="commit or stash them (`git status` refreshes stale entries), or land on another branch",
        )


def lock_is_taken(lock: Path) -> BadInput:
    """The error for an index lock that is somebody else's."""
    return BadInput(
        "the index is locked by another git process",
        where=str(lock),
        fix="wait for it to end; if none is running, remove that file",
    )


def name_some(paths: list[str]) -> str:
    """The first few paths, printable whatever bytes they hold, and how many more there are."""
    shown = [_printable(path) for path in paths[:_NAMED]]
    more = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _printable(path: str) -> str:
    return path if path.isprintable() else repr(path)


def _refuse_flags(checkout: Checkout, git: GitProgram) -> None:
    hidden = []
    for entry in git.run("ls-files", "-v", "-z").split(b"\0"):
        if entry[:1] == b"S":
            raise BadInput(
                "the branch is checked out sparsely, which an update would have to undo",
                where=str(checkout.path),
                fix="run `git sparse-checkout disable`, or land on a branch that is not checked out",
            )
        if entry[:1].islower():
            hidden.append(os.fsdecode(entry[2:]))
    if hidden:
        raise BadInput(
            f"git was told to assume {name_some(hidden)} unchanged, so changes there cannot be seen",
            where=str(checkout.path),
            fix="run `git update-index --really-refresh --no-assume-unchanged` on them",
        )


def _git_dirs(repo: Repository) -> Iterator[Path]:
    yield repo.common_dir
    linked = repo.common_dir / "worktrees"
    if linked.is_dir():
        yield from sorted(entry for entry in linked.iterdir() if (entry / "gitdir").is_file())


def _root(repo: Repository, git_dir: Path) -> Path | None:
    """The root of the work tree of this git directory; None for a bare repository."""
    if git_dir == repo.git_dir:
        return None if repo.bare else repo.root
    if git_dir != repo.common_dir:
        pointer = Path(os.fsdecode((git_dir / "gitdir").read_bytes().rstrip(b"\n")))
        return (git_dir / pointer).parent
    main = pygit2.Repository(str(repo.common_dir))
    return None if main.is_bare or main.workdir is None else Path(main.workdir).resolve()


def _text(path: Path) -> str:
    try:
        return os.fsdecode(path.read_bytes()).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
