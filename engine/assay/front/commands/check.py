"""`assay check`: a verdict on one's own change, before it is committed or merged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from assay.front import complete, options, session
from assay.front.streams import Color
from assay.land.request import Change
from assay.model.errors import BadInput

Staged = Annotated[bool, typer.Option("--staged", help="What is staged for the next commit.")]
Worktree = Annotated[bool, typer.Option("--worktree", help="The work tree, untracked files included.")]
BaseRev = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REV",
        help="What the change is compared with; alone, it checks REV..HEAD.",
        autocompletion=complete.branches,
    ),
]
Head = Annotated[
    str | None,
    typer.Option("--head", metavar="REV", help="With --base: the changed side (default: HEAD)."),
]


def check(
    *,
    staged: Staged = False,
    worktree: Worktree = False,
    base: BaseRev = None,
    head: Head = None,
    repo: options.Repo = Path(),
    policy: options.PolicyName = None,
    jobs: options.Jobs = 0,
    time_limit: options.TimeLimit = 0.0,
    repeat: options.Repeat = 1,
    trust_tests: options.TrustTests = False,
    acceptance: options.Acceptance = None,
    require: options.Require = None,
    allow: options.Allow = None,
    isolation: options.IsolationName = options.Wanted.AUTO,
    format_: options.FormatName = options.Format.TEXT,
    output: options.OutputFile = None,
    color: options.ColorChoice = Color.AUTO,
    quiet: options.Quiet = False,
) -> int:
    """Check one change: what is staged (or, with nothing staged, the work tree), or REV..HEAD."""
    change = _chosen(repo, staged, worktree, base, head)
    from assay.land import flow

    request = options.make_request(
        repo=repo,
        base=base,
        policy=policy,
        jobs=jobs,
        time_limit=time_limit,
        repeat=repeat,
        trust_tests=trust_tests,
        acceptance=acceptance,
        require=require,
        allow=allow,
        isolation=isolation,
    )
    view = session.View(format=format_, output=output, color=color, quiet=quiet)
    return session.conclude(lambda observer: flow.check(request, change, head=head, observer=observer), view)


def _chosen(repo: Path, staged: bool, worktree: bool, base: str | None, head: str | None) -> Change:
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
