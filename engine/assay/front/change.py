"""Which change `assay check` is about.

Promises: options that contradict each other are refused before a repository is opened.
"""

from __future__ import annotations

import os
from pathlib import Path

from assay.land.request import Change
from assay.model.errors import BadInput


def chosen(repo: Path, *, staged: bool, worktree: bool, base: str | None, head: str | None) -> Change:
    """Which change is meant. Raises BadInput where the options contradict each other."""
    named = [
        option
        for option, given in (("--staged", staged), ("--worktree", worktree), ("--base", base is not None))
        if given
    ]
    if len(named) > 1:
        raise BadInput(f"{' and '.join(named)} exclude each other", fix="choose one")
    if head is not None and base is None:
        raise BadInput("--head belongs to --base REV", fix="name the base as well")
    if staged:
        return Change.STAGED
    if worktree:
        return Change.WORKTREE
    if base is not None:
        return Change.RANGE
    return Change.STAGED if _anything_staged(repo) else Change.WORKTREE


def _anything_staged(path: Path) -> bool:
    from assay.repo import sources
    from assay.repo.repository import open_repository

    repository = open_repository(path, os.environ)
    return sources.staged(repository).tree != repository.head().tree
