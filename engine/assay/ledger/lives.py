"""Whether the process behind a transaction still lives: one lock file, one locked byte per transaction.

Promises: the kernel drops the lock when the process ends, however it ends; it holds across containers that
share the file, where process ids do not. The lock belongs to the open file, so that it is neither lost by
another part of the program closing the same file nor passed on to a program that is started.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from pathlib import Path

_LAYOUT = "hhqqi0q"
"""The kernel's `struct flock`: type, whence, start, length, process."""

SETUP = 0
"""The byte locked while the ledger is being created; transactions lock the number of their first entry."""


class Lives:
    """The lock file, opened at first need. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._mine: set[int] = set()
        self._lock = threading.Lock()

    def hold(self, number: int) -> None:
        """Lock a number until `release` or the end of the process. Waits. Raises OSError."""
        with self._lock:
            fcntl.fcntl(self._open(), fcntl.F_OFD_SETLKW, _request(fcntl.F_WRLCK, number))
            self._mine.add(number)

    def release(self, number: int) -> None:
        """Unlock a number that was held here; no matter if it was not."""
        with self._lock:
            if number in self._mine:
                fcntl.fcntl(self._open(), fcntl.F_OFD_SETLK, _request(fcntl.F_UNLCK, number))
                self._mine.discard(number)

    def held(self, number: int) -> bool:
        """Whether anyone, here or in another process, holds a number. Raises OSError."""
        with self._lock:
            if number in self._mine:
                return True
            if not self._path.exists():
                return False
            answer = fcntl.fcntl(self._open(), fcntl.F_OFD_GETLK, _request(fcntl.F_WRLCK, number))
        return bool(struct.unpack(_LAYOUT, answer)[0] != fcntl.F_UNLCK)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1
            self._mine.clear()

    def _open(self) -> int:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor


def _request(kind: int, number: int) -> bytes:
    return struct.pack(_LAYOUT, kind, os.SEEK_SET, number, 1, 0)
