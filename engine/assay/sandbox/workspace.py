"""The tree of one jail: frozen layers below, a scratch layer on top that lives as long as the jail.

Promises: nothing here follows a link that a candidate wrote. What is read back after a run is read from the
scratch layer only, by descriptors, regular files only, and within a bound.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from assay.sandbox.identity import Identity
from assay.sandbox.tree import remove_tree

OPAQUE = "user.overlay.opaque"


class Obstructed(Exception):
    """The tree itself is in the way of a mount point: the tree's fault, not the machine's."""


class Scratch:
    """The scratch layer and the overlay's work directory of one jail."""

    def __init__(self, directory: Path, identity: Identity) -> None:
        self.directory = directory
        self.upper = directory / "u"
        self.work = directory / "w"
        directory.mkdir(mode=0o711)
        directory.chmod(0o711)
        for path in (self.upper, self.work):
            path.mkdir(mode=0o755)
            path.chmod(0o755)
            if not identity.is_self:
                os.chown(path, identity.uid, identity.gid)

    def keep(self, target: Path) -> None:
        """Move the scratch layer to `target`, to become a frozen layer."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            target.rmdir()
        self.upper.rename(target)

    def remove(self) -> None:
        """Remove both directories and whatever is in them."""
        # The kernel leaves an unreadable directory here, which would cost an ordinary user two processes.
        with contextlib.suppress(OSError):
            (self.work / "work").chmod(0o700)
        remove_tree(self.directory)


class OnScratch:
    """What a program left in its scratch layer, if it has one: a part of `backend.Prepared`."""

    scratch: Scratch | None

    def outputs(self, paths: tuple[str, ...], bound: int) -> dict[str, bytes]:
        """See `Prepared`."""
        return read_files(self.scratch.upper, paths, bound) if self.scratch is not None else {}

    def keep(self, target: Path) -> None:
        """See `Prepared`."""
        if self.scratch is not None:
            self.scratch.keep(target)


def read_files(top: Path, paths: Iterable[str], bound: int) -> dict[str, bytes]:
    """The files at `paths` below `top` that a program left, `bound` bytes in all (0: no bound). Files beyond
    the bound, links and whatever is no regular file are left out."""
    found: dict[str, bytes] = {}
    left = bound if bound else 1 << 62
    for path in paths:
        data = _read_regular(top, PurePosixPath(path), left)
        if data is not None:
            found[path] = data
            left -= len(data)
    return found


def check_point(layers: Sequence[Path], relative: PurePosixPath, *, directory: bool) -> None:
    """Make sure that mounting at `relative` below the tree of `layers` (bottom first) goes where it should:
    each step is a real directory or absent. Raises Obstructed otherwise."""
    contributing = [Path(layer) for layer in reversed(layers)]
    for depth in range(1, len(relative.parts) + 1):
        here = PurePosixPath(*relative.parts[:depth])
        kind, contributing = _merged(contributing, here.name)
        if kind is None:
            return
        last = depth == len(relative.parts)
        wanted = stat.S_ISREG(kind) if last and not directory else stat.S_ISDIR(kind)
        if not wanted:
            raise Obstructed(
                f"the tree has {_words(kind)} at {here}, where the jail needs to mount something"
            )


def _merged(contributing: Sequence[Path], name: str) -> tuple[int | None, list[Path]]:
    """Look `name` up as overlayfs does: its mode or None, and the directories that make it up, top first."""
    directories: list[Path] = []
    for directory in contributing:
        path = directory / name
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Obstructed(f"the tree's {name} cannot be looked at ({error.strerror})") from error
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            break
        if not stat.S_ISDIR(status.st_mode):
            if not directories:
                return status.st_mode, []
            break
        directories.append(path)
        if is_opaque(path):
            break
    return (stat.S_IFDIR, directories) if directories else (None, [])


def is_opaque(directory: Path) -> bool:
    """Whether an overlay layer's directory hides what is below it."""
    try:
        return os.getxattr(directory, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _words(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a directory" if stat.S_ISDIR(mode) else "a file"


def _read_regular(top: Path, relative: PurePosixPath, bound: int) -> bytes | None:
    if relative.is_absolute() or not relative.parts or ".." in relative.parts:
        return None
    opened: list[int] = []
    try:
        here = os.open(top, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.append(here)
        for part in relative.parts[:-1]:
            flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            here = os.open(part, flags, dir_fd=here)
            opened.append(here)
        # Not to block on a fifo that the program put there.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        last = os.open(relative.parts[-1], flags, dir_fd=here)
        opened.append(last)
        status = os.fstat(last)
        if not stat.S_ISREG(status.st_mode) or status.st_size > bound:
            return None
        return _read_all(last, status.st_size)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        if not chunk:
            break
        data += chunk
    return bytes(data)
