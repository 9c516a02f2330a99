"""What a container's control groups tell of it, read from the host's side.

Promises: only files of the kernel's are read, never a word of the program or of the engine's command line,
but for the engine's own record that the kernel killed for want of memory. Where the groups cannot be seen
(the engine runs elsewhere) nothing is claimed: no kills, no refused forks, no CPU time.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from assay.policy.schema import MIB

_ID = re.compile("[0-9a-f]{64}")
_DEPTH = 5
_MOUNTS = Path("/proc/self/mounts")


class Accounts:
    """The accounts of one container. `look` while it stands; what was read last is what counts after."""

    def __init__(self, cidfile: Path, killed: Path) -> None:
        """`cidfile`: where the engine wrote the container's id. `killed`: where it wrote at the end whether
        the kernel killed in the container for want of memory."""
        self._cidfile = cidfile
        self._killed = killed
        self._places: dict[str, Path] | None = None
        self._oom_kills = self._refused = self._peak = 0
        self._met_limit = False
        self._cpu: float | None = None

    def look(self) -> None:
        """Read everything once more."""
        if self._places is None:
            self._places = self._find()
        places = self._places or {}
        if (memory := places.get("memory")) is not None:
            self._oom_kills = max(self._oom_kills, _key(memory / "memory.oom_control", "oom_kill"))
            self._peak = max(self._peak, _number(memory / "memory.max_usage_in_bytes"))
            # Not every kernel counts failures; charges come in batches, which may stop short of the limit.
            limit = _number(memory / "memory.limit_in_bytes")
            at_limit = self._peak >= limit - MIB or _number(memory / "memory.failcnt") > 0
            self._met_limit = self._met_limit or at_limit
        if (pids := places.get("pids")) is not None:
            self._refused = max(self._refused, _key(pids / "pids.events", "max"))
        if (cpu := places.get("cpuacct")) is not None:
            self._cpu = max(self._cpu or 0.0, _number(cpu / "cpuacct.usage") / 1e9)
        if (all_ := places.get("")) is not None:
            self._oom_kills = max(self._oom_kills, _key(all_ / "memory.events", "oom_kill"))
            self._peak = max(self._peak, _number(all_ / "memory.peak"))
            self._met_limit = self._met_limit or _key(all_ / "memory.events", "oom") > 0
            self._refused = max(self._refused, _key(all_ / "pids.events", "max"))
            if usage := _key(all_ / "cpu.stat", "usage_usec"):
                self._cpu = max(self._cpu or 0.0, usage / 1e6)

    def cpu_seconds(self) -> float | None:
        """CPU time used so far, or None where it is not told."""
        self.look()
        return self._cpu

    def peak_memory(self) -> int:
        """The greatest memory use seen, in bytes; 0 where it is not told."""
        return self._peak

    def oom_kills(self) -> int:
        """How many processes the kernel killed at the container's own limit, at least."""
        try:
            recorded = self._killed.read_bytes().strip() == b"true"
        except OSError:
            recorded = False
        return max(self._oom_kills if self._met_limit else 0, int(recorded))

    def oom_kills_elsewhere(self) -> int:
        """How many the kernel killed although the container was not at its own limit."""
        return 0 if self.oom_kills() else self._oom_kills

    def refused_forks(self) -> int:
        """How many times a new process was refused for the limit on their number."""
        return self._refused

    def pids(self) -> list[str]:
        """The container's processes, by their numbers here; none where its groups cannot be seen."""
        found = set()
        for place in (self._places or {}).values():
            for top, _, names in os.walk(place):
                if "cgroup.procs" in names:
                    found.update(_text(Path(top, "cgroup.procs")).split())
        # 0 stands for a process that cannot be seen from here.
        return sorted(found - {"0"})

    def _find(self) -> dict[str, Path] | None:
        container = _text(self._cidfile).strip()
        if not _ID.fullmatch(container):
            return None  # not made yet
        places: dict[str, Path] = {}
        for controller, top in _hierarchies():
            found = _known.get((controller, top))
            place = found.with_name(found.name.replace("*", container)) if found is not None else None
            if place is None or not place.is_dir():
                place = _search(top, container, _DEPTH)
            if place is not None:
                _known[controller, top] = place.with_name(place.name.replace(container, "*"))
                places[controller] = place
        return places


_known: dict[tuple[str, Path], Path] = {}
"""Where this host's engine makes groups, by what was found for the container before."""


def _hierarchies() -> Iterator[tuple[str, Path]]:
    for line in _MOUNTS.read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2":
            yield "", Path(point)
        elif kind == "cgroup":
            for controller in ("memory", "pids", "cpuacct"):
                if controller in options.split(","):
                    yield controller, Path(point)


def _search(top: Path, container: str, depth: int) -> Path | None:
    """The group whose name has the container's id in it, the nearest to the top."""
    level = [top]
    for _ in range(depth):
        below = []
        for directory in level:
            with contextlib.suppress(OSError), os.scandir(directory) as entries:
                below += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for place in below:
            if container in place.name:
                return place
        level = below
    return None


def _number(path: Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0


def _key(path: Path, name: str) -> int:
    lines = _text(path).splitlines()
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
