"""The command line as one tree of commands.

Promises: only commands that exist are listed; nothing heavy is imported to show help or to complete.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay import __version__
from assay.front.commands import audit, check, demo, doctor, grade, land, policy, risk
from assay.model.errors import Exit


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Trustworthy verdicts on candidate patches, and landings that are all or nothing."""
    if context.invoked_subcommand is None:
        if text := context.get_help():  # empty where the help has printed itself
            typer.echo(text)
        raise typer.Exit(int(Exit.BAD_INPUT))


def application() -> typer.Typer:
    """The assembled application."""
    app = typer.Typer(
        name="assay",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        epilog="Exit codes: 0 accepted, 1 rejected, 2 bad input, 3 inconclusive, 130 interrupted.",
    )
    app.callback()(_root)
    app.command("demo")(demo.demo)
    app.command("doctor")(doctor.doctor)
    app.command("check")(check.check)
    app.command("grade")(grade.grade)
    app.command("land")(land.land)
    app.add_typer(audit.app, name="audit")
    app.add_typer(policy.app, name="policy")
    app.add_typer(risk.app, name="risk")
    return app


def command() -> Any:
    """The parser's own object for the application, for running and for inspecting it."""
    return typer.main.get_command(application())
