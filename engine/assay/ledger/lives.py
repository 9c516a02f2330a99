"""Whether the process behind a transaction still lives: one lock file, one locked byte per transaction.

Promises: the kernel drops the lock when the process ends, however it ends; it holds across containers that
share the file, where process ids do not. The lock belongs to the open file, so that it is neither lost by
another part of the program closing the same file nor passed on to a program that is started.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import threading
from pathlib import Path

_LAYOUT = "hhqqi0q"
"""The kernel's `struct flock`: type, whence, start, length, process."""

SETUP = "set-up"
"""The name locked while the ledger is being created; transactions lock their own."""


class Lives:
    """The lock file, opened at first need. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._mine: set[str] = set()
        self._lock = threading.Lock()

    def hold(self, name: str) -> None:
        """Lock a name until `release` or the end of the process. Waits. Raises OSError."""
        with self._lock:
            fcntl.fcntl(self._open(), fcntl.F_OFD_SETLKW, _request(fcntl.F_WRLCK, name))
            self._mine.add(name)

    def release(self, name: str) -> None:
        """Unlock a name that was held here; no matter if it was not."""
        with self._lock:
            if name in self._mine:
                fcntl.fcntl(self._open(), fcntl.F_OFD_SETLK, _request(fcntl.F_UNLCK, name))
                self._mine.discard(name)

    def held(self, name: str) -> bool:
        """Whether anyone, here or in another process, holds a name. Raises OSError."""
        with self._lock:
            if name in self._mine:
                return True
            if not self._path.exists():
                return False
            answer = fcntl.fcntl(self._open(), fcntl.F_OFD_GETLK, _request(fcntl.F_WRLCK, name))
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


def _request(kind: int, name: str) -> bytes:
    # The byte comes from the name alone, so that a ledger begun anew shares none with runs of the old one.
    byte = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
    return struct.pack(_LAYOUT, kind, os.SEEK_SET, byte, 1, 0)
