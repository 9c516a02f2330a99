"""A directory as a proposal: an agent's own checkout of the project, or patches lying in one place.

Promises: a checkout is read as plain files; of whatever git data lies in it only the commit it stands on is
believed, and only to find out against what its changes were made. A directory that is neither is BadInput.
"""

from __future__ import annotations

from pathlib import Path

import pygit2

from assay.model.candidate import Base, Proposal
from assay.model.errors import BadInput
from assay.repo.mail import mailbox
from assay.repo.repository import EMPTY_TREE, Repository
from assay.repo.sources.files import DIFF_SUFFIXES, JSON_SUFFIXES, from_bytes
from assay.repo.sources.revisions import merge_base
from assay.repo.worktree import directory_tree


def from_directory(repo: Repository, path: Path, source: str, base: Base, *, squash: bool) -> list[Proposal]:
    """The proposals of a directory."""
    patches = _patches(repo, path, base)
    if patches and squash:
        data = mailbox([read(patch, str(patch)) for patch in patches])
        return [Proposal(name=path.resolve().name, source=source, patch=data)]
    if patches:
        return [
            proposal
            for patch in patches
            for proposal in from_bytes(
                read(patch, str(patch)), patch.name, str(Path(source) / patch.name), squash=False
            )
        ]
    return [_checkout(repo, path.resolve(), source, base)]


def read(path: Path, source: str) -> bytes:
    """The bytes of a file. Raises BadInput."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"this cannot be read ({error.strerror})", where=source) from error


def _patches(repo: Repository, path: Path, base: Base) -> list[Path]:
    """The patch files of a directory that is no checkout, sorted by name."""
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        raise BadInput(f"this directory cannot be read ({error.strerror})", where=str(path)) from error
    names = {child.name for child in children}
    tracked = {name.decode("utf-8", "surrogateescape") for name in repo.entries(base.tree)}
    if ".git" in names or names & tracked:
        return []
    return [c for c in children if c.suffix.lower() in (*DIFF_SUFFIXES, *JSON_SUFFIXES) and c.is_file()]


def _checkout(repo: Repository, path: Path, source: str, base: Base) -> Proposal:
    head = _head_of(repo, path)
    if head is None and repo.root in path.parents and not repo.bare:
        raise BadInput(
            "this is a part of the repository, not a checkout of it",
            where=source,
            fix="name a copy or a worktree of the whole project, or use --worktree",
        )
    origin = merge_base(repo, base, head.commit) if head is not None and head.commit else None
    reference = head if head is not None else base
    if reference.tree != EMPTY_TREE and not _shares(repo, path, reference):
        raise BadInput(
            "this directory has no file of the base in it, and no patch",
            where=source,
            fix="name a copy or a worktree of the project",
        )
    tree = directory_tree(repo, path, reference.tree)
    return Proposal(name=path.name, source=source, tree=tree, base=origin if origin is not None else base)


def _shares(repo: Repository, path: Path, reference: Base) -> bool:
    return any(
        (path / name.decode("utf-8", "surrogateescape")).exists() for name in repo.entries(reference.tree)
    )


def _head_of(repo: Repository, path: Path) -> Base | None:
    """The commit that a checkout stands on, if this repository has it."""
    if path == repo.root and not repo.bare:
        return repo.head()
    git_dir = _own_worktree(repo, path) or (path / ".git" if (path / ".git").exists() else None)
    if git_dir is None:
        return None
    try:
        head = str(pygit2.Repository(str(git_dir)).head.target)
    except (KeyError, ValueError, pygit2.GitError):
        return None
    try:
        return repo.resolve(head)
    except BadInput:
        return None


def _own_worktree(repo: Repository, path: Path) -> Path | None:
    """The administrative directory of a linked worktree of this very repository, by our side's records."""
    for admin in sorted((repo.common_dir / "worktrees").glob("*/gitdir")):
        pointer = Path(admin.read_text(errors="surrogateescape").strip())
        if (admin.parent / pointer).parent.resolve() == path:
            return admin.parent
    return None
