"""From a flow to a printed report: what check, grade and land have in common.

Promises: the output file is refused before anything runs, not after; one report, one document; the exit
code is the flow's own, also where a signal came after it had published.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.front import streams
from assay.front.choices import Format
from assay.front.interrupt import run_to_end
from assay.front.progress.watch import watching
from assay.model.event import Observer

if TYPE_CHECKING:
    from assay.model.errors import Exit
    from assay.model.report import Report

Flow = Callable[[Observer], Awaitable["Report"]]


@dataclass(frozen=True, kw_only=True)
class View:
    """How the user wants to see the run and its result."""

    format: Format = Format.TEXT
    output: Path | None = None
    color: streams.Color = streams.Color.AUTO
    quiet: bool = False
    profile: bool = False


def perform(flow: Flow, view: View) -> Report:
    """Run a flow while its progress shows on stderr; its report."""
    if view.output is not None:
        streams.check_writable(view.output)
    with watching(quiet=view.quiet, color=view.color, environ=os.environ) as observer:
        return run_to_end(lambda: flow(observer))


def show(report: Report, view: View, code: Exit | None = None) -> None:
    """Print the report, or write it to the file that was asked for; `code` is what the process will end with.

    For a GitHub workflow, also add it to the job's summary, if there is one.
    """
    text = _rendered(report, view, code)
    if view.output is not None:
        streams.write_file(view.output, text)
    elif view.format is Format.TEXT:
        streams.emit(text)
    else:
        streams.emit_document(text)
    if view.format is Format.GITHUB:
        from assay.front.job_summary import add

        add(report, os.environ, profile=view.profile, code=code)


def conclude(flow: Flow, view: View, first: int = 0) -> int:
    """Run, print, and turn the report into an exit code."""
    from assay.land.report import exit_code

    done: list[Report] = []

    async def remembered(observer: Observer) -> Report:
        done.append(await flow(observer))
        return done[0]

    try:
        report = perform(remembered, view)
        show(report, view, exit_code(report, first))
    except KeyboardInterrupt:
        if not done or done[0].landed is None:
            raise
        # Stopped while it was being told: what was published stands, and nothing else may be said.
        streams.say(done[0].landing)
    return int(exit_code(done[0], first))


def _rendered(report: Report, view: View, code: Exit | None) -> str:
    from assay.delta.render import render

    to_terminal = view.output is None and streams.is_terminal(sys.stdout)
    color = view.format is Format.TEXT and streams.wants_color(view.color, os.environ, terminal=to_terminal)
    unicode = view.output is not None or streams.holds_unicode(sys.stdout)
    return render(
        report,
        str(view.format),
        width=streams.width(),
        color=color,
        unicode=unicode,
        profile=view.profile,
        exit_code=code,
    )
