"""Control groups for jails, on version 2, version 1 and hosts with both: limits, accounting, killing,
holding still.

Promises: what is offered was tried by making a group and removing it; where a controller is missing the
plan says so and callers fall back to rlimits. Sizes are bytes, times are seconds.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from assay.model.candidate import Record
from assay.policy.schema import MIB, Limits
from assay.sandbox.scratch import STATE, THAWED, end_group, new_name, settled

_TRIAL = "assay-try-"
_BATCHES = MIB
_FREEZE = "cgroup.freeze"
_TYPE, _THREADED = "cgroup.type", "threaded"
_SUPERVISOR_SHARE = 8 * MIB
"""Added to a memory limit for the jail's own supervisor, which lives in the same group."""


class Hierarchies(Record, frozen=True, kw_only=True):
    """Directories below which groups can be made, by controller. On version 2 they are one and the same."""

    version: int
    memory: Path | None = None
    pids: Path | None = None
    cpu: Path | None = None
    freezer: Path | None = None

    @property
    def parents(self) -> tuple[Path, ...]:
        """Each directory once."""
        found = (self.memory, self.pids, self.cpu, self.freezer)
        return tuple(dict.fromkeys(parent for parent in found if parent is not None))


def find() -> Hierarchies:
    """What this process may use, by trying. Version 0 and no directory where there is nothing."""
    mounts = tuple(_mounts())
    own = _own_paths()
    for point, fstype, _ in mounts:
        if fstype == "cgroup2" and (parent := _version_2_parent(point, own.get("", "/"))) is not None:
            return Hierarchies(version=2, memory=parent, pids=parent, cpu=parent, freezer=parent)
    found = {}
    for controller in ("memory", "pids", "cpuacct"):
        for point, fstype, options in mounts:
            if fstype == "cgroup" and controller in options:
                found[controller] = _version_1_parent(point, own.get(controller, "/"))
    if not any(found.values()):
        return Hierarchies(version=0)
    return Hierarchies(
        version=1,
        memory=found.get("memory"),
        pids=found.get("pids"),
        cpu=found.get("cpuacct"),
        freezer=_freezer(mounts, own),
    )


class JailGroup:
    """The groups of one jail, one directory for each parent."""

    def __init__(self, hierarchies: Hierarchies, directories: dict[Path, Path], limits: Limits) -> None:
        self._version = hierarchies.version
        self._directories = tuple(directories.values())
        self._memory = directories.get(hierarchies.memory) if hierarchies.memory else None
        self._pids = directories.get(hierarchies.pids) if hierarchies.pids else None
        self._cpu = directories.get(hierarchies.cpu) if hierarchies.cpu else None
        self._freezer = directories.get(hierarchies.freezer) if hierarchies.freezer else None
        # Read many times a second: to put a path together takes longer than to read what is there.
        self._used = (
            str(self._cpu / ("cpu.stat" if self._version == 2 else "cpuacct.usage")) if self._cpu else ""
        )
        self._events = str(self._pids / "pids.events") if self._pids else ""
        self._apply(limits)

    def _apply(self, limits: Limits) -> None:
        if self._memory is not None and limits.memory:
            size = str(limits.memory + _SUPERVISOR_SHARE)
            if self._version == 2:
                (self._memory / "memory.max").write_text(size)
                _try_write(self._memory / "memory.swap.max", "0")
            else:
                (self._memory / "memory.limit_in_bytes").write_text(size)
                _try_write(self._memory / "memory.memsw.limit_in_bytes", size)
        if self._pids is not None and limits.pids:
            # Two more for the supervisor outside the jail and the first process inside it.
            (self._pids / "pids.max").write_text(str(limits.pids + 2))

    @property
    def entrances(self) -> tuple[Path, ...]:
        """Files into which a process writes 0 to enter. By thread where that can be: it spares the kernel a
        wait for every thread of the machine, and the one that enters has only one."""
        return tuple(directory / self._entrance(directory) for directory in self._directories)

    def _entrance(self, directory: Path) -> str:
        if self._version == 2 or (directory == self._freezer and _is_version_2(directory)):
            return "cgroup.threads" if _is_threaded(directory) else "cgroup.procs"
        return "tasks"

    def hold(self, still: bool) -> bool:
        """Keep everything in the group from running, or let it go on; False on a host that cannot. What is
        held can be killed: on version 2 at once, on version 1 it dies when it is let go."""
        if self._freezer is None:
            return False
        try:
            if _is_version_2(self._freezer):
                (self._freezer / _FREEZE).write_text("1" if still else "0")
            else:
                (self._freezer / STATE).write_text("FROZEN" if still else THAWED)
        except OSError:
            return False
        return True

    def cpu_seconds(self) -> float | None:
        """CPU time used so far, or None where it is not counted."""
        if not self._used:
            return None
        return _key(self._used, "usage_usec") / 1e6 if self._version == 2 else _number(self._used) / 1e9

    def peak_memory(self) -> int:
        """The greatest memory use in bytes, 0 where it is not measured."""
        if self._memory is None:
            return 0
        name = "memory.peak" if self._version == 2 else "memory.max_usage_in_bytes"
        return _number(self._memory / name)

    def oom_kills(self) -> int:
        """How many processes the kernel killed at this group's own limit."""
        return self._kills() if self._met_memory_limit() else 0

    def oom_kills_elsewhere(self) -> int:
        """How many of this group's processes the kernel killed for a limit above, or for the machine's."""
        return 0 if self._met_memory_limit() else self._kills()

    def _kills(self) -> int:
        if self._memory is None:
            return 0
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        return _key(self._memory / name, "oom_kill")

    def _met_memory_limit(self) -> bool:
        """Whether memory was refused for this group's own limit; on version 1 also if it was found then."""
        if self._memory is None:
            return False
        if self._version == 2:
            return _key(self._memory / "memory.events", "oom") > 0
        # Not every kernel counts the failures; charges come in batches, which may stop short of the limit.
        most = _number(self._memory / "memory.max_usage_in_bytes")
        limit = _number(self._memory / "memory.limit_in_bytes")
        return most >= limit - _BATCHES or _number(self._memory / "memory.failcnt") > 0

    def refused_forks(self) -> int:
        """How many times a new process was refused for the limit on their number."""
        return _key(self._events, "max") if self._events else 0

    def remove(self) -> None:
        """Kill whatever is left and remove the groups."""
        for directory in self._directories:
            try:
                directory.rmdir()
            except OSError:
                end_group(directory)


