"""`assay grade SOURCE...`: a verdict for every candidate. Changes nothing of the user's."""

from __future__ import annotations

from pathlib import Path

from assay.front import options, quick, session
from assay.front.streams import Color


def grade(
    *,
    sources: options.Sources,
    repo: options.Repo = Path(),
    base: options.BaseRev = None,
    policy: options.PolicyName = None,
    squash: options.Squash = False,
    jobs: options.Jobs = 0,
    first: options.First = 0,
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
    """Grade candidates: is each one safe to merge, and if not, why not."""
    from assay.land import flow

    request = options.make_request(
        repo=repo,
        sources=tuple(sources),
        base=base,
        policy=policy,
        jobs=jobs,
        first=first,
        time_limit=time_limit,
        budget_seconds=budget_seconds,
        budget_cpu=budget_cpu,
        full=full,
        lane=lane or quick.lane({}),
        repeat=repeat,
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
    return session.conclude(lambda observer: flow.grade(request, observer=observer), view, first)
