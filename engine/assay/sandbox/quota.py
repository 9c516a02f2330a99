"""What a jail may use, as arithmetic: when to end it, and whether that is its own fault.

Promises: pure. A program is blamed only for going beyond its own limits, or for filling by itself a disk
that had room for others; a machine that cannot give what the limits allow is never held against it
(invariant 6). Sizes are bytes.
"""

from __future__ import annotations

from assay.model.candidate import Record
from assay.policy.schema import MIB, Limits
from assay.sandbox.ending import Stop
from assay.sandbox.tree import Size

_RESERVE = 256 * MIB
"""What is left free on a disk, and of memory: enough for others to go on until the writer is gone."""
_RESERVE_SHARE = 50
"""At most one part in this many is reserved, since small disks are no worse than large ones."""
_RESERVE_FILES = 10_000
_WORTH = 64 * MIB
"""To end a program that uses less would not help."""
_BLAMED_SHARE = 4
"""A program that fills the disk is to blame for it from this fraction of its own limit on."""
_REFUSED = 1000
"""So many refused processes are no misjudgement any more."""
_STEADY_LOOKS = 20
_PARTS = (3, 2, 1)
"""How many eighths of the memory limit /tmp, /dev/shm and the home directory may have."""


class Room(Record, frozen=True, kw_only=True):
    """A file system: its size, what is free for us in it, and how many more files fit (None: not counted)."""

    total: int
    free: int
    files: int | None = None
    total_files: int = 0

    @property
    def low(self) -> bool:
        """Whether only the reserve is left."""
        if self.free < reserve(self.total):
            return True
        least = min(_RESERVE_FILES, self.total_files // _RESERVE_SHARE)
        return self.files is not None and self.files < least


def reserve(total: int) -> int:
    """How much of `total` has to stay free."""
    return min(_RESERVE, total // _RESERVE_SHARE)


def private_sizes(scratch: int, memory: int) -> tuple[int, int, int]:
    """Sizes of /tmp, /dev/shm and the home directory; 0 is the kernel's own bound. They are made of memory:
    who fills them all is to find them full, and not to be killed for want of memory."""
    parts = [memory * part // 8 for part in _PARTS]
    tmp, shm, home = (min((n for n in (scratch, part) if n), default=0) for part in parts)
    return tmp, shm, home


def over_disk(limits: Limits, used: Size, *, began: Room, now: Room, largest: bool) -> Stop | None:
    """Whether a program has to end for what it wrote: `used`. `began` is the disk at its start; `largest`
    says that no other jail of ours wrote more."""
    if limits.disk and used.bytes > limits.disk:
        return Stop.DISK
    if limits.files and used.files > limits.files:
        return Stop.FILES
    if not now.low or not largest or (used.bytes < _WORTH and used.files < _RESERVE_FILES):
        return None
    had = max(0, began.free - reserve(began.total))
    much = used.bytes >= max(had // 2, limits.disk // _BLAMED_SHARE, _WORTH)
    return Stop.DISK if much and limits.disk else Stop.NO_DISK


def may_be_over(limits: Limits, used: Size, *, then: Room, now: Room) -> bool:
    """Whether it is time to measure again: `used` was measured when the disk was as in `then`."""
    left = max(0, limits.disk - used.bytes)
    if limits.disk and then.free - now.free > left // 4:
        return True
    if limits.files and then.files is not None and now.files is not None:
        return then.files - now.files > max(0, limits.files - used.files) // 4
    return False


def over_memory(limits: Limits, used: int, *, total: int, available: int, largest: bool) -> Stop | None:
    """The same for memory, where no control group sees to it."""
    if limits.memory and used > limits.memory:
        return Stop.MEMORY
    if available < reserve(total) and largest and used >= _WORTH:
        return Stop.NO_MEMORY
    return None


def over_tasks(limits: Limits, looks_at_limit: int, tasks: int) -> bool:
    """The same for processes and threads. A program that stays at the limit is held there by it."""
    # One more for the first process, which is ours.
    return bool(limits.pids) and (tasks > limits.pids + 1 or looks_at_limit >= _STEADY_LOOKS)


def too_many_refused(limits: Limits, refused: int) -> bool:
    """Whether new processes were refused so often that the program does nothing else."""
    return bool(limits.pids) and refused >= max(_REFUSED, 4 * limits.pids)
