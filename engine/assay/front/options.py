"""Options that several commands share, declared once.

Promises: a bad value ends as a usage error before anything is read from a repository.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from assay.front import choices, complete, durations
from assay.front.streams import Color
from assay.land.request import Lane, Request
from assay.policy.stakes import Collect

Format = choices.Format
PlainFormat = choices.PlainFormat
Wanted = choices.Wanted
project_environment = choices.project_environment


def span(text: object) -> float:
    """A span of time on the command line, in seconds."""
    # The parser hands the default, a number, through here as well.
    try:
        return durations.seconds(str(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


_RUN = "How to run"
_OUT = "What to print"

Repo = Annotated[
    Path, typer.Option("--repo", "-C", metavar="DIR", help="The repository, or a directory inside it.")
]
BaseRev = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REV",
        help="Grade against this commit (default: HEAD).",
        autocompletion=complete.branches,
    ),
]
PolicyName = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help="A shipped pack or a policy file, instead of the base's assay.toml.",
        autocompletion=complete.policies,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", min=0, metavar="N", help="Candidates at a time (0: the cores).", rich_help_panel=_RUN
    ),
]
First = Annotated[
    int,
    typer.Option(
        "--first",
        min=0,
        metavar="K",
        help="Stop once K candidates are accepted and cancel the rest.",
        rich_help_panel=_RUN,
    ),
]
Repeat = Annotated[
    int,
    typer.Option(
        "--repeat",
        min=1,
        metavar="N",
        help="Grade each candidate N times, without any cache, and say where the runs differ.",
        rich_help_panel=_RUN,
    ),
]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="The slow way: every test, cold processes, nothing from a cache. The verdicts are the same.",
        rich_help_panel=_RUN,
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option(
        "--time-limit",
        parser=span,
        metavar="SPAN",
        help="End the run after 90s, 10m, 2h; what is undecided then is inconclusive.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
BudgetSeconds = Annotated[
    float,
    typer.Option(
        "--budget-seconds",
        parser=span,
        metavar="SPAN",
        help="Spend this much time at most: no candidate is begun that is expected to take more.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
BudgetCpu = Annotated[
    float,
    typer.Option(
        "--budget-cpu",
        parser=span,
        metavar="SPAN",
        help="The same for processor time, of everything together.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
LaneName = Annotated[
    Lane | None,
    typer.Option(
        "--lane",
        help="Whether you wait for it, or it gives way to runs on this machine that somebody waits for.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
Squash = Annotated[
    bool,
    typer.Option("--squash", help="One candidate per range or patch series, not one per commit."),
]
TrustTests = Annotated[
    bool,
    typer.Option(
        "--trust-tests",
        help="Changed tests count as the candidate has them: you vouch for them, and the report says so.",
        rich_help_panel=_RUN,
    ),
]
Acceptance = Annotated[
    str | None,
    typer.Option(
        "--acceptance",
        metavar="DIR|PATCH|FILE",
        help="Hidden tests that must pass too: a directory laid over the root, a patch, or instance records.",
        rich_help_panel=_RUN,
    ),
]
Require = Annotated[
    str | None,
    typer.Option(
        "--require",
        metavar="FILE",
        help="Tests that must pass: FAIL_TO_PASS and PASS_TO_PASS as JSON, or one id a line.",
        rich_help_panel=_RUN,
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GLOB",
        help="The only paths a candidate may touch (repeat for more), in place of the policy's.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
Evidence = Annotated[
    Collect | None,
    typer.Option(
        "--evidence",
        help="Gather evidence of what passes: do tests run the changed lines, and notice mutants of them?",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
IsolationName = Annotated[
    Wanted,
    typer.Option(
        "--isolation",
        help="What runs the candidates; `none` runs them unprotected and says so in every verdict.",
        rich_help_panel=_RUN,
    ),
]
FormatName = Annotated[Format, typer.Option("--format", help="The rendering.", rich_help_panel=_OUT)]
PlainFormatName = Annotated[
    PlainFormat, typer.Option("--format", help="The rendering.", rich_help_panel=_OUT)
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the result there, not to stdout.", rich_help_panel=_OUT
    ),
]
ColorChoice = Annotated[Color, typer.Option("--color", help="Colour the output.", rich_help_panel=_OUT)]
Profile = Annotated[
    bool,
    typer.Option("--profile", help="Show where the time went, and what was saved.", rich_help_panel=_OUT),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=_OUT)]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Refs, commits, ranges A..B, patch, mbox or *.jsonl files, directories, or - for stdin.",
        show_default=False,
    ),
]


def make_request(
    *,
    repo: Path,
    sources: tuple[str, ...] = (),
    base: str | None = None,
    policy: str | None = None,
    jobs: int = 0,
    first: int = 0,
    time_limit: float = 0.0,
    repeat: int = 1,
    full: bool = False,
    budget_seconds: float = 0.0,
    budget_cpu: float = 0.0,
    lane: Lane | None = None,
    squash: bool = False,
    trust_tests: bool = False,
    acceptance: str | None = None,
    require: str | None = None,
    allow: Sequence[str] | None = None,
    evidence: Collect | None = None,
    isolation: Wanted = Wanted.AUTO,
    format_: Format = Format.TEXT,
    environ: Mapping[str, str] | None = None,
) -> Request:
    """What the flows are asked for, with this process's stdin (if a source is `-`) and, unless another is
    given, its environment. `lane` None: somebody waits. `format_` decides what the report has to carry."""
    return Request(
        repo=repo,
        sources=sources,
        base=base,
        policy=policy,
        jobs=jobs,
        first=first,
        time_limit=time_limit,
        repeat=repeat,
        full=full,
        budget_seconds=budget_seconds,
        budget_cpu=budget_cpu,
        lane=lane or Lane.INTERACTIVE,
        squash=squash,
        trust_tests=trust_tests,
        acceptance=acceptance,
        require=require,
        allow=tuple(allow or ()),
        evidence=evidence,
        isolation=None if isolation is Wanted.AUTO else str(isolation),
        excerpts=choices.shows_excerpts(format_),
        stdin=_stdin() if "-" in sources else None,
        environ=project_environment(os.environ, sys.prefix) if environ is None else dict(environ),
    )


def _stdin() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin is not None else b""
