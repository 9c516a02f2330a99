"""`assay audit`: what was run, what was rejected and why, and the patch itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.front import durations, history, history_text, options, streams
from assay.front.answer import answer
from assay.front.options import PlainFormat
from assay.model.errors import AssayError, BadInput, Exit

if TYPE_CHECKING:
    from assay.ledger.ledger import Ledger
    from assay.repo.repository import Repository

app = typer.Typer(help="Ask the ledger what was run, rejected and landed.")


class Recorded(StrEnum):
    """Commands that leave a record."""

    CHECK = "check"
    GRADE = "grade"
    LAND = "land"


def _moment(text: object) -> float:
    """Seconds since the epoch: a span before now, or a date of this machine's calendar."""
    word = str(text)
    try:
        return (
            datetime.fromisoformat(word).timestamp() if "-" in word else time.time() - durations.seconds(word)
        )
    except ValueError:
        raise typer.BadParameter(
            f"{word!r} is neither a span such as 7d nor a date such as 2026-01-31"
        ) from None


@app.command("list")
def list_(
    since: Annotated[
        float | None,
        typer.Option(
            "--since", parser=_moment, metavar="SPAN|DATE", help="The last 7d, or since 2026-01-31."
        ),
    ] = None,
    command: Annotated[Recorded | None, typer.Option("--command", help="Runs of this command.")] = None,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="The rejected candidates, with gate and reason.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="The latest N (0: all).")] = 50,
    *,
    repo: options.Repo = Path(),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """List runs, or what they rejected, the latest first."""
    with _ledger(repo) as (_, ledger):
        if rejected:
            found = history.rejections(ledger, since, command)[: limit or None]
            answer(
                format_,
                history_text.rejected(found),
                {"rejections": list(map(history_text.rejection_data, found))},
            )
        else:
            runs = ledger.transactions(since=since, command=command, limit=limit or None)
            answer(format_, history_text.runs(runs), {"transactions": list(map(history_text.run_data, runs))})
    return int(Exit.ACCEPTED)


@app.command()
def show(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A run or a candidate, by the beginning of its identity.")
    ],
    output: Annotated[
        str | None, typer.Option("--output", metavar="GATE", help="What this gate's programs printed.")
    ] = None,
    patch: Annotated[bool, typer.Option("--patch", help="The candidate's patch.")] = False,
    *,
    repo: options.Repo = Path(),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Show a run or a candidate: verdict, gates, findings, output, patch."""
    if patch and output is not None:
        raise BadInput("--patch and --output exclude each other", fix="choose one")
    with _ledger(repo) as (_, ledger):
        found = history.look_up(ledger, identity)
        if isinstance(found, history.RunHistory):
            if patch or output is not None:
                raise BadInput(
                    f"{found.run.id} is a run, and patches and outputs belong to candidates",
                    fix=f"choose one from: assay audit show {found.run.id}",
                )
            answer(format_, history_text.run_page(found), history_text.run_page_data(found))
        elif patch:
            _print_patch(ledger, found)
        elif output is not None:
            _print_output(ledger, found, output, format_)
        else:
            answer(
                format_,
                history_text.candidate_page(found),
                history_text.candidate_data(found, ledger.get),
            )
    return int(Exit.ACCEPTED)


@app.command()
def prune(
    older_than: Annotated[
        float,
        typer.Option(
            "--older-than", parser=options.span, metavar="SPAN", help="Of runs before this long ago."
        ),
    ] = durations.seconds("90d"),
    candidates: Annotated[
        bool, typer.Option("--candidates", help="Drop the refs of those candidates too.")
    ] = False,
    *,
    repo: options.Repo = Path(),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Remove stored outputs and patches of old runs. What was decided stays on record."""
    with _ledger(repo) as (repository, ledger):
        pruned, dropped = history.prune(repository, ledger, time.time() - older_than, candidates=candidates)
    text = f"removed {pruned.bodies} outputs and patches ({pruned.bytes} bytes)"
    if candidates:
        text += f" and {dropped} refs of candidates"
    answer(format_, text, {"bodies": pruned.bodies, "bytes": pruned.bytes, "candidates": dropped})
    return int(Exit.ACCEPTED)


def _print_patch(ledger: Ledger, found: history.CandidateHistory) -> None:
    data = ledger.get(found.found.kept.patch)
    if data is None:
        kept = found.found.kept.ref
        fix = f"`git show {kept}` may still have it" if kept else ""
        raise BadInput("the patch was pruned", where=found.found.kept.candidate.id, fix=fix)
    if streams.is_terminal(sys.stdout):
        streams.emit(history_text.screen(data))
    else:
        streams.emit_bytes(data)


def _print_output(ledger: Ledger, found: history.CandidateHistory, gate: str, format_: PlainFormat) -> None:
    text = history_text.output_page(found, gate, ledger.get)
    if not text:
        gates = [result.gate for result in found.verdict.gates] if found.verdict else []
        raise BadInput(
            f"the gate {gate!r} left nothing for this candidate",
            where=found.found.kept.candidate.id,
            fix=f"its gates: {', '.join(gates)}" if gates else "",
        )
    answer(format_, text, history_text.candidate_data(found, ledger.get, gate))


@contextmanager
def _ledger(path: Path) -> Iterator[tuple[Repository, Ledger]]:
    """The repository and its ledger. Asking a repository without one creates none."""
    from assay.ledger.ledger import Ledger
    from assay.repo.repository import open_repository

    repository = open_repository(path, os.environ)
    with Ledger.open(repository.common_dir / "assay") as ledger:
        _settle(repository, ledger)
        yield repository, ledger


def _settle(repository: Repository, ledger: Ledger) -> None:
    """Finish or undo what a killed run left, as every command does. Where that is not possible (a read-only
    disk, somebody else's repository) the record can be read all the same."""
    from assay.land.recover import recover

    try:
        notes = recover(repository, ledger)
    except (AssayError, OSError):
        return
    for note in notes:
        streams.say(note)
