"""Where Assay keeps its cache: the first place that can really hold overlay layers.

Promises: a place is taken only after an extended attribute and a whiteout were really made in it; it is
private to its owner (for root: passable, but not readable, for the jail's user).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from assay.model.candidate import Record
from assay.model.errors import Unsound
from assay.sandbox.scratch import new_name, settled
from assay.sandbox.tree import remove_tree
from assay.sandbox.workspace import OPAQUE

_FORBIDDEN = frozenset(":,\\")
_TRIAL = "try-"
_MAX_LENGTH = 200
"""Four or five layer paths share the 4096 bytes of a mount's options."""


class Cache(Record, frozen=True, kw_only=True):
    """The directory in use, and why the places before it were not taken."""

    directory: Path
    passed_over: tuple[str, ...] = ()


def find_cache(environ: Mapping[str, str]) -> Cache:
    """The cache directory, made if need be. Raises Unsound where no place will do."""
    passed_over = []
    for place in _places(environ):
        try:
            _take(place)
        except OSError as error:
            passed_over.append(f"{place}: {error.strerror or error}")
        else:
            return Cache(directory=place, passed_over=tuple(passed_over))
    raise Unsound(
        "no directory can hold overlay layers (" + "; ".join(passed_over) + ")",
        where="cache",
        fix="set ASSAY_CACHE_DIR to a directory on ext4, xfs, btrfs or tmpfs",
    )


def likely_cache(environ: Mapping[str, str]) -> Path | None:
    """Where the cache is if it has been used before, without trying it: None where there is none yet."""
    for place in _places(environ):
        try:
            status = place.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            return place
    return None


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("ASSAY_CACHE_DIR"):
        yield Path(named).absolute()
        return
    if os.geteuid() == 0:
        yield Path("/var/cache/assay")
    else:
        home = environ.get("HOME", "")
        xdg = environ.get("XDG_CACHE_HOME", "")
        if xdg.startswith("/"):
            yield Path(xdg) / "assay"
        elif home.startswith("/"):
            yield Path(home) / ".cache" / "assay"
    for shared in ("/var/tmp", "/dev/shm"):  # noqa: S108 -- checked for their owner before use
        yield Path(shared) / f"assay-{os.geteuid()}"


def _take(place: Path) -> None:
    if set(str(place)) & _FORBIDDEN or len(str(place)) > _MAX_LENGTH:
        raise OSError(0, "mount options cannot hold this path")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = place.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise OSError(0, "not a directory of this user's own")
    place.chmod(0o711 if os.geteuid() == 0 else 0o700)
    for left in place.glob(f"{_TRIAL}*"):
        if settled(left):  # by a run that was killed just there
            remove_tree(left)
    trial = place / f"{_TRIAL}{new_name()}"
    trial.mkdir(mode=0o755)
    try:
        os.setxattr(trial, OPAQUE, b"y")
        os.mknod(trial / "whiteout", stat.S_IFCHR, os.makedev(0, 0))
        if _is_overlay(place):
            raise OSError(0, "an overlay, which cannot hold another one's upper layer")
    finally:
        with contextlib.suppress(OSError):
            remove_tree(trial)


def _is_overlay(place: Path) -> bool:
    """Whether the file system at `place` is an overlay, by the mount table: the last mount that holds it."""
    found, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        if (place == Path(point) or Path(point) in place.parents) and len(point) >= len(found):
            found, kind = point, after.split()[0]
    return kind in ("overlay", "fuse-overlayfs", "fuse.fuse-overlayfs")
