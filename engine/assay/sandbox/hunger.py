"""Whether a program that is slow was given the processors, or wanted them and others had them.

Promises: reads numbers that the kernel keeps; on a machine with processors to spare nothing is ever said to
have been wanted, and of a program that sleeps neither. Times are seconds.
"""

from __future__ import annotations

import os
from pathlib import Path

from assay.sandbox.supervise import Started
from assay.sandbox.usage import load

_ENOUGH = 0.95
"""The share of a processor from which on a program with one task had all that it could use."""
_WAITING = b"R"


class Hunger:
    """What one running program was not given. Call `starved` at the end of each stretch of time."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._then: float | None = None
        self._processors = len(os.sched_getaffinity(0))

    def starved(self, seconds: float) -> float:
        """How much of the stretch of `seconds` that ends now the program spent waiting for a processor, as
        far as can be told: its tasks that wait at this moment are taken to have waited all along."""
        before, self._then = self._then, self._cpu_seconds()
        if before is None or self._then is None:
            return 0.0
        used = self._then - before
        if used >= _ENOUGH * self._processors * seconds or _runnable() <= self._processors:
            return 0.0
        wanted = min(self._processors, self._waiting())
        return max(0.0, seconds - used / wanted) if wanted else 0.0

    def _cpu_seconds(self) -> float | None:
        group, processes = self._started.group, self._started.subject.processes
        counted = group.cpu_seconds() if group is not None else None
        if counted is None and processes is not None:
            return load(processes).cpu_seconds
        return counted

    def _waiting(self) -> int:
        processes = self._started.subject.processes
        if processes is None:
            return 0
        states = (processes.read(f"{pid}/stat").rpartition(b")")[2].split() for pid in processes.pids())
        return sum(bool(fields) and fields[0] == _WAITING for fields in states)


def _runnable() -> int:
    """How many tasks of the whole machine run or wait for a processor now, the one that asks included."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 0
