"""`assay risk`: what the model says of a commit, and fitting it to a repository's own history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.delta.sanitise import plain
from assay.front import complete, options, streams
from assay.front.answer import answer, columns
from assay.front.options import PlainFormat
from assay.model.errors import BadInput, Exit

if TYPE_CHECKING:
    from assay.model.candidate import Base
    from assay.model.risk import Prior
    from assay.repo.repository import Repository
    from assay.risk.figures import Figures
    from assay.risk.train import Trial

app = typer.Typer(help="What the risk model says, and fitting it to a repository.")

_PATIENCE = 600.0
"""Seconds that somebody who asks for nothing else may be kept waiting for the history."""

Rev = Annotated[
    str,
    typer.Argument(metavar="REV", help="A commit.", autocompletion=complete.branches),
]
Newest = Annotated[
    int, typer.Option("--newest", "-n", min=0, metavar="N", help="Only the newest so many; 0: all of them.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the correction here, for `risk.model` of a policy, not to this machine's cache.",
        show_default=False,
    ),
]


@app.command()
def show(
    rev: Rev = "HEAD",
    repo: options.Repo = Path(),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Say how likely a later fix touches lines of a commit, and why."""
    from assay.repo import diff
    from assay.repo.repository import open_repository
    from assay.risk.background import background
    from assay.risk.prior import prior_of
    from assay.sandbox.places import find_cache

    repository = open_repository(repo, os.environ)
    commit = repository.resolve(rev)
    parent = _parent(repository, str(commit.commit))
    changes = diff.changes(repository, parent.tree, commit.tree)
    known = background(repository, parent, find_cache(os.environ).directory, seconds=_PATIENCE, compare=True)
    found = prior_of(repository, changes, known)
    answer(format_, _safe(_page(str(commit.commit), found)), {"commit": commit.commit, "prior": found})
    return int(Exit.ACCEPTED)


@app.command("list")
def list_(
    rev: Rev = "HEAD",
    newest: Newest = 20,
    repo: options.Repo = Path(),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Say of past commits to Python source, newest last, what the model would have said before them."""
    from datetime import UTC, datetime

    from assay.repo.program import GitFailed
    from assay.repo.repository import open_repository
    from assay.risk.background import kept
    from assay.risk.chosen import usual
    from assay.risk.history.mine import mine
    from assay.sandbox.places import likely_cache

    repository = open_repository(repo, os.environ)
    repository.resolve(rev)
    cache = likely_cache(os.environ)
    model = usual(kept(repository, cache, "json") if cache is not None else None).whole
    try:
        rows = mine(repository, rev, labels=False)[-newest if newest else 0 :]
    except GitFailed as error:
        raise _unreadable(repo, error) from error
    said = [(row, model.probability(row.features)) for row in rows]
    dates = [f"{datetime.fromtimestamp(row.time, UTC):%Y-%m-%d}" for row in rows]
    lines = [
        (row.commit[:12], date, f"{row.lines} lines", f"{chance:.1%}")
        for date, (row, chance) in zip(dates, said, strict=True)
    ]
    document = {
        "event": model.event,
        "model": model.title,
        "commits": [
            {"commit": row.commit, "time": row.time, "lines": row.lines, "probability": round(chance, 6)}
            for row, chance in said
        ],
    }
    answer(format_, columns(lines) if lines else "no commit to Python source", document)
    return int(Exit.ACCEPTED)


@app.command()
def train(
    repo: options.Repo = Path(),
    output: Output = None,
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Fit the shipped model to this repository's history; kept only if it then tells the newest part better.

    Exit 2 where there is too little history to tell.
    """
    import msgspec

    from assay.repo.program import GitFailed
    from assay.repo.repository import open_repository
    from assay.risk.background import kept
    from assay.risk.history.mine import mine
    from assay.risk.model import shipped
    from assay.risk.train import train as trained
    from assay.sandbox.places import find_cache

    if output is not None:
        streams.check_writable(output)
    repository = open_repository(repo, os.environ)
    repository.resolve("HEAD")
    try:
        rows = mine(repository)
    except GitFailed as error:
        raise _unreadable(repo, error) from error
    if not rows:
        raise BadInput("this history has no commit to Python source", where=str(repo))
    trial = trained(rows, max(row.time for row in rows), shipped("later-fix"))
    target = output or kept(repository, find_cache(os.environ).directory, "json")
    if trial.helped:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        streams.write_file(target, msgspec.json.encode(trial.correction).decode() + "\n")
    answer(
        format_, _safe(_told(trial, target)), {"trial": trial, "file": str(target) if trial.helped else None}
    )
    return int(Exit.ACCEPTED)


def _unreadable(repo: Path, error: Exception) -> BadInput:
    return BadInput(f"the history cannot be read ({error})", where=str(repo), fix="see `git fsck`")


def _safe(text: str) -> str:
    return "\n".join(map(plain, text.splitlines()))


def _parent(repository: Repository, commit: str) -> Base:
    """What a commit changes: its first parent; nothing, for a first commit and where a shallow clone ends."""
    from assay.model.candidate import Base
    from assay.repo.repository import EMPTY_TREE

    try:
        return repository.resolve(f"{commit}^")
    except BadInput:
        return Base(commit=None, tree=EMPTY_TREE)


def _page(commit: str, found: Prior) -> str:
    interval = f"{found.interval.low:.1%} to {found.interval.high:.1%}"
    lines = [f"{commit[:12]}: {found.probability:.1%} ({interval}) that {found.event}"]
    if found.percentile is not None:
        lines.append(f"riskier than {found.percentile:.0%} of this repository's newest changes")
    rows = [(f"{part.effect * 100:+.1f}", part.words) for part in found.contributions]
    lines += ["", "percentage points", columns(rows)]
    if found.doubts:
        lines += ["", *(f"doubt: {doubt}" for doubt in found.doubts)]
    return "\n".join([*lines, "", f"model {found.model}"])


def _told(trial: Trial, target: Path) -> str:
    correction = trial.correction
    head = (
        f"{trial.model}, fitted to {trial.fitted:,} commits ({trial.fixed:,} of them fixed within 365 days) "
        f"and tried on the {trial.before.changes:,} that came after ({trial.before.events:,} fixed)"
    )
    title = ("", "BRIER", "ECE", "AUC", "TOP 10 % CATCH")
    table = columns([title, _row("before", trial.before), _row("after", trial.after)])
    if not trial.helped:
        return f"{head}\n\n{table}\n\nIt does not help here: nothing was written, the model stays as it is."
    line = f"log-odds {correction.intercept:+.3f}, times {correction.slope:.3f}"
    return f"{head}\n\n{table}\n\nIt helps: {line}, fitted to all of it, in {target}"


def _row(name: str, found: Figures) -> tuple[str, ...]:
    return (name, f"{found.brier:.4f}", f"{found.ece:.4f}", f"{found.auc:.3f}", f"{found.caught[1]:.0%}")
