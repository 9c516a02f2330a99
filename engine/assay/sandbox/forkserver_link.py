"""A running fork server, seen from the engine: asking it for a child, and noticing the child's end.

Promises: what comes from the server is bounded and never more than words; pids are the kernel's own, told
by the socket; a server that does not answer in time is killed, with all its children. Times are seconds.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

from assay.model.candidate import Record
from assay.sandbox.forkserver_plan import Step
from assay.sandbox.nsjail import Rlimit
from assay.sandbox.reaping import send
from assay.sandbox.supervise import nothing
from assay.sandbox.usage import own_cpu_seconds

ANSWER_SECONDS = 20.0
_MOST = 4096
_CREDENTIALS = struct.Struct("3i")
_MARSHAL = 2
"""The format that every Python reads. Nothing that comes back is read that way."""


class Gone(Exception):
    """The server did not do what it was asked, and is not to be asked again."""


class NoChild(Exception):
    """This one child did not come to be; the server may be asked for others."""


class Request(Record, frozen=True, kw_only=True):
    """One child: what it mounts, where it starts, its limits by number, the program's arguments. `tree` is
    where its tree is. With `instead`, it becomes that program in the place of its text."""

    mounts: tuple[Step, ...]
    cwd: str
    limits: tuple[tuple[int, Rlimit], ...]
    arguments: tuple[str, ...]
    tree: str
    report: bool = False
    instead: tuple[str, ...] = ()

    def plain(self, entrances: int) -> bytes:
        """As it is sent, with how many control groups there are to be entered."""
        return pack(
            {
                "mounts": [step.plain() for step in self.mounts],
                "cwd": self.cwd,
                "limits": [(number, limit.value, limit.own.value) for number, limit in self.limits],
                "arguments": list(self.arguments),
                "tree": self.tree,
                "report": self.report,
                "exec": list(self.instead),
                "entrances": entrances,
            }
        )


class Fork:
    """One child: a `Reaping`. `pid` is that of the process outside the jail, `first_pid` that of the first
    process inside, for which `first` is a pidfd that belongs to whoever takes it."""

    def __init__(self, link: socket.socket, server: Server) -> None:
        """Waits until both processes are there. Raises Gone, or NoChild where they do not come to be."""
        self.lost = False
        self.left_out = server.left_out
        self.descriptor = self.first = -1
        self._link = link
        self._server = server
        server.count(1)
        try:
            self.pid, self.descriptor = self._hear(b"outer")
            self.first_pid, self.first = self._hear(b"first")
        except BaseException:
            self.close()
            raise

    def collect(self) -> tuple[int, float] | None:
        """See `Reaping`."""
        if not _readable(self.descriptor, 0):
            return None
        self._link.setblocking(False)
        try:
            status, _, micros = self._link.recv(_MOST).partition(b" ")
            return int(status) << 8, int(micros) / 1e6
        except (OSError, ValueError):
            self.lost = True
            return signal.SIGKILL, 0.0

    def nudge(self, number: signal.Signals) -> None:
        """See `Reaping`."""
        send(self.descriptor, number)

    def close(self) -> None:
        """See `Reaping`."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        self._link.close()
        self._server.count(-1)

    def _hear(self, word: bytes) -> tuple[int, int]:
        said, pid = hear(self._link, ANSWER_SECONDS)
        if said != word:
            raise NoChild("the warm interpreter started no child")
        try:
            return pid, os.pidfd_open(pid)
        except OSError as error:
            raise NoChild(f"a child of the warm interpreter is gone ({error.strerror})") from error


class Roll:
    """All servers of one sandbox, for what they use. Safe for several threads."""

    def __init__(self) -> None:
        self.count = 0
        self._mutex = threading.Lock()
        self._there: set[Server] = set()
        self._before = 0.0

    def enter(self, server: Server) -> None:
        """It was started."""
        with self._mutex:
            self.count += 1
            self._there.add(server)

    def leave(self, server: Server) -> None:
        """It is over."""
        with self._mutex:
            self._there.discard(server)
            self._before += server.cpu_seconds()

    def cpu_seconds(self) -> float:
        """Processor time of all of them so far: for their imports, and for forking."""
        with self._mutex:
            return self._before + sum(server.cpu_seconds() for server in self._there)


