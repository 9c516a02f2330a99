"""Directories that end with the transaction that made them, however it ends.

Promises (invariant 10): an area is removed when it is closed; when the engine dies in any way, a small
process that outlives it removes the area and ends what is left in its control groups; when even that
process was killed, the next run sweeps the area away. An area in use is never swept: its lock is held.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.sandbox.tree import remove_tree

_LOCK = "lock"
_GROUPS = "groups"
_FULL = 1 << 20
"""Bytes below which a file system is as good as full."""
_SETTLE_SECONDS = 60.0
_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
STATE, THAWED = "freezer.state", "THAWED"
"""Of version 1's freezer: what is held there dies when it is let go."""

# Waits for the end of its standard input, which is the end of the engine; then ends what still runs in the
# control groups and removes them and the directory. Later arguments are control groups. LITTER lists empty
# directories, separated by spaces, that go with the last of it. FAREWELL is a command that removes what lies
# elsewhere; it is run until everything is gone.
_REAPER = """
cd /
directory=$1
shift
while read -r _; do :; done
tries=0
while [ "$tries" -lt 150 ]; do
    left=
    for group in "$@"; do
        [ -d "$group" ] || continue
        find "$group" -depth -type d | while read -r each; do
            for members in "$each/cgroup.procs" "$each/cgroup.threads"; do
                [ -e "$members" ] && while read -r pid; do kill -9 "$pid"; done <"$members"
            done
            [ -e "$each/freezer.state" ] && echo THAWED >"$each/freezer.state"
            rmdir "$each"
        done
        [ -d "$group" ] && left=1
    done
    [ -n "$FAREWELL" ] && sh -c "$FAREWELL"
    rm -rf -- "$directory" || chmod -R u+rwX -- "$directory"
    [ -e "$directory" ] && left=1
    [ -z "$left" ] && rmdir $LITTER
    [ -z "$left" ] && exit 0
    sleep 0.1
    tries=$((tries + 1))
done
"""


class Area:
    """A private directory of one transaction. Close it, or let the process end."""

    def __init__(self, path: Path, lock: int, groups: Sequence[Path], last: Mapping[str, str]) -> None:
        self.path = path
        self._lock = lock
        self._pid, self._lifeline = _start_reaper(path, groups, last)

    @property
    def full(self) -> bool:
        """Whether the file system below has no room left for what a program could not write."""
        status = os.statvfs(self.path)
        no_inodes = status.f_files > 0 and status.f_favail == 0
        return no_inodes or status.f_bavail * status.f_frsize < _FULL

    def close(self) -> None:
        """Remove the directory and stop the reaper. Idempotent."""
        if self._lifeline < 0:
            return
        remove_tree(self.path)
        os.kill(self._pid, signal.SIGKILL)
        os.close(self._lifeline)
        self._lifeline = -1
        os.waitpid(self._pid, 0)
        os.close(self._lock)


def open_area(
    parent: Path,
    *,
    name: str = "",
    groups: Sequence[Path] = (),
    litter: Sequence[str] = (),
    farewell: str = "",
    environ: Mapping[str, str] | None = None,
) -> Area:
    """A new area below `parent`. Should the process die, control groups `groups` are ended and removed with
    it, and the directories `litter` (paths without spaces) if they are empty, and the shell command
    `farewell` is run, with `environ`, for what lies elsewhere."""
    while True:
        path = parent / (name or new_name())
        path.mkdir(mode=0o711)
        path.chmod(0o711)
        (path / _GROUPS).write_text("".join(f"{group}\n" for group in groups))
        lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(path / _LOCK):
            last = {"LITTER": " ".join(litter), "FAREWELL": farewell}
            return Area(path, lock, groups, {**_PATH, **(environ or {}), **last})
        os.close(lock)  # swept away between the two steps


def new_name() -> str:
    """A short random name: layer paths share one page of mount options."""
    return secrets.token_hex(4)


def sweep(parent: Path) -> tuple[str, ...]:
    """Remove the areas below `parent` that no live process holds; their names."""
    gone = []
    for path in sorted(parent.iterdir()) if parent.is_dir() else ():
        try:
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            if settled(path):
                remove_tree(path)
                gone.append(path.name)
            continue
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            _end_groups(path)
            remove_tree(path)
            gone.append(path.name)
        finally:
            os.close(lock)
    return tuple(gone)


def _start_reaper(path: Path, groups: Sequence[Path], environ: Mapping[str, str]) -> tuple[int, int]:
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["assay-reaper", "-c", _REAPER, "assay-reaper", str(path), *map(str, groups)],
            dict(environ),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read_end, 0),
                (os.POSIX_SPAWN_DUP2, null, 1),
                (os.POSIX_SPAWN_DUP2, null, 2),
            ],
            setsid=True,
            setsigmask=(),
        )
    finally:
        os.close(read_end)
        os.close(null)
    return pid, write_end


def settled(path: Path) -> bool:
    """Whether something that is only ever there for a moment has been there for so long that whoever made it
    is dead."""
    try:
        return time.time() - path.stat().st_mtime > _SETTLE_SECONDS
    except OSError:
        return False


def _end_groups(area: Path) -> None:
    try:
        groups = (area / _GROUPS).read_text().splitlines()
    except OSError:
        return
    for group in groups:
        end_group(Path(group))


def end_group(group: Path) -> None:
    """Kill what runs in a control group and below, and remove the groups."""
    pause = 0.001
    while pause < 1.0:
        directories = [Path(top) for top, _, _ in os.walk(group, topdown=False)]
        for directory in directories:
            _kill_members(directory)
            try:
                directory.rmdir()
            except OSError:
                continue
        if not group.is_dir():
            return
        time.sleep(pause)
        pause *= 1.5


def _kill_members(group: Path) -> None:
    for member in _members(group):
        try:
            os.kill(int(member), signal.SIGKILL)
        except OSError:
            continue
    if (group / STATE).exists():
        with contextlib.suppress(OSError):
            (group / STATE).write_text(THAWED)


def _members(group: Path) -> list[str]:
    for name in ("cgroup.procs", "cgroup.threads"):
        # A group that takes threads one by one does not tell its processes.
        with contextlib.suppress(OSError):
            return (group / name).read_text().split()
    return []
