"""`assay land SOURCE... --onto BRANCH`: grade, choose, verify together, publish. All or nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from assay.front import complete, options, session, train
from assay.front.streams import Color

_TRAIN = "A landing train"

Onto = Annotated[
    str,
    typer.Option("--onto", metavar="BRANCH", help="The branch to land on.", autocompletion=complete.branches),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything but the publication.")]
Linear = Annotated[bool, typer.Option("--linear", help="Land a rebased series, not a merge.")]
EveryCommit = Annotated[
    bool,
    typer.Option(
        "--every-commit/--only-tip",
        help="Verify each commit that the branch gains as it stands, or only the last of them.",
    ),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Go on: land what arrives in the sources, until stopped.", rich_help_panel=_TRAIN
    ),
]
UntilIdle = Annotated[
    bool,
    typer.Option(
        "--until-idle", help="With --watch: end when nothing is left to do.", rich_help_panel=_TRAIN
    ),
]


def land(
    *,
    sources: options.Sources,
    onto: Onto,
    dry_run: DryRun = False,
    linear: Linear = False,
    every_commit: EveryCommit = True,
    watch: Watch = False,
    until_idle: UntilIdle = False,
    repo: options.Repo = Path(),
    policy: options.PolicyName = None,
    squash: options.Squash = False,
    jobs: options.Jobs = 0,
    time_limit: options.TimeLimit = 0.0,
    budget_seconds: options.BudgetSeconds = 0.0,
    budget_cpu: options.BudgetCpu = 0.0,
    lane: options.LaneName = None,
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
    """Land the candidates that pass and fit together, in one step, or change nothing."""
    request = options.make_request(
        repo=repo,
        sources=tuple(sources),
        policy=policy,
        jobs=jobs,
        time_limit=time_limit,
        budget_seconds=budget_seconds,
        budget_cpu=budget_cpu,
        full=full,
        lane=lane,
        squash=squash,
        trust_tests=trust_tests,
        acceptance=acceptance,
        require=require,
        allow=allow,
        evidence=evidence,
        isolation=isolation,
        format_=format_,
    )
    view = session.View(format=format_, output=output, color=color, quiet=quiet, profile=profile)
    if watch:
        if dry_run:
            raise typer.BadParameter("a train publishes: leave out --dry-run", param_hint="--watch")
        return train.run(
            request, view, onto=onto, every_commit=every_commit, linear=linear, until_idle=until_idle
        )
    if until_idle:
        raise typer.BadParameter("only a train can be idle: add --watch", param_hint="--until-idle")
    from assay.land import flow

    landing = partial(
        flow.land, request, onto=onto, dry_run=dry_run, linear=linear, every_commit=every_commit
    )
    return session.conclude(lambda observer: landing(observer=observer), view)
