"""Writing git trees and differences of trees as overlay layers.

Promises: blobs are written as they are stored (no filter, no line-end conversion), modes are git's,
submodules are empty directories. Every step goes through the descriptor of a directory made here and never
through a link, so that a crafted tree (`..`, one name twice, a link and a directory of one name) can neither
leave the layer nor write through it: it is refused with `BadInput`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

from assay.model.errors import BadInput
from assay.repo.repository import SUBMODULE, SYMLINK, Repository
from assay.repo.trees import TreeDelta
from assay.sandbox.identity import Identity
from assay.sandbox.workspace import OPAQUE

_MAX_DEPTH = 400
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LayerWriter:
    """Writes below one fresh directory. Use as a context manager; paths are '/'-separated bytes."""

    def __init__(self, directory: str, identity: Identity, mtime: int | None = None) -> None:
        """`mtime`: the time in seconds that every file gets, or None for now."""
        self._owner = None if identity.is_self else (identity.uid, identity.gid)
        self._times = None if mtime is None else (mtime * 10**9, mtime * 10**9)
        # The chain of open directories that leads to the last path written.
        self._names: list[bytes] = []
        self._chain = [os.open(directory, _DIRECTORY)]
        self._finish(self._chain[0], 0o755)

    def __enter__(self) -> LayerWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(0)
        os.close(self._chain.pop())

    def file(self, path: bytes, data: bytes, *, executable: bool) -> None:
        """A regular file."""
        here, name = self._parent(path)
        descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=here)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            self._finish(descriptor, 0o755 if executable else 0o644)
            if self._times is not None:
                os.utime(descriptor, ns=self._times)
        finally:
            os.close(descriptor)

    @contextmanager
    def stream(self, path: bytes) -> Iterator[BinaryIO]:
        """A regular file that is written piece by piece."""
        here, name = self._parent(path)
        descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=here)
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            self._finish(descriptor, 0o644)

    def link(self, path: bytes, target: bytes) -> None:
        """A symbolic link."""
        here, name = self._parent(path)
        os.symlink(target, name, dir_fd=here)
        if self._owner is not None:
            os.chown(name, *self._owner, dir_fd=here, follow_symlinks=False)

    def directory(self, path: bytes, *, opaque: bool) -> None:
        """A directory; an opaque one hides what lower layers have there."""
        here = self._enter(path.split(b"/"))
        if opaque:
            os.setxattr(here, OPAQUE, b"y")

    def whiteout(self, path: bytes) -> None:
        """Hide what lower layers have at `path`."""
        here, name = self._parent(path)
        os.mknod(name, stat.S_IFCHR | 0o000, os.makedev(0, 0), dir_fd=here)

    def _parent(self, path: bytes) -> tuple[int, bytes]:
        *parents, name = path.split(b"/")
        _check_name(name)
        return self._enter(parents), name

    def _enter(self, parts: list[bytes]) -> int:
        common = 0
        while common < min(len(parts), len(self._names)) and parts[common] == self._names[common]:
            common += 1
        self._leave(common)
        if len(parts) > _MAX_DEPTH:
            raise BadInput(f"the tree has directories nested deeper than {_MAX_DEPTH}", where=_show(parts[0]))
        for name in parts[common:]:
            _check_name(name)
            above = self._chain[-1]
            try:
                os.mkdir(name, 0o700, dir_fd=above)
                fresh = True
            except FileExistsError:
                fresh = False
            descriptor = os.open(name, _DIRECTORY, dir_fd=above)
            self._chain.append(descriptor)
            self._names.append(name)
            if fresh:
                self._finish(descriptor, 0o755)
        return self._chain[-1]

    def _leave(self, depth: int) -> None:
        while len(self._names) > depth:
            os.close(self._chain.pop())
            self._names.pop()

    def _finish(self, descriptor: int, mode: int) -> None:
        if self._owner is not None:
            os.fchown(descriptor, *self._owner)
        os.fchmod(descriptor, mode)


def write_tree(repo: Repository, tree: str, writer: LayerWriter) -> int:
    """Write a whole tree; how many files it has. Raises BadInput for a tree that is no sound checkout."""
    count = 0
    for entry in repo.files(tree):
        _write(repo, writer, entry.path, entry.mode, entry.blob)
        count += 1
    return count


def write_delta(repo: Repository, delta: TreeDelta, writer: LayerWriter) -> None:
    """Write what turns one tree into another. Raises BadInput like `write_tree`."""
    written = {entry.path for entry in delta.writes}
    ancestors = {parent for path in written for parent in _parents(path)}
    for path in delta.deletions:
        # A directory or file in the place of what was deleted hides it without a whiteout, but a directory
        # over a directory must say so.
        if path in ancestors:
            _guarded(path, partial(writer.directory, os.fsencode(path), opaque=True))
        elif path not in written:
            _guarded(path, partial(writer.whiteout, os.fsencode(path)))
    for entry in delta.writes:
        _write(repo, writer, entry.path, entry.mode, entry.blob)


def _write(repo: Repository, writer: LayerWriter, path: str, mode: int, blob: str) -> None:
    raw = os.fsencode(path)
    if mode == SUBMODULE:
        _guarded(path, partial(writer.directory, raw, opaque=True))
    elif mode == SYMLINK:
        _guarded(path, partial(writer.link, raw, repo.blob(blob)))
    else:
        data = repo.blob(blob)
        _guarded(path, partial(writer.file, raw, data, executable=bool(mode & 0o111)))


def _guarded(path: str, work: Callable[[], None]) -> None:
    try:
        work()
    except (FileExistsError, NotADirectoryError) as error:
        raise BadInput("the tree has one name twice, or a file where a directory is", where=path) from error
    except (OSError, ValueError) as error:
        if _is_the_trees_fault(error):
            raise BadInput(f"this path of the tree cannot be written ({error})", where=path) from error
        raise


def _is_the_trees_fault(error: Exception) -> bool:
    if isinstance(error, ValueError):
        return True
    return getattr(error, "errno", None) in (errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.ENOENT)


def _check_name(name: bytes) -> None:
    if name in (b"", b".", b".."):
        raise BadInput("the tree has an entry whose name is no file name", where=_show(name))


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _show(name: bytes) -> str:
    return repr(os.fsdecode(name))
