"""The cache of frozen layers on disk: named, locked while in use, bounded.

Promises: a layer appears under its name whole or not at all, and never changes again; a layer that any
process uses is never removed; what a killed builder left is swept; the cache stays within its bounds.

    <cache>/l/<name>    the layer itself
    <cache>/m/<name>    what it is, as JSON, written last; its time is that of the last use
    <cache>/k/<name>    its lock: shared while in use, exclusive while built or removed
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from assay.model.candidate import Record
from assay.sandbox.scratch import settled
from assay.sandbox.tree import remove_tree

_BUILDING = ".new-"
_PARTIAL = "."
"""How the name of a marker begins that is being written."""


class LayerKind(StrEnum):
    """What a cached layer holds."""

    FULL = "full"
    DELTA = "delta"
    PREPARED = "prepared"
    GIT = "git"


class Marker(Record, frozen=True, kw_only=True):
    """What a layer is. `repo` names the repository it was made for; `below` the layer a delta stands on."""

    kind: LayerKind
    repo: str
    tree: str
    files: int = 0
    below: str = ""


KEPT_PER_REPOSITORY = {LayerKind.FULL: 3, LayerKind.DELTA: 24, LayerKind.PREPARED: 24, LayerKind.GIT: 3}
KEPT_IN_ALL = {LayerKind.FULL: 12, LayerKind.DELTA: 96, LayerKind.PREPARED: 96, LayerKind.GIT: 12}


class LayerCache:
    """Layers by name. Holds the locks of what was used until closed. Safe for several threads."""

    def __init__(self, directory: Path) -> None:
        self._layers, self._markers, self._locks = (directory / part for part in "lmk")
        for part in (self._layers, self._markers, self._locks):
            part.mkdir(exist_ok=True)
            part.chmod(directory.stat().st_mode & 0o777)
        self._held: dict[str, int] = {}
        self._mutex = threading.Lock()
        self._sweep()

    def get(self, name: str) -> Path | None:
        """The layer of this name, locked until `close`; None if there is none."""
        if not self._hold(name):
            return None
        with contextlib.suppress(OSError):
            os.utime(self._markers / name)
        return self._layers / name

    def _hold(self, name: str) -> bool:
        with self._mutex:
            if name in self._held:
                return True
        lock = self._lock(name, fcntl.LOCK_SH)
        if not (self._markers / name).exists():
            os.close(lock)
            return False
        with self._mutex:
            if name in self._held:
                os.close(lock)
            else:
                self._held[name] = lock
        return True

    def make(self, name: str, fill: Callable[[Path], Marker]) -> Path:
        """The layer of this name; made by `fill`, which is handed an empty directory, if there is none.
        Whoever asks meanwhile, in this process or another, waits for it."""
        while True:
            if (found := self.get(name)) is not None:
                return found
            with self._exclusively(name):
                if not (self._markers / name).exists():
                    self._build(name, fill)
            # Between the two locks somebody may have removed it again: look once more.

    @contextmanager
    def building(self, name: str) -> Iterator[Path]:
        """A path, not there yet, at which to put what `adopt` shall take; gone afterwards if it was not."""
        path = self._layers / f"{_BUILDING}{name}-{secrets.token_hex(4)}"
        lock = self._lock(path.name, fcntl.LOCK_EX)
        try:
            yield path
        finally:
            remove_tree(path)
            (self._locks / path.name).unlink(missing_ok=True)
            os.close(lock)

    def adopt(self, name: str, path: Path, marker: Marker) -> Path:
        """Make what was put at `path` the layer of this name, unless there is one by now."""

        def fill(directory: Path) -> Marker:
            directory.rmdir()
            path.rename(directory)
            return marker

        return self.make(name, fill)

    def markers(self) -> tuple[tuple[str, Marker], ...]:
        """Every layer's name and marker, last used first."""
        found = []
        for path in self._markers.iterdir():
            if path.name.startswith(_PARTIAL):
                continue
            try:
                marker = msgspec.json.decode(path.read_bytes(), type=Marker)
                found.append((path.stat().st_mtime_ns, path.name, marker))
            except (OSError, msgspec.DecodeError):
                continue
        return tuple(
            (name, marker) for _, name, marker in sorted(found, key=lambda each: (-each[0], each[1]))
        )

    def trim(self) -> None:
        """Remove what exceeds the bounds and nobody uses, longest unused first."""
        seen: dict[tuple[str, LayerKind], int] = {}
        doomed = []
        for name, marker in self.markers():
            for scope, bound in ((marker.repo, KEPT_PER_REPOSITORY), ("", KEPT_IN_ALL)):
                seen[scope, marker.kind] = seen.get((scope, marker.kind), 0) + 1
                if seen[scope, marker.kind] > bound[marker.kind]:
                    doomed.append(name)
                    break
        gone = {name for name in doomed if self._remove(name)}
        for name, marker in self.markers():
            if marker.below in gone:
                self._remove(name)

    def close(self) -> None:
        """Let go of every layer. Idempotent."""
        with self._mutex:
            for lock in self._held.values():
                os.close(lock)
            self._held.clear()

    def _build(self, name: str, fill: Callable[[Path], Marker]) -> None:
        fresh = self._layers / f"{_BUILDING}{name}"
        for leftover in (fresh, self._layers / name):
            if os.path.lexists(leftover):
                remove_tree(leftover)
        fresh.mkdir(mode=0o755)
        try:
            marker = fill(fresh)
        except BaseException:
            remove_tree(fresh)
            raise
        fresh.rename(self._layers / name)
        text = self._markers / f"{_PARTIAL}{name}-{secrets.token_hex(4)}"
        text.write_bytes(msgspec.json.encode(marker))
        text.rename(self._markers / name)

    def _remove(self, name: str) -> bool:
        with self._mutex:
            if name in self._held:
                return False
        try:
            lock = self._lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:
            (self._markers / name).unlink(missing_ok=True)
            remove_tree(self._layers / name)
        finally:
            os.close(lock)
        return True

    def _sweep(self) -> None:
        """Remove what killed builders left: a build holds its lock."""
        for path in self._markers.glob(f"{_PARTIAL}*"):
            if settled(path):
                path.unlink(missing_ok=True)
        for path in self._layers.iterdir():
            if not path.name.startswith(_BUILDING):
                continue
            # A directory being filled is locked under the layer's name, one to be adopted under its own.
            for name in (path.name, path.name.removeprefix(_BUILDING)):
                if not (self._locks / name).exists():
                    continue
                with contextlib.suppress(OSError):
                    lock = self._lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(path)
                    os.close(lock)
                break

    @contextmanager
    def _exclusively(self, name: str) -> Iterator[None]:
        lock = self._lock(name, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _lock(self, name: str, how: int) -> int:
        lock = os.open(self._locks / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, how)
        except BaseException:
            os.close(lock)
            raise
        return lock


def short_name(*parts: str) -> str:
    """A name from what determines a layer: short, since mount options are, and of harmless characters."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]