class Server:
    """One server. `places` are the host's directories that its stage has, by the stage's paths."""

    def __init__(
        self, *, supervisor: int, channel: socket.socket, places: dict[str, str], roll: Roll
    ) -> None:
        """`supervisor`: the pid of its nsjail, our child."""
        self.places = places
        self.left_out: tuple[tuple[str, str], ...] = ()
        self.running = 0
        self.on_close: Callable[[], None] = nothing
        self._supervisor = supervisor
        self._channel = channel
        self._pid = 0
        self._pidfd = -1
        self._mutex = threading.Lock()
        self._own = self._supervisors = self._charged = 0.0
        self._roll = roll
        roll.enter(self)

    def cpu_seconds(self) -> float:
        """Processor time so far, its nsjail's included. Its children's is counted with their jails."""
        if self._supervisor:
            # Each as its parent's child, so that a number that is used again is not mistaken for it.
            self._supervisors = max(self._supervisors, own_cpu_seconds(self._supervisor, parent=os.getpid()))
            if self._pid:
                self._own = max(self._own, own_cpu_seconds(self._pid, parent=self._supervisor))
        return self._own + self._supervisors + self._charged

    def charge(self, cpu_seconds: float) -> None:
        """Count what was used for it elsewhere."""
        self._charged += cpu_seconds

    def first_words(self, seconds: float) -> list[str]:
        """What it says when it is ready, or why it never will be."""
        said, pid = hear(self._channel, seconds)
        if said:
            self._pid = pid
            self.cpu_seconds()  # one that is spoilt is about to go
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(pid)
        return said.decode("utf-8", "replace").split("\0")

    def fork(self, request: Request, descriptors: Sequence[int], entrances: Sequence[str]) -> Fork:
        """A child that has the given descriptors: the log, status and go pipes, its input, output and error
        streams, and the report pipe if it has one. Raises Gone."""
        with contextlib.ExitStack() as stack:
            plan = os.memfd_create("assay-plan", os.MFD_CLOEXEC)
            stack.callback(os.close, plan)
            with open(plan, "wb", closefd=False) as file:
                file.write(request.plain(len(entrances)))
            ours, theirs = listening_pair()
            stack.callback(theirs.close)
            groups = []
            for entrance in entrances:
                groups.append(os.open(entrance, os.O_WRONLY | os.O_CLOEXEC))
                stack.callback(os.close, groups[-1])
            try:
                with self._mutex:
                    sent = [plan, theirs.fileno(), *descriptors, *groups]
                    socket.send_fds(self._channel, [b"fork"], sent)
            except OSError as error:
                ours.close()
                raise Gone(f"the warm interpreter is gone ({error.strerror})") from error
            theirs.close()
            return Fork(ours, self)

    def count(self, more: int) -> None:
        """So many more children are running."""
        with self._mutex:
            self.running += more

    def close(self) -> None:
        """End it and all its children; they are gone afterwards."""
        self.cpu_seconds()
        self._channel.close()
        if self._pidfd >= 0:
            # The first process of its pid namespace goes last, and its nsjail might not notice at once.
            send(self._pidfd, signal.SIGKILL)
            _readable(self._pidfd, ANSWER_SECONDS)
            os.close(self._pidfd)
            self._pidfd = -1
        os.kill(self._supervisor, signal.SIGKILL)
        supervisor, self._supervisor = self._supervisor, 0
        os.waitpid(supervisor, 0)
        self._roll.leave(self)
        self.on_close()


def listening_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends; the first is told who writes to the second."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    return ours, theirs


def hear(channel: socket.socket, seconds: float) -> tuple[bytes, int]:
    """The next message and the pid, as we see it, of the process that sent it; empty at the end. Raises Gone
    when there is none in time."""
    if not _readable(channel.fileno(), seconds):
        raise Gone(f"the warm interpreter gave no answer within {seconds:g} s")
    try:
        said, extra, _, _ = channel.recvmsg(_MOST, socket.CMSG_SPACE(_CREDENTIALS.size))
    except OSError as error:
        raise Gone(f"the warm interpreter is gone ({error.strerror})") from error
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return said, int(_CREDENTIALS.unpack(data)[0])
    return said, 0


def pack(content: Any) -> bytes:
    """Plain values as the target's interpreter, whatever its version, reads them without a module."""
    return marshal.dumps(content, _MARSHAL)


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
