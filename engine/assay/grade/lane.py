"""The lock by which runs know that somebody waits for one of them.

Promises: held while the body runs, and not an instant longer, however the process ends. Whether anybody holds
it can be asked without taking it, so that those who ask are never taken for those who hold. Imports next to
nothing: it is taken before anything else is done.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "lane"
_LAYOUT = "hhqqi0q"
"""The kernel's `struct flock`: type, whence, start, length, process."""


@contextmanager
def interactive(directory: Path) -> Iterator[None]:
    """While the body runs, bulk runs with this cache directory give way. A directory that does not take the
    lock keeps nobody from running."""
    try:
        descriptor = open_lane(directory)
    except OSError:
        yield
        return
    try:
        _lock(descriptor, fcntl.F_OFD_SETLK)
        yield
    finally:
        os.close(descriptor)


def open_lane(directory: Path) -> int:
    """A descriptor for `taken`. Raises OSError."""
    return os.open(directory / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, command: int, kind: int = fcntl.F_RDLCK) -> bytes:
    return fcntl.fcntl(descriptor, command, struct.pack(_LAYOUT, kind, os.SEEK_SET, 0, 1, 0))


def taken(descriptor: int) -> bool:
    """Whether anybody holds the lock."""
    answer = _lock(descriptor, fcntl.F_OFD_GETLK, fcntl.F_WRLCK)
    return bool(struct.unpack(_LAYOUT, answer)[0] != fcntl.F_UNLCK)
