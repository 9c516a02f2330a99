"""Choosing how a run is watched.

Promises (invariant 11): progress goes to stderr alone, and only when it is wanted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from assay.front import streams
from assay.front.progress.lines import LineWriter
from assay.model.event import Observer, nobody


@contextmanager
def watching(*, quiet: bool, color: streams.Color, environ: Mapping[str, str]) -> Iterator[Observer]:
    """The observer for one run: nobody, a live table, or plain lines."""
    if quiet:
        yield nobody
    elif streams.is_terminal(sys.stderr) and environ.get("TERM") not in ("dumb", None, ""):
        # rich costs start-up that a hook or a log does not need.
        from rich.console import Console

        from assay.front.progress.table import live_table

        colored = streams.wants_color(color, environ, terminal=True)
        with live_table(
            Console(stderr=True, force_terminal=True, no_color=not colored, highlight=False)
        ) as observer:
            yield observer
    else:
        yield LineWriter(streams.say)
