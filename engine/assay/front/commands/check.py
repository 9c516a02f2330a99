"""`assay check`: a verdict on one's own change, before it is committed or merged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.front import complete, options, session
from assay.front.change import chosen
from assay.front.streams import Color

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
    budget_seconds: options.BudgetSeconds = 0.0,
    budget_cpu: options.BudgetCpu = 0.0,
    lane: options.LaneName = None,
    repeat: options.Repeat = 1,
    trust_tests: options.TrustTests = False,
    acceptance: options.Acceptance = None,
    require: options.Require = None,
    allow: options.Allow = None,
    evidence: options.Evidence = None,
    isolation: options.IsolationName = options.Wanted.AUTO,
    format_: options.FormatName = options.Format.TEXT,
    output: options.OutputFile = None,
    color: options.ColorChoice = Color.AUTO,
    quiet: options.Quiet = False,
    full: options.Full = False,
    profile: options.Profile = False,
) -> int:
    """Check one change: what is staged (or, with nothing staged, the work tree), or REV..HEAD."""
    change = chosen(repo, staged=staged, worktree=worktree, base=base, head=head)
    from assay.land import flow

    request = options.make_request(
        repo=repo,
        base=base,
        policy=policy,
        jobs=jobs,
        time_limit=time_limit,
        budget_seconds=budget_seconds,
        budget_cpu=budget_cpu,
        full=full,
        lane=lane,
        repeat=repeat,
        trust_tests=trust_tests,
        acceptance=acceptance,
        require=require,
        allow=allow,
        evidence=evidence,
        isolation=isolation,
        format_=format_,
    )
    view = session.View(format=format_, output=output, color=color, quiet=quiet, profile=profile)
    return session.conclude(lambda observer: flow.check(request, change, head=head, observer=observer), view)
