"""What the processes of one jail use at this moment, read from /proc: memory, tasks, processor time, and
files that only they still have.

Promises: reads numbers that the kernel keeps and nothing that a program can write; never waits for the
program (no command lines, no environments); a process that ends meanwhile counts as far as it was seen.
Sizes are bytes, times are seconds.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from assay.model.candidate import Record

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_BLOCK = 512
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Pids = Callable[[], Iterable[str]]


class Processes:
    """The processes of one jail: a /proc in which they are found, and which of those in it they are."""

    def __init__(self, proc: int, pids: Pids | None = None) -> None:
        """`proc` is a descriptor of the /proc, which becomes ours. `pids` tells the processes; None: all, as
        is right for the /proc of a pid namespace."""
        self.proc = proc
        self.pids: Pids = pids or self._all

    def close(self) -> None:
        """Let go of the /proc."""
        os.close(self.proc)

    def read(self, path: str) -> bytes:
        """A file of the /proc; empty once its process is gone, or where we may not read it."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.proc)
        except OSError:
            return b""
        try:
            return os.read(descriptor, 4096)
        except OSError:
            return b""
        finally:
            os.close(descriptor)

    def _all(self) -> list[str]:
        with os.scandir(self.proc) as entries:
            return [entry.name for entry in entries if entry.name.isdigit()]


class Load(Record, frozen=True, kw_only=True):
    """What all processes together use. `resident` counts shared pages once for each that shares them: the
    true use is at most this much."""

    resident: int = 0
    tasks: int = 0
    cpu_seconds: float = 0.0


class Held(Record, frozen=True, kw_only=True):
    """What files take that no directory names any more, while a process has them open: on disk, and in
    memory (memfd and the like)."""

    disk: int = 0
    memory: int = 0


def open_processes(pid: int, directories: Iterable[str] = ()) -> tuple[Processes | None, tuple[int, ...]]:
    """The processes of the pid namespace that `pid` is the first process of, by the /proc that it sees, and
    its view of `directories`. What is gone, or not there, is left out."""
    try:
        proc = os.open(f"/proc/{pid}/root/proc", _DIRECTORY)
    except OSError:
        return None, ()
    found = []
    for directory in directories:
        with contextlib.suppress(OSError):
            found.append(os.open(f"/proc/{pid}/root{directory}", _DIRECTORY))
    return Processes(proc), tuple(found)


def make_expendable(pid: int) -> None:
    """If the machine runs out of memory, the kernel is to end this process and what it starts before it looks
    at the engine or at the user's own."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def load(processes: Processes) -> Load:
    """A quick look. Processor time includes that of children which were waited for."""
    resident, tasks, ticks = 0, 0, 0
    for pid in processes.pids():
        # What comes after the name, which may hold anything: state is field 3 of proc(5).
        fields = processes.read(f"{pid}/stat").rpartition(b")")[2].split()
        if len(fields) > 21:
            ticks += sum(int(field) for field in fields[11:15])
            tasks += int(fields[17])
            resident += int(fields[21]) * _PAGE
    return Load(resident=resident, tasks=tasks, cpu_seconds=ticks / _TICKS)


def own_cpu_seconds(pid: int, *, parent: int) -> float:
    """Processor time of one process, by its number here, without its children's; 0 once it is gone, or where
    that number is no child of `parent`."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    if len(fields) < 13 or int(fields[1]) != parent:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def own_memory(processes: Processes, in_files: int) -> int:
    """Memory that would be free without the jail: pages of its own, shared ones by share, and `in_files`,
    what its private file systems and nameless files take. Slow where processes are large."""
    private, shared = 0, 0
    for pid in processes.pids():
        for line in processes.read(f"{pid}/smaps_rollup").splitlines():
            name, _, value = line.partition(b":")
            if name in (b"Pss_Anon", b"SwapPss"):
                private += int(value.split()[0]) * 1024
            elif name == b"Pss_Shmem":
                shared += int(value.split()[0]) * 1024
    # Pages of a file system in memory that are mapped as well are in both counts.
    return private + max(shared, in_files)


def held(processes: Processes, private: Iterable[int] = ()) -> Held:
    """Files without a name. Those on the devices `private`, the jail's own file systems in memory, are
    left out: such a file system tells what it takes itself."""
    seen: set[tuple[int, int]] = set(_known(private))
    disk, memory = 0, 0
    for pid in processes.pids():
        for status in _open_files(processes, pid):
            if not stat.S_ISREG(status.st_mode) or status.st_nlink or (status.st_dev, 0) in seen:
                continue
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if status.st_dev == memory_device():
                memory += status.st_blocks * _BLOCK
            else:
                disk += status.st_blocks * _BLOCK
    return Held(disk=disk, memory=memory)


@functools.cache
def memory_device() -> int:
    """The device of files that are only in memory and never had a name."""
    descriptor = os.memfd_create("assay", os.MFD_CLOEXEC)
    try:
        return os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)


def _known(devices: Iterable[int]) -> Iterable[tuple[int, int]]:
    # No file has the inode 0.
    return ((device, 0) for device in devices)


def _open_files(processes: Processes, pid: str) -> Iterable[os.stat_result]:
    try:
        directory = os.open(f"{pid}/fd", _DIRECTORY, dir_fd=processes.proc)
    except OSError:
        return
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            with contextlib.suppress(OSError):
                yield os.stat(name, dir_fd=directory)
    except OSError:
        return
    finally:
        os.close(directory)
