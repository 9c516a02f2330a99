"""Looking after one running jail: what it uses beyond what the kernel limits for us, and when it has to go.

Promises: looks a few times a second, at what is cheap first; walks its tree only when the disk lost so much
that it may matter, and now and then; spends a small share of its time on it however much there is to look
at. Jails of one sandbox know of each other, so that the one that uses most goes first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread

from assay.policy.schema import Limits
from assay.sandbox import usage
from assay.sandbox.ending import Stop
from assay.sandbox.quota import (
    Room,
    may_be_over,
    over_disk,
    over_memory,
    over_tasks,
    too_many_refused,
)
from assay.sandbox.tree import Size, measure
from assay.sandbox.usage import Processes

_T = TypeVar("_T")
_LOOK_SECONDS = 0.1
_MEASURE_SECONDS = 2.0
_SHARE = 20
"""Looking may take one part in this many of the time."""
_THREADS = 4
_FULL = 1 << 20
"""Bytes below which a disk is as good as full for whoever writes to it."""


class Counts(Protocol):
    """What is counted from outside without acting on it."""

    def cpu_seconds(self) -> float | None: ...

    def refused_forks(self) -> int: ...


@dataclass(slots=True)
class Subject:
    """What there is to look at. `tree`: the directory on disk that the program writes to, `already` what was
    in it at the start. `memory`, `tasks` and `cpu` say what the kernel does not limit. `processes`, and
    `private`, the directories of its private file systems, are there once the program runs. All that is
    closed by `close`."""

    tree: Path | None = None
    already: Size = field(default_factory=Size)
    memory: bool = False
    tasks: bool = False
    cpu: bool = False
    processes: Processes | None = None
    private: tuple[int, ...] = ()

    def close(self) -> None:
        """Let go of all descriptors."""
        if self.processes is not None:
            self.processes.close()
            self.processes = None
        for descriptor in self.private:
            os.close(descriptor)
        self.private = ()


class Neighbours:
    """What the jails of one sandbox use, as far as they were looked at."""

    def __init__(self) -> None:
        self.limiter = anyio.CapacityLimiter(_THREADS)
        self.disk: dict[int, int] = {}
        self.memory: dict[int, int] = {}

    def forget(self, one: object) -> None:
        """A jail is over."""
        self.disk.pop(id(one), None)
        self.memory.pop(id(one), None)


class Watch:
    """Looks after one jail until it is over. What it saw besides: `cpu_seconds`, `peak_memory`,
    `refused_forks` (1 once the limit on processes was met), and `was_full`, whether the disk ever was."""

    def __init__(
        self,
        subject: Subject,
        limits: Limits,
        group: Counts | None,
        neighbours: Neighbours,
        over: Callable[[], bool],
    ) -> None:
        self.cpu_seconds = 0.0
        self.peak_memory = 0
        self.refused_forks = 0
        self.was_full = False
        self._subject = subject
        self._limits = limits
        self._group = group
        self._neighbours = neighbours
        self._over = over
        self._looks_at_limit = 0
        self._began = self._then = _room(subject.tree)
        self._used = Size()
        self._measured_at = time.monotonic()
        self._measuring = 0.0
        self._by_memory = subject.memory and limits.memory > 0
        self._by_tasks = subject.tasks and limits.pids > 0
        self._by_cpu = subject.cpu and limits.cpu_seconds > 0

    async def follow(self) -> Stop | None:
        """Look until there is a reason to end the program, which is returned, or until it is over (None)."""
        try:
            pause = _LOOK_SECONDS
            while not self._over():
                await anyio.sleep(pause)
                began = time.monotonic()
                if (stop := await self._look()) is not None:
                    return stop
                pause = max(_LOOK_SECONDS, _SHARE * (time.monotonic() - began))
            return None
        finally:
            self._neighbours.forget(self)

    async def _look(self) -> Stop | None:
        stop = self._counters()
        if stop is None and self._subject.processes is not None and self._by_hand:
            stop = await self._apart(self._look_at_processes)
        if stop is None and self._subject.tree is not None:
            stop = await self._look_at_disk()
        return None if self._over() else stop

    @property
    def _by_hand(self) -> bool:
        return self._by_memory or self._by_tasks or self._by_cpu

    def _counters(self) -> Stop | None:
        """What control groups count but do not act on."""
        if self._group is None:
            return None
        limit = self._limits.cpu_seconds
        if limit and (self._group.cpu_seconds() or 0.0) >= limit:
            return Stop.CPU
        return Stop.PIDS if too_many_refused(self._limits, self._group.refused_forks()) else None

    def _look_at_processes(self) -> Stop | None:
        processes = self._subject.processes
        assert processes is not None
        load = usage.load(processes)
        self.cpu_seconds = max(self.cpu_seconds, load.cpu_seconds)
        if self._by_cpu and self.cpu_seconds >= self._limits.cpu_seconds:
            return Stop.CPU
        if self._by_tasks:
            at_limit = load.tasks >= self._limits.pids
            self._looks_at_limit = self._looks_at_limit + 1 if at_limit else 0
            self.refused_forks = max(self.refused_forks, int(at_limit))
            if over_tasks(self._limits, self._looks_at_limit, load.tasks):
                return Stop.PIDS
        return self._look_at_memory(processes, load.resident) if self._by_memory else None

    def _look_at_memory(self, processes: Processes, resident: int) -> Stop | None:
        in_files = sum(_taken(descriptor) for descriptor in self._subject.private)
        in_files += usage.held(processes, [os.fstat(each).st_dev for each in self._subject.private]).memory
        used = resident + in_files
        total, available = _memory()
        if used > self._limits.memory:
            used = usage.own_memory(processes, in_files)
        self.peak_memory = max(self.peak_memory, used)
        self._neighbours.memory[id(self)] = used
        return over_memory(
            self._limits,
            used,
            total=total,
            available=available,
            largest=used >= max(self._neighbours.memory.values()),
        )

    async def _look_at_disk(self) -> Stop | None:
        now = _room(self._subject.tree)
        self.was_full = self.was_full or now.free < _FULL or now.files == 0
        passed = time.monotonic() - self._measured_at
        pressing = now.low or may_be_over(self._limits, self._used, then=self._then, now=now)
        pause = _SHARE * self._measuring
        if passed < (pause if pressing else max(pause, _MEASURE_SECONDS)):
            return None
        began = time.monotonic()
        self._used = await self._apart(self._measure)
        self._measured_at = time.monotonic()
        self._measuring = self._measured_at - began
        self._then = _room(self._subject.tree)
        self._neighbours.disk[id(self)] = self._used.bytes
        return over_disk(
            self._limits,
            self._used,
            began=self._began,
            now=self._then,
            largest=self._used.bytes >= max(self._neighbours.disk.values()),
        )

    def _measure(self) -> Size:
        """What the program added to its tree, what it removed and still has open included."""
        subject, most = self._subject, self._limits.files
        assert subject.tree is not None
        most_files = most + subject.already.files if most else 0
        found = measure(subject.tree, most_files=most_files, ended=self._over)
        nameless = usage.held(subject.processes).disk if subject.processes is not None else 0
        lost = self._began.free - _room(subject.tree).free
        if not found.whole and self._limits.disk and lost > self._limits.disk > found.bytes + nameless:
            # So much is gone that it is worth the look into directories that the program closed.
            found = measure(subject.tree, most_files=most_files, force=True, ended=self._over)
        return Size(
            bytes=max(0, found.bytes - subject.already.bytes) + nameless,
            files=max(0, found.files - subject.already.files),
            whole=found.whole,
        )

    def _apart(self, work: Callable[[], _T]) -> Awaitable[_T]:
        return anyio.to_thread.run_sync(work, limiter=self._neighbours.limiter)


def _room(tree: Path | None) -> Room:
    """The file system below `tree`; one without bounds where there is none."""
    if tree is None:
        return Room(total=0, free=1 << 62)
    status = os.statvfs(tree)
    return Room(
        total=status.f_blocks * status.f_frsize,
        free=status.f_bavail * status.f_frsize,
        files=status.f_favail if status.f_files else None,
        total_files=status.f_files,
    )


def _taken(file_system: int) -> int:
    """Bytes in use on a file system in memory."""
    status = os.statvfs(file_system)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def _memory() -> tuple[int, int]:
    """The machine's memory, and what of it could be had now."""
    found = {"MemTotal": 0, "MemAvailable": 0}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return found["MemTotal"], found["MemAvailable"]
