"""A landing train on the command line: one line on stdout for each thing that happens, as it happens.

Promises: text for people, or one JSON object a line, each written out whole before anything else is done;
progress goes to stderr as everywhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assay.delta.sanitise import plain
from assay.front import streams
from assay.front.choices import Format
from assay.front.interrupt import run_to_end
from assay.front.progress.watch import watching
from assay.front.session import View
from assay.land.request import Request
from assay.model.errors import BadInput
from assay.policy.stakes import Collect

if TYPE_CHECKING:
    from assay.land.train.told import Told


def run(
    request: Request, view: View, *, onto: str, every_commit: bool, linear: bool, until_idle: bool
) -> int:
    """Run a train to its end, or until it is stopped (KeyboardInterrupt); the exit code."""
    if view.format not in (Format.TEXT, Format.JSON) or view.output is not None or view.profile:
        raise BadInput(
            "a train tells what happens as it happens",
            where="--watch",
            fix="use --format text or json on stdout",
        )
    if request.evidence not in (None, Collect.NEVER):
        raise BadInput(
            "a train gathers no evidence", where="--evidence", fix="leave it out, or land without --watch"
        )
    from assay.land.train.watch import watch

    def tell(told: Told) -> None:
        if view.format is Format.JSON:
            streams.emit_document(document(told))
        else:
            streams.emit(sentence(told))

    with watching(quiet=view.quiet, color=view.color, environ=os.environ) as observer:
        summary = run_to_end(
            lambda: watch(
                request,
                onto=onto,
                tell=tell,
                every_commit=every_commit,
                linear=linear,
                until_idle=until_idle,
                observer=observer,
            )
        )
    return int(summary.exit_code)


def sentence(told: Told) -> str:
    """What happened, for people."""
    name = " ".join(told.name.split())
    at = f" ({told.commit[:12]})" if told.commit else ""
    words = [str(told.what), *([name] if name else [])]
    return plain(f"{' '.join(words)}{at}{': ' + told.why if told.why else ''}")


def document(told: Told) -> str:
    """What happened, for machines: one line."""
    import json

    import msgspec

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(told)})