class RunGroups:
    """The groups of one transaction, below which each jail gets its own."""

    def __init__(self, hierarchies: Hierarchies, name: str) -> None:
        self._hierarchies = hierarchies
        self._made = {parent: parent / f"assay-{name}" for parent in hierarchies.parents}

    def make(self) -> None:
        """Make them; apart from the construction, so that their clean-up can be arranged before."""
        for directory in self._made.values():
            directory.mkdir()
            if self._hierarchies.version == 2:
                for controller in ("+memory", "+pids", "+cpu"):
                    _try_write(directory / "cgroup.subtree_control", controller)
            elif self._by_thread(directory):
                _try_write(directory / _TYPE, _THREADED)

    @property
    def directories(self) -> tuple[Path, ...]:
        """What has to be gone at the end."""
        return tuple(self._made.values())

    def jail(self, name: str, limits: Limits) -> JailGroup | None:
        """New groups for one jail, or None on a host without."""
        if not self._made:
            return None
        directories = {parent: run / name for parent, run in self._made.items()}
        for directory in directories.values():
            directory.mkdir()
            if _is_threaded(directory.parent):
                _try_write(directory / _TYPE, _THREADED)
        return JailGroup(self._hierarchies, directories, limits)

    def _by_thread(self, directory: Path) -> bool:
        """Whether threads may be let into a group for holding still one by one. Only below the topmost
        group, where that changes nothing for any group but ours."""
        parent = self._hierarchies.freezer
        return parent == directory.parent and not (parent / _TYPE).exists()

    def close(self) -> None:
        """Kill and remove everything. Idempotent."""
        for directory in self._made.values():
            end_group(directory)


def _mounts() -> Iterator[tuple[Path, str, frozenset[str]]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if rest[0] in ("cgroup", "cgroup2"):
            yield Path(fields[4]), rest[0], frozenset(rest[2].split(",") if len(rest) > 2 else ())


def _own_paths() -> dict[str, str]:
    """This process's group by controller; version 2 has the empty name."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    return own


def _version_2_parent(mount: Path, own: str) -> Path | None:
    """The nearest group at or above our own that hands memory and pids to its children and lets us in."""
    here = mount / own.lstrip("/")
    while True:
        try:
            handed_down = set((here / "cgroup.subtree_control").read_text().split())
        except OSError:
            handed_down = set()
        # Moving a process needs the right to write to the common ancestor, which is `here`.
        if {"memory", "pids"} <= handed_down and _can_group(here):
            return here
        if here in (mount, here.parent):
            return None
        here = here.parent


def _version_1_parent(mount: Path, own: str) -> Path | None:
    return next((each for each in (mount / own.lstrip("/"), mount) if _can_group(each)), None)


def _freezer(mounts: tuple[tuple[Path, str, frozenset[str]], ...], own: dict[str, str]) -> Path | None:
    """Where groups can be held on a host whose controllers are version 1's. Version 2 is there without any
    controller on many of them, and what it holds still can be killed."""
    for point, fstype, _ in mounts:
        if fstype == "cgroup2" and (parent := _version_1_parent(point, own.get("", "/"))) is not None:
            return parent
    for point, fstype, options in mounts:
        if fstype == "cgroup" and "freezer" in options:
            return _version_1_parent(point, own.get("freezer", "/"))
    return None


def _is_version_2(directory: Path) -> bool:
    return (directory / _FREEZE).exists()


def _is_threaded(directory: Path) -> bool:
    try:
        return (directory / _TYPE).read_text().strip() == _THREADED
    except OSError:
        return False


def _can_group(parent: Path) -> bool:
    if not os.access(parent / "cgroup.procs", os.W_OK):
        return False
    for left in parent.glob(f"{_TRIAL}*"):
        if settled(left):  # by a run that was killed just there
            with contextlib.suppress(OSError):
                left.rmdir()
    trial = parent / f"{_TRIAL}{new_name()}"
    try:
        trial.mkdir()
    except OSError:
        return False
    writable = os.access(trial / "cgroup.procs", os.W_OK)
    for _ in range(50):
        try:
            trial.rmdir()
        except OSError:
            time.sleep(0.01)
        else:
            break
    return writable


def _try_write(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        path.write_text(text)


def _number(path: str | Path) -> int:
    try:
        return int(_read(path))
    except (OSError, ValueError):
        return 0


def _key(path: str | Path, key: str) -> int:
    wanted = key.encode() + b" "
    try:
        for line in _read(path).splitlines():
            if line.startswith(wanted):
                return int(line[len(wanted) :])
    except (OSError, ValueError):
        pass
    return 0


def _read(path: str | Path) -> bytes:
    """A counter's file, which is short: a look at each running jail reads some, many times a second."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
