"""`assay doctor`: what this host can isolate, and the remedy for what it cannot."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from assay import __version__
from assay.delta.sanitise import cut, plain
from assay.front import options, session, streams
from assay.front.answer import answer, columns
from assay.front.attack import Assault, Wall
from assay.front.options import PlainFormat
from assay.model.errors import Exit
from assay.model.tool import Tier

if TYPE_CHECKING:
    from assay.sandbox.probe import Probe

Attack = Annotated[
    bool,
    typer.Option(
        "--attack",
        help="Also grade the harmless half of the hostile corpus here, and say which walls hold.",
    ),
]
_MARKS = {Wall.HELD: "held", Wall.FELL: "FELL", Wall.UNDECIDED: "?"}


def doctor(
    *,
    attack: Attack = False,
    jobs: options.Jobs = 0,
    isolation: options.IsolationName = options.Wanted.AUTO,
    quiet: options.Quiet = False,
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Say what this machine can isolate; exit 3 if it cannot run candidates, 1 if an attack succeeds."""
    from assay.sandbox.probe import probe

    found = probe(None if isolation is options.Wanted.AUTO else str(isolation), os.environ)
    assaults = _attack(jobs, isolation, quiet) if attack and found.tier is not None else ()
    document = {
        "assay": __version__,
        "python": platform.python_version(),
        "tier": found.tier,
        "isolation": found.isolation if found.tier is not None else None,
        "facts": found.facts,
        "remedies": found.remedies,
        "attacks": assaults,
    }
    answer(format_, _page(found, assaults), document)
    return int(_exit_code(found, assaults))


def _attack(jobs: int, isolation: options.Wanted, quiet: bool) -> tuple[Assault, ...]:
    from assay.front.attack import assault
    from assay.land import flow
    from assay_fixtures import attacks

    view = session.View(quiet=quiet)
    return assault(
        [attack for attack in attacks() if attack.harmless],
        lambda request: session.perform(lambda observer: flow.grade(request, observer=observer), view),
        jobs=jobs,
        isolation=isolation,
    )


def _exit_code(found: Probe, assaults: Sequence[Assault]) -> Exit:
    walls = {assault.wall for assault in assaults}
    if Wall.FELL in walls:
        return Exit.REJECTED
    return Exit.INCONCLUSIVE if found.tier is None or Wall.UNDECIDED in walls else Exit.ACCEPTED


def _page(found: Probe, assaults: Sequence[Assault]) -> str:
    rows = [("ok" if fact.ok else "missing", fact.name, fact.detail) for fact in found.facts]
    blocks = [f"assay {__version__}, Python {platform.python_version()}", columns(rows), _result(found)]
    if found.remedies:
        title = "To get there:" if found.tier is None else "To make it stronger:"
        blocks.append("\n".join([title, *(f"  {plain(remedy)}" for remedy in found.remedies)]))
    if assaults:
        blocks += _attacked(assaults)
    return "\n\n".join(blocks)


def _result(found: Probe) -> str:
    if found.tier is None:
        return "Candidates cannot be isolated here, so assay runs none."
    if found.isolation.tier is Tier.NONE:
        return "Candidates run as you, with nothing between: tier none."
    return f"Candidates are isolated by {found.isolation.backend}, tier {found.tier}."


def _attacked(assaults: Sequence[Assault]) -> list[str]:
    rows = [("", "FAMILY", "ATTACK", "WHAT IT TRIES"), *(_row(assault) for assault in assaults)]
    table = "\n".join(cut(line, streams.width()) for line in columns(rows).splitlines())
    held = sum(assault.wall is Wall.HELD for assault in assaults)
    blocks = [table, f"{held} of {len(assaults)} walls held."]
    for wall, title in ((Wall.FELL, "These fell:"), (Wall.UNDECIDED, "These could not be decided here:")):
        lines = [
            f"  {assault.name}: {assault.verdict}, {plain(assault.said or assault.why)}"
            for assault in assaults
            if assault.wall is wall
        ]
        if lines:
            blocks.append("\n".join([title, *lines]))
    return blocks


def _row(assault: Assault) -> tuple[str, ...]:
    return (_MARKS[assault.wall], assault.family, assault.name, assault.what)
