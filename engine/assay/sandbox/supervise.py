"""Watching one started program: its output, its word on how the program ended, its limits, its end.

Promises: `reap` returns only when the supervisor is dead and reaped; output beyond the bound stops the
program; every descriptor handed over is closed by `close`. The program is held at the start until it is
told to go, so that a program whose engine died meanwhile never runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import anyio
import anyio.abc

from assay.policy.schema import Limits
from assay.sandbox.ending import Observed, Stop
from assay.sandbox.patience import Patience
from assay.sandbox.reaping import OwnChild, Reaping
from assay.sandbox.watch import Neighbours, Subject, Watch

START_SECONDS = 60.0
_NUDGE_SECONDS = 0.05
PATIENCE_SECONDS = 2.0
_CHUNK = 1 << 16
_MUCH = _CHUNK // 4
"""Whoever writes so much at once is not kept waiting."""
_LITTLE = 1 << 10
"""Whoever never writes more at once is looked at more and more rarely."""
_REST_SECONDS = 0.05
_LONGEST_REST = 0.2

# Spoken by the first process inside: S and a newline when the jail stands; then the shell's own words, if
# any, which are there exactly when a signal ended the program; then X, the status and a newline. It ends with
# the same status itself, which the supervisor hands on: the two must agree.
# Until it is told to go, the engine may look into the jail through it. Then it becomes a program (the first
# argument) that nobody may look into, and only after that anything of a candidate runs.
_STAND = """
umask 022
printf 'S\\n' >&4
read -r _ <&5 || exit 125
exec 5<&- "$@"
"""
_KEEP = """
exec 7>&2 2>&4
cd -- "$1" 2>&7 || { printf 'X126\\n' >&4; exit 126; }
unset OLDPWD
shift
( exec "$@" 2>&7 7>&- 4>&- )
code=$?
printf 'X%s\\n' "$code" >&4
exit "$code"
"""

REPORT, STATUS, GO, LOG, CONFIG = 3, 4, 5, 6, 8
"""Numbers of descriptors at the start of a jail (7 is the first process's own)."""


def first_process(keeper: str, cwd: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command line of a jail's first process, which starts `argv` in `cwd` and says how it ended.
    `keeper` is the shell that it becomes before that."""
    return ("/bin/sh", "-c", _STAND, "sh", keeper, "-c", _KEEP, "sh", cwd, *argv)


class Accounts(Protocol):
    """What is counted of one jail from outside, whoever counts it: control groups or a container engine."""

    def cpu_seconds(self) -> float | None:
        """CPU time used so far, or None where it is not counted."""
        ...

    def peak_memory(self) -> int:
        """The greatest memory use in bytes, 0 where it is not measured."""
        ...

    def oom_kills(self) -> int:
        """How many processes the kernel killed at the jail's own limit on memory."""
        ...

    def oom_kills_elsewhere(self) -> int:
        """How many it killed because memory ran out around the jail, as far as that can be told apart."""
        ...

    def refused_forks(self) -> int:
        """How many times a new process was refused for the limit on their number."""
        ...


def nothing() -> None:
    """What there is to do where nothing is."""


@dataclass(slots=True)
class Started:
    """A program that was started: our ends of its descriptors (-1: none), and how to end it at once."""

    pid: int
    stdout: int
    stderr: int
    status: int
    go: int
    log: int
    kill: Callable[[], None]
    on_start: Callable[[], None]
    report: int = -1
    stdin: int = -1
    group: Accounts | None = None
    on_end: Callable[[], None] = nothing
    """Called when the program is over and its jail still stands, before that is let go."""
    patience: float = PATIENCE_SECONDS
    """How long the supervisor may take to clean up before it is killed, in seconds."""
    subject: Subject = field(default_factory=Subject)
    """What of it is to be watched; `on_start` completes it."""
    reaping: Reaping | None = None
    """How its supervisor is reaped. None: `pid`, a child of this process, is the supervisor."""
    warm: bool = False
    """Whether it is a fork of a warm interpreter."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Modules that the warm interpreter could not import ahead of time, and why."""


@dataclass(slots=True)
class Captured:
    """What was kept of one stream."""

    bound: int
    data: bytearray = field(default_factory=bytearray)
    cut: bool = False

    def take(self, chunk: bytes) -> None:
        """Keep what fits."""
        room = len(chunk) if not self.bound else max(0, self.bound - len(self.data))
        self.data += chunk[:room]
        self.cut = self.cut or len(chunk) > room


class Supervisor:
    """Drives one `Started`. Start `watch` in a task group, then await the rest."""

    def __init__(
        self,
        started: Started,
        limits: Limits,
        neighbours: Neighbours | None = None,
        *,
        report_bytes: int = 0,
    ) -> None:
        """`neighbours`: what other jails of the same sandbox use; `report_bytes`: see `JailCommand`."""
        self.started = started
        self.limits = limits
        self.patience = Patience()
        self.stdout = Captured(limits.output)
        self.stderr = Captured(limits.output)
        self.report = Captured(max(limits.output, report_bytes) if limits.output else 0)
        self.stopped: Stop | None = None
        self.began = 0.0
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak_memory = 0
        self._reaping = started.reaping or OwnChild(started.pid)
        self._watch = Watch(
            started.subject, limits, started.group, neighbours or Neighbours(), lambda: self.over
        )
        self._kills_before = oom_kills() if started.group is None else 0
        self._spoke = anyio.Event()
        self._ended = anyio.Event()
        self._exited = anyio.Event()
        self._words = bytearray()
        self._wait_status = 0
        self._open_streams = 0
        self._drained = anyio.Event()

    async def watch(self, tasks: anyio.abc.TaskGroup, *, report: bool) -> None:
        """Read everything there is to read, in `tasks`."""
        streams = [(self.started.stdout, self.stdout), (self.started.stderr, self.stderr)]
        if report:
            streams.append((self.started.report, self.report))
        self._open_streams = len(streams) + 1
        for descriptor, captured in streams:
            tasks.start_soon(self._read, descriptor, captured)
        tasks.start_soon(self._listen)
        tasks.start_soon(self._await_exit)
        tasks.start_soon(self._look_after)

    async def begin(self) -> bool:
        """Wait until the jail stands and let the program go; False if it never stood."""
        if not await self.patience.within(START_SECONDS, self._spoke.wait):
            self.stop(Stop.START)
        return self._has_started

    async def wait(self, seconds: float) -> None:
        """Wait for the program's end, `seconds` at most (0: for ever), then stop it."""
        if not await self.patience.within(seconds, self._ended.wait):
            self.stop(Stop.TIME)

    def stop(self, why: Stop) -> None:
        """End the program at once; the first reason given stays."""
        if self.stopped is None and not self._exited.is_set():
            self.stopped = why
            self._ended.set()
            self._spoke.set()
            self.started.kill()

    @property
    def over(self) -> bool:
        """Whether the program has ended, or was ended."""
        return self._ended.is_set()

    async def reap(self) -> None:
        """Wait until the supervisor is gone, and with it everything in the jail."""
        self._let_go()
        tries = 0
        while not self._exited.is_set():
            with anyio.move_on_after(_NUDGE_SECONDS):
                await self._exited.wait()
                return
            # The task that waits for the end goes when the run is cancelled from outside.
            if self._collect():
                return
            tries += 1
            # It sleeps between two looks at its child; a signal that came between makes it sleep on.
            patient = tries * _NUDGE_SECONDS < self.started.patience
            self._reaping.nudge(signal.SIGCHLD if patient else signal.SIGKILL)

    async def drain(self, seconds: float) -> None:
        """Wait for the end of the streams: at once in a jail, where nothing survives to hold them open."""
        with anyio.move_on_after(seconds):
            await self._drained.wait()

    def observed(self) -> Observed:
        """All that was seen; after `reap`."""
        words, _, code = self._words.rpartition(b"X") if b"X" in self._words else (self._words, b"", b"")
        group = self.started.group
        return Observed(
            started=self._has_started,
            code=int(code) if code.strip().isdigit() else None,
            by_signal=bool(words[2:].strip()),
            wait_status=self._wait_status,
            stop=self.stopped,
            oom_kills=group.oom_kills() if group is not None else 0,
            oom_kills_elsewhere=self._killed_elsewhere(),
            refused_forks=max(group.refused_forks() if group is not None else 0, self._watch.refused_forks),
            cpu_seconds=self.cpu_seconds,
            log=self._log(),
        )

    def close(self) -> None:
        """Close every descriptor. Only when nothing waits on them any more."""
        self._close_go()
        started = self.started
        started.subject.close()
        for descriptor in (started.stdout, started.stderr, started.status, started.report, started.stdin):
            if descriptor >= 0:
                os.close(descriptor)
        if started.log >= 0:
            os.close(started.log)
        self._reaping.close()

    @property
    def lost(self) -> bool:
        """Whether the supervisor went without saying how the program ended."""
        return self._reaping.lost

    @property
    def was_crowded(self) -> bool:
        """Whether the disk was seen full at any time."""
        return self._watch.was_full

    @property
    def _has_started(self) -> bool:
        return self._words.startswith(b"S\n")

    async def _read(self, descriptor: int, captured: Captured) -> None:
        rest = _REST_SECONDS
        try:
            while (chunk := await read_some(descriptor)) is not None:
                captured.take(chunk)
                if captured.cut:
                    self.stop(Stop.OUTPUT)
                if len(chunk) < _MUCH:
                    await self._rest(rest)
                rest = min(2 * rest, _LONGEST_REST) if len(chunk) < _LITTLE else _REST_SECONDS
        finally:
            self._at_end()

    async def _rest(self, seconds: float) -> None:
        """Let more come together, but not once the program is over: a wake-up for every line costs more than
        what is in it. The pipe holds what comes meanwhile."""
        if not self._ended.is_set():
            with anyio.move_on_after(seconds):
                await self._ended.wait()

    async def _listen(self) -> None:
        try:
            while (chunk := await read_some(self.started.status)) is not None:
                self._words += chunk[: 4096 - len(self._words)]
                if self._has_started and not self._spoke.is_set():
                    self._go()
                if b"X" in self._words and self._words.endswith(b"\n"):
                    self._ended.set()
                    self._let_go()
        finally:
            self._at_end()

    def _at_end(self) -> None:
        self._open_streams -= 1
        if not self._open_streams:
            self._drained.set()

    def _go(self) -> None:
        self.started.on_start()
        self.began = time.monotonic()
        with contextlib.suppress(OSError):
            os.write(self.started.go, b"\n")
        self._spoke.set()

    async def _await_exit(self) -> None:
        await anyio.wait_readable(self._reaping.descriptor)
        self._collect()

    def _collect(self) -> bool:
        """Reap the supervisor and set what its end sets; False if it still runs."""
        if self._exited.is_set():
            return True
        if (ended := self._reaping.collect()) is None:
            return False
        self._wait_status, cpu_seconds = ended
        self.seconds = max(0.0, time.monotonic() - self.began - self.patience.lost) if self.began else 0.0
        self._account(cpu_seconds)
        self._exited.set()
        self._ended.set()
        self._spoke.set()
        return True

    def _account(self, cpu_seconds: float) -> None:
        group = self.started.group
        counted = group.cpu_seconds() if group is not None else None
        self.cpu_seconds = max(cpu_seconds, self._watch.cpu_seconds) if counted is None else counted
        # The supervisor's own record would count the engine, from which it was started.
        self.peak_memory = (group.peak_memory() if group is not None else 0) or self._watch.peak_memory

    async def _look_after(self) -> None:
        await self._spoke.wait()
        if (stop := await self._watch.follow()) is not None:
            self.stop(stop)

    def _killed_elsewhere(self) -> int:
        """How many processes the kernel killed for want of memory that this jail is not to blame for."""
        if self.started.group is not None:
            return self.started.group.oom_kills_elsewhere()
        # The machine's own count tells no more than that there was something to be killed by.
        by_kill = 128 + signal.SIGKILL
        killed = os.WIFEXITED(self._wait_status) and os.WEXITSTATUS(self._wait_status) == by_kill
        return oom_kills() - self._kills_before if killed and self.stopped is None else 0

    def _let_go(self) -> None:
        """Nothing is expected of the jail any more: what stands of it may go."""
        if self.started.go >= 0:
            self.started.on_end()
        self._close_go()

    def _close_go(self) -> None:
        if self.started.go >= 0:
            os.close(self.started.go)
            self.started.go = -1

    def _log(self) -> str:
        if self.started.log < 0:
            return ""
        return os.pread(self.started.log, 8192, 0).decode("utf-8", "replace")


def oom_kills() -> int:
    """How many processes the kernel of this machine ever killed for want of memory; 0 where it does not
    tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


async def read_some(descriptor: int) -> bytes | None:
    """The next bytes of a non-blocking pipe, or None at its end."""
    while True:
        await anyio.wait_readable(descriptor)
        try:
            return os.read(descriptor, _CHUNK) or None
        except BlockingIOError:
            continue
