"""Holding the running jails of one sandbox still, so that somebody else has the machine, and letting them go.

Promises: time for which a jail was held is on none of its clocks; a jail that is held can be ended at any
instant like any other, and is never held again after that, nor once its program is over; where there is no
control group to hold it by, stop signals do, to every process found until no new one is, and what had stopped
by itself stays so. Nothing starts while it would be held at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import anyio

from assay.sandbox.supervise import Started, Supervisor
from assay.sandbox.usage import Processes, load

_ROUNDS = 20
"""Looks for processes that a stopped one had started meanwhile; each look finds fewer."""
_AT_REST = (b"T", b"t", b"Z", b"X", b"x")


@runtime_checkable
class Holdable(Protocol):
    """Something that holds all processes of a jail at once."""

    def hold(self, still: bool) -> bool:
        """False where it cannot."""
        ...


class Member:
    """One running jail. `held` is how long it was held still so far, in seconds."""

    def __init__(self, started: Started, clock: Callable[[], float], *, exempt: bool) -> None:
        self.exempt = exempt
        self._started = started
        self._clock = clock
        self._since: float | None = None
        self._before = 0.0
        self._over = False
        self._stopped: dict[str, bytes] = {}

    @property
    def held(self) -> float:
        return self._before + (self._clock() - self._since if self._since is not None else 0.0)

    @property
    def is_held(self) -> bool:
        return self._since is not None

    def freeze(self) -> None:
        """Hold it still, where that is possible and it is not over."""
        if self._over or self.exempt or self._since is not None:
            return
        if self._hold(True) or self._stop():
            self._since = self._clock()

    def thaw(self) -> None:
        """Let it go on."""
        if self._since is None:
            return
        self._before, self._since = self.held, None
        if self._stopped:
            self._signal_stopped()
        else:
            self._hold(False)

    def release(self) -> None:
        """Let it go on for good: it is over, or is about to be ended."""
        self._over = True
        self.thaw()

    def cpu_seconds(self) -> float:
        """Processor time that the jail has used so far."""
        group, processes = self._started.group, self._started.subject.processes
        counted = group.cpu_seconds() if group is not None else None
        if counted is None and processes is not None:
            counted = load(processes).cpu_seconds
        return counted or 0.0

    def _hold(self, still: bool) -> bool:
        group: object = self._started.group
        return isinstance(group, Holdable) and group.hold(still)

    def _stop(self) -> bool:
        processes = self._started.subject.processes
        if processes is None:
            return False
        for _ in range(_ROUNDS):
            found = [pid for pid in processes.pids() if pid not in self._stopped]
            if not sum(self._stop_one(processes, pid) for pid in found):
                break
        return bool(self._stopped)

    def _stop_one(self, processes: Processes, pid: str) -> bool:
        state, born = _state(processes, pid)
        if not state or state in _AT_REST or not _send(processes, pid, signal.SIGSTOP):
            return False
        self._stopped[pid] = born
        return True

    def _signal_stopped(self) -> None:
        stopped, self._stopped = self._stopped, {}
        processes = self._started.subject.processes
        for pid, born in stopped.items():
            if processes is not None and _state(processes, pid)[1] == born:
                _send(processes, pid, signal.SIGCONT)


class Freezer:
    """The running jails of one sandbox, held still or not all at once. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._members: set[Member] = set()
        self._going = anyio.Event()
        self._going.set()
        self._spent = 0.0
        self._since = 0.0
        self._stood = 0.0

    @property
    def frozen(self) -> bool:
        """Whether jails are to be held."""
        return not self._going.is_set()

    @property
    def busy(self) -> bool:
        """Whether any jail runs that is not held."""
        return any(not member.is_held for member in self._members)

    @property
    def seconds(self) -> float:
        """For how long jails were to be held so far."""
        return self._stood + (self._clock() - self._since if self.frozen else 0.0)

    async def going(self) -> None:
        """Wait until a jail that is started would run."""
        while self.frozen:
            await self._going.wait()

    def freeze(self) -> None:
        """Hold every jail still, and keep others from starting."""
        if not self.frozen:
            self._going = anyio.Event()
            self._since = self._clock()
        for member in self._members:
            member.freeze()

    def thaw(self) -> None:
        """Let every jail go on."""
        self._stood = self.seconds
        self._going.set()
        for member in self._members:
            member.thaw()

    def cpu_seconds(self) -> float:
        """Processor time of all jails so far, running ones included."""
        return self._spent + sum(member.cpu_seconds() for member in self._members)

    @contextmanager
    def enrolled(self, supervisor: Supervisor, *, exempt: bool = False) -> Iterator[Member]:
        """What `supervisor` looks after is one of the running jails until the body ends, by when it is
        reaped; `exempt`: never held. Wraps what ends it, and takes what it is held off its clock."""
        started = supervisor.started
        member = Member(started, self._clock, exempt=exempt)
        started.kill = _after(member.release, started.kill)
        started.on_end = _after(member.release, started.on_end)
        supervisor.patience.held = lambda: member.held
        self._members.add(member)
        if self.frozen:
            member.freeze()
        try:
            yield member
        finally:
            member.release()
            self._members.discard(member)
            self._spent += supervisor.cpu_seconds


def _after(first: Callable[[], None], then: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        then()

    return both


def _state(processes: Processes, pid: str) -> tuple[bytes, bytes]:
    """A process's state, and when it was started; empty once it is gone."""
    fields = processes.read(f"{pid}/stat").rpartition(b")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else (b"", b"")


def _send(processes: Processes, pid: str, number: signal.Signals) -> bool:
    """Send a signal to what has this number in that /proc, whose pid namespace may be another than ours."""
    try:
        directory = os.open(pid, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=processes.proc)
    except OSError:
        return False
    try:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(directory, number)
            return True
        return False
    finally:
        os.close(directory)
