"""What the two backends share: pipes for one program, and the wall between engine and program.

Promises: every descriptor made here is close-on-exec and closed exactly once; a backend starts a program
and nothing more, the supervisor does the rest.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assay.ledger.codec import encode
from assay.model.candidate import Record
from assay.model.tool import Isolation
from assay.sandbox.reaping import Reaping
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import (
    CONFIG,
    GO,
    LOG,
    PATIENCE_SECONDS,
    REPORT,
    STATUS,
    Accounts,
    Started,
    nothing,
)
from assay.sandbox.watch import Subject

FIXED_VARIABLES = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "USER": "assay",
    "LOGNAME": "assay",
    "SHELL": "/bin/sh",
    "TERM": "dumb",
    "TMPDIR": "/tmp",  # noqa: S108 -- inside the jail
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}

_SEALED = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
"""Not against being emptied: a program may want nobody after it to read what it was told."""


class Cold(Exception):
    """A program cannot be started warm: why, as a sentence. Nothing of it has run."""


class Prepared(Protocol):
    """One program ready to be started, with a tree of its own."""

    def start(self, pipes: Pipes) -> Started:
        """Start it. Blocks for a few milliseconds, or until a warm interpreter is there; raises OSError when
        the machine refuses, Cold where a command that asks for warmth has to be started without."""
        ...

    def outputs(self, paths: tuple[str, ...], bound: int) -> dict[str, bytes]:
        """Files that the program left, by path relative to its root."""
        ...

    def keep(self, target: Path) -> None:
        """Move what the program wrote to `target`."""
        ...

    def crowded(self) -> bool:
        """Whether the disk below its tree is full."""
        ...

    def remove(self) -> None:
        """Remove everything that was made for it."""
        ...


class Standing(Record, frozen=True, kw_only=True):
    """What a backend has, or had, running beside the programs it was asked for: how many interpreters that
    warm programs are forked from, how long they took to start, and their processor time so far."""

    count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class Backend(Protocol):
    """One way to run programs apart from the host."""

    @property
    def isolation(self) -> Isolation: ...

    def prepare(self, command: JailCommand) -> Prepared:
        """Make a program's tree. Raises `workspace.Obstructed` when the tree itself is in the way."""
        ...

    def standing(self) -> Standing:
        """What runs besides, closed or not."""
        ...

    def close(self) -> None:
        """End what still runs and remove everything. Idempotent."""
        ...


def environment(command: JailCommand, home: str) -> dict[str, str]:
    """The whole environment of a program."""
    variables = {**FIXED_VARIABLES, "HOME": home, **command.variables}
    if command.report:
        variables["ASSAY_REPORT_FD"] = str(REPORT)
    return variables


def digest(command: JailCommand, variables: dict[str, str]) -> str:
    """A digest of all that a program can see or may use, apart from its arguments and its nonce."""
    seen = (
        sorted(variables.items()),
        command.stack.tree if command.stack else "",
        str(command.root),
        str(command.cwd or command.root),
        [(str(b.source), str(b.target or b.source), b.writable, b.link) for b in command.binds],
        command.limits,
        hashlib.sha256(command.stdin).hexdigest(),
    )
    return hashlib.sha256(encode(seen)).hexdigest()


@dataclass(slots=True)
class Pipes:
    """Both ends of every descriptor of one program. `theirs` maps the program's numbers to descriptors."""

    theirs: dict[int, int]
    ours: dict[int, int]

    def close_theirs(self) -> None:
        """After the start: the program has its own copies."""
        for descriptor in self.theirs.values():
            os.close(descriptor)
        self.theirs.clear()

    def started(
        self,
        pid: int,
        *,
        group: Accounts | None,
        kill: Callable[[], None],
        on_start: Callable[[], None],
        on_end: Callable[[], None] = nothing,
        patience: float = PATIENCE_SECONDS,
        subject: Subject | None = None,
        reaping: Reaping | None = None,
        warm: bool = False,
        left_out: tuple[tuple[str, str], ...] = (),
    ) -> Started:
        """The program that now has the other ends: what its supervisor needs."""
        self.close_theirs()
        return Started(
            pid=pid,
            stdout=self.ours[1],
            stderr=self.ours[2],
            status=self.ours[STATUS],
            go=self.ours[GO],
            log=self.ours[LOG],
            report=self.ours.get(REPORT, -1),
            stdin=self.ours.get(0, -1),
            group=group,
            kill=kill,
            on_start=on_start,
            on_end=on_end,
            patience=patience,
            subject=subject or Subject(),
            reaping=reaping,
            warm=warm,
            left_out=left_out,
        )

    def close(self) -> None:
        """After a start that failed: close everything."""
        self.close_theirs()
        for descriptor in self.ours.values():
            os.close(descriptor)
        self.ours.clear()


def open_pipes(command: JailCommand, *, keep_stdin: bool) -> Pipes:
    """The descriptors of one program. With `keep_stdin` its input is a pipe of which we hold the end, else
    it is exactly `command.stdin` and the nonce."""
    pipes = Pipes(theirs={}, ours={})
    try:
        for number in (1, 2, STATUS, *((REPORT,) if command.report else ())):
            read_end, write_end = os.pipe2(os.O_CLOEXEC)
            pipes.ours[number], pipes.theirs[number] = read_end, write_end
            os.set_blocking(read_end, False)
        pipes.theirs[GO], pipes.ours[GO] = os.pipe2(os.O_CLOEXEC)
        if keep_stdin:
            pipes.theirs[0], pipes.ours[0] = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(pipes.ours[0], False)
        else:
            pipes.theirs[0] = _input(command.stdin + command.nonce)
        pipes.theirs[LOG] = os.memfd_create("assay-log", os.MFD_CLOEXEC)
        pipes.ours[LOG] = os.dup(pipes.theirs[LOG])
    except BaseException:
        pipes.close()
        raise
    return pipes


def add_config(pipes: Pipes, content: bytes) -> str:
    """Hand a configuration to the program's supervisor; the path at which it finds it."""
    descriptor = os.memfd_create("assay-config", os.MFD_CLOEXEC)
    pipes.theirs[CONFIG] = descriptor
    _write_all(descriptor, content)
    return f"/proc/self/fd/{CONFIG}"


def _input(data: bytes) -> int:
    if not data:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.memfd_create("assay-input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _write_all(descriptor, data)
        # A program may open its own input for writing by way of /proc, whoever made it.
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALED)
        # Opened anew, so that the program does not find it at its end.
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
