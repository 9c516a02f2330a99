"""The user's own uncommitted work as a proposal: the index, and the work tree."""

from __future__ import annotations

from assay.model.candidate import Oid, Proposal
from assay.repo.index import staged_tree
from assay.repo.repository import Repository
from assay.repo.worktree import worktree_tree


def staged(repo: Repository) -> Proposal:
    """What `git commit` would commit, on top of HEAD."""
    return _proposal(repo, "staged", staged_tree(repo))


def worktree(repo: Repository) -> Proposal:
    """What the work tree holds, untracked files that are not ignored included, on top of HEAD."""
    return _proposal(repo, "worktree", worktree_tree(repo))


def _proposal(repo: Repository, name: str, tree: Oid) -> Proposal:
    return Proposal(name=name, source=f"--{name}", tree=tree, base=repo.head())
