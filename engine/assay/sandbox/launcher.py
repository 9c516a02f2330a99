"""The one thread that starts jails: their parent, and, for root, the owner of a private view of the mounts.

Promises: every jail's supervisor is told by the kernel to die with this thread; what is mounted to make
host paths reachable for the jail's unprivileged user exists only in this thread's mount namespace, so that
the host never sees it and it vanishes with the process, even at kill -9. Descriptors are passed by number;
nothing else is inherited.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import queue
import signal
import stat
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from assay.model.errors import Unsound

T = TypeVar("T")

_CLONE_NEWNS = 0x00020000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_SLAVE = 2, 4, 0x1000, 0x4000, 1 << 19
_MNT_DETACH = 2
_COVERED = "/tmp"  # noqa: S108 -- covered by a private file system, in which nobody else can make names
_STAGE = f"{_COVERED}/s"
_IDLE_STAGES = 32
_FIRST_FREE = 16
"""Descriptors of a child are numbered below this; sources are moved above, so that none is overwritten."""


class Launcher:
    """Starts processes from a thread of its own. Use as a context manager."""

    def __init__(self, *, private: bool) -> None:
        """`private`: give the thread its own mount namespace. Raises Unsound if that is refused."""
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stages: dict[str, _Stage] = {}
        self._names = 0
        self._covered = -1
        self._private = private
        self._thread = threading.Thread(target=self._serve, name="assay-launcher", daemon=True)
        self._thread.start()
        if private:
            try:
                self.call(self._go_private)
            except OSError as error:
                self.close()
                raise Unsound(
                    f"root may not make a mount namespace here ({error.strerror})",
                    where="launcher",
                    fix="run as an ordinary user, or give this container CAP_SYS_ADMIN",
                ) from error

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; every jail that still runs dies with it."""
        self._orders.put(None)
        self._thread.join()
        if self._covered >= 0:
            os.close(self._covered)
            self._covered = -1

    def call(self, work: Callable[[], T]) -> T:
        """`work()` done by the thread; blocks, and raises what it raises."""
        future: Future[T] = Future()

        def order() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self._orders.put(order)
        return future.result()

    def spawn(self, argv: Sequence[str], environ: Mapping[str, str], descriptors: Mapping[int, int]) -> int:
        """Start a process in a session of its own; its pid. `descriptors` maps the child's numbers to ours.
        Only to be used from within `call`."""
        raised = {number: _raise(descriptor) for number, descriptor in descriptors.items()}
        try:
            return os.posix_spawn(
                argv[0],
                list(argv),
                dict(environ),
                file_actions=[(os.POSIX_SPAWN_DUP2, ours, number) for number, ours in raised.items()],
                setsid=True,
                setsigmask=(),
                setsigdef=_DEFAULTED,
            )
        finally:
            for ours in raised.values():
                os.close(ours)

    def reach(self, path: str) -> str:
        """A path by which the jail's user can reach what is at `path`, which must have no symlinks in it.
        Hold it until `let_go`. Only to be used from within `call`."""
        if not self._private or _reachable(path):
            return path
        stage = self._stages.get(path)
        if stage is None:
            self._forget_idle()
            stage = self._stages[path] = _Stage(self._bind(path))
        stage.users += 1
        return stage.place

    def let_go(self, paths: Iterable[str]) -> None:
        """The counterpart of `reach`. Only to be used from within `call`."""
        for path in paths:
            if (stage := self._stages.get(path)) is not None:
                stage.users -= 1

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            order()

    def _go_private(self) -> None:
        _check(_libc.unshare(_CLONE_NEWNS))
        mine = Path("/proc/thread-self/ns/mnt").stat().st_ino
        if mine == Path(f"/proc/{os.getpid()}/ns/mnt").stat().st_ino:
            raise OSError(0, "the new namespace is the old one")
        _mount(None, "/", None, _MS_REC | _MS_SLAVE, None)
        self._covered = os.open(_COVERED, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        _mount("assay", _COVERED, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777,size=4m")
        # Thread-relative: the rest of the process still sees the directory that is covered here.
        Path(_STAGE).mkdir(mode=0o711)

    def _bind(self, path: str) -> str:
        source = path
        if path == _COVERED or path.startswith(_COVERED + "/"):
            source = f"/proc/thread-self/fd/{self._covered}{path[len(_COVERED) :]}"
        self._names += 1
        place = f"{_STAGE}/{self._names}"
        if Path(source).is_dir():
            Path(place).mkdir(mode=0o711)
        else:
            Path(place).touch(mode=0o444, exist_ok=False)
        _mount(source, place, None, _MS_BIND | _MS_REC, None)
        return place

    def _forget_idle(self) -> None:
        """Every jail copies the table of mounts: keep it short."""
        idle = [path for path, stage in self._stages.items() if stage.users == 0]
        for path in idle[: max(0, len(idle) - _IDLE_STAGES)]:
            place = self._stages.pop(path).place
            _check(_libc.umount2(os.fsencode(place), _MNT_DETACH))


class _Stage:
    def __init__(self, place: str) -> None:
        self.place = place
        self.users = 0


def _reachable(path: str) -> bool:
    """Whether any user of the host can get to `path`, seen with /tmp covered."""
    if path == _COVERED or path.startswith(_COVERED + "/"):
        return False
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in Path(path).parents)


def _raise(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)


# Python ignores these; a child that inherits that would not end on a closed pipe.
_DEFAULTED = (signal.SIGPIPE, signal.SIGXFSZ)
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None) -> None:
    parts = [None if part is None else os.fsencode(part) for part in (source, target, kind)]
    _check(_libc.mount(*parts, ctypes.c_ulong(flags), None if data is None else data.encode()))
