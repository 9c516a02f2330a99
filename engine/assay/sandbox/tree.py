"""Walking a tree that a hostile program made, and removing one: any depth, any modes, any number of files.

Promises: one open directory at a time and no recursion, so that no tree can use up the engine's
descriptors or stack; no link is followed; nothing outside of the tree is touched, even while a program
moves directories about.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from assay.model.candidate import Record

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 20
_BLOCK = 512
"""The unit of st_blocks, whatever the file system."""


class Size(Record, frozen=True, kw_only=True):
    """What a tree holds, its top not counted: bytes on disk, and directory entries. `whole` is false where
    a directory could not be read, moved meanwhile, or the walk was ended early: there may be more."""

    bytes: int = 0
    files: int = 0
    whole: bool = True


class _Moved(Exception):
    """A directory is no longer where it was entered."""


class _Walker:
    """Depth first, by one descriptor. `enter` goes down, `leave` comes back and tells the name left."""

    def __init__(self, top: Path) -> None:
        self.here = os.open(top, _OPEN)
        self._trail: list[tuple[str, int, int, int | None]] = []

    def enter(self, name: str, *, force: bool = False) -> None:
        """Go down. With `force`, give ourselves every right to the directory first. Raises OSError."""
        status = os.fstat(self.here)
        closed = _open_up(name, self.here) if force else None
        below = os.open(name, _OPEN, dir_fd=self.here)
        if not os.access(".", os.X_OK, dir_fd=below):
            os.close(below)
            raise PermissionError(name)  # there would be no way back
        os.close(self.here)
        self.here = below
        self._trail.append((name, status.st_dev, status.st_ino, closed))

    def leave(self) -> str:
        """Go back up, the directory's mode as it was: the name that was entered. Raises `_Moved` where up is
        no longer the way back."""
        name, device, inode, closed = self._trail.pop()
        above = os.open("..", _OPEN, dir_fd=self.here)
        if closed is not None:
            os.fchmod(self.here, closed)
        os.close(self.here)
        self.here = above
        status = os.fstat(above)
        if (status.st_dev, status.st_ino) != (device, inode):
            raise _Moved
        return name

    def close(self) -> None:
        os.close(self.here)


def measure(
    top: Path, *, most_files: int = 0, force: bool = False, ended: Callable[[], bool] = lambda: False
) -> Size:
    """What is below `top`. Stops counting beyond `most_files` (0: never), or once `ended()`. With `force`,
    directories that their owner closed are opened for the moment that it takes to look into them."""
    count = _Count()
    try:
        walker = _Walker(top)
    except OSError:
        return Size(whole=False)
    pending = [count.look(walker.here)]
    try:
        while pending and not ended() and not 0 < most_files < count.files:
            if pending[-1]:
                try:
                    walker.enter(pending[-1].pop(), force=force)
                except OSError:
                    count.whole = False
                else:
                    pending.append(count.look(walker.here))
                continue
            pending.pop()
            if pending:
                walker.leave()
    except (OSError, _Moved):
        count.whole = False
    finally:
        walker.close()
    return Size(bytes=count.bytes, files=count.files, whole=count.whole and not pending)


class _Count:
    def __init__(self) -> None:
        self.bytes = 0
        self.files = 0
        self.whole = True
        self._linked: set[tuple[int, int]] = set()

    def look(self, directory: int) -> list[str]:
        """Count what is in a directory: the names of the directories in it."""
        below = []
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    self.files += 1
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        below.append(entry.name)
                    elif status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in self._linked:
                            continue
                        self._linked.add((status.st_dev, status.st_ino))
                    self.bytes += status.st_blocks * _BLOCK
        except OSError:
            self.whole = False
        return below


def remove_tree(path: Path) -> None:
    """Remove a directory whatever a program left in it: unreadable directories, any depth, dying writers.
    A file or a link is removed as well."""
    for _ in range(_TRIES):
        try:
            if stat.S_ISDIR(path.lstat().st_mode):
                _clear(path)
                path.rmdir()
            else:
                path.unlink()
        except FileNotFoundError:
            pass
        except (OSError, _Moved):
            # A writer that is about to die has made more meanwhile.
            time.sleep(0.05)
        if not os.path.lexists(path):
            return


def _clear(top: Path) -> None:
    above = os.open(top.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _open_up(top.name, above)
    finally:
        os.close(above)
    walker = _Walker(top)
    try:
        pending = [_unlink_all(walker.here)]
        while pending:
            if pending[-1]:
                walker.enter(pending[-1].pop(), force=True)
                pending.append(_unlink_all(walker.here))
                continue
            pending.pop()
            if pending:
                os.rmdir(walker.leave(), dir_fd=walker.here)
    finally:
        walker.close()


def _unlink_all(directory: int) -> list[str]:
    """Remove everything in a directory but directories: their names."""
    below = []
    with os.scandir(directory) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in listed:
        if is_directory:
            below.append(name)
        else:
            os.unlink(name, dir_fd=directory)
    return below


def _open_up(name: str, parent: int) -> int | None:
    """Give ourselves every right to a directory, and to nothing else that may have taken its place: the mode
    it had, or None where nothing had to be done."""
    held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        mode = os.fstat(held).st_mode
        if mode & stat.S_IRWXU == stat.S_IRWXU:
            return None
        Path(f"/proc/self/fd/{held}").chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        return stat.S_IMODE(mode)
    finally:
        os.close(held)
