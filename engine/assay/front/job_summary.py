"""The summary of a GitHub job: a file that the runner names, which every step may add to.

Promises: never more than the runner takes of one step; a summary that cannot be written is said on stderr
and changes nothing of the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assay.front import streams
from assay.model.errors import BadInput, Exit

if TYPE_CHECKING:
    from assay.model.report import Report

VARIABLE = "GITHUB_STEP_SUMMARY"
_LEAST = 4096
"""Bytes. In less, a summary says nothing."""


def add(report: Report, environ: Mapping[str, str], *, profile: bool, code: Exit | None = None) -> None:
    """Add the report to the summary, if the environment names one and it has room."""
    from assay.delta.github import SUMMARY_LIMIT
    from assay.delta.render import summary

    named = environ.get(VARIABLE)
    if not named:
        return
    path = Path(named)
    try:
        room = SUMMARY_LIMIT - (path.stat().st_size if path.exists() else 0)
        if room < _LEAST:
            streams.say(f"not in the job's summary: {path} is full")
        else:
            streams.append_file(path, summary(report, room, profile=profile, exit_code=code))
    except (BadInput, OSError) as error:
        streams.say(f"not in the job's summary: {error}")
