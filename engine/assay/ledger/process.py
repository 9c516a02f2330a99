"""Which process runs a transaction: for people and for the audit.

Promises: never fails; what cannot be read is 0 or empty. Whether a run is still alive is told by a lock
(`lives`), not from this: process ids mean nothing in another container.
"""

from __future__ import annotations

import os
from pathlib import Path

from assay.model.candidate import Record

_START_TIME = 19
"""Index of the start time among the fields of /proc/PID/stat that follow the command's name."""


class Process(Record, frozen=True, kw_only=True):
    """A process: its id, when it started (clock ticks after boot), and during which boot of the machine."""

    pid: int
    started: int = 0
    boot: str = ""


def this_process() -> Process:
    """The process that asks."""
    return Process(pid=os.getpid(), started=_started(), boot=_boot())


def _started() -> int:
    try:
        text = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        # The command's name may hold anything, so that fields are counted from its closing parenthesis.
        return int(text[text.rindex(")") + 1 :].split()[_START_TIME])
    except (OSError, ValueError, IndexError):
        return 0


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
