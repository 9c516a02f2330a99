"""What a fork server sees, and what each of its children mounts anew, as data.

Promises: pure. A child ends up with the mounts of a cold jail: whatever is private to a jail (its tree, the
file systems in memory, /proc, terminals), and all that lies below those, is mounted anew in each child; the
rest is what the server was given, which is the same for all. What the children need for that and may not
keep, the server has in a place of its own, its stage, which the last mount of each child covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.sandbox.view import Mount, MountKind, within

STAGE = "/dev/shm"  # noqa: S108 -- inside the jail; every child covers it with one of its own
HOOK = f"{STAGE}/h"
"""Where the server's own program is."""
AREA = f"{STAGE}/a"
"""Where the scratch layers of all jails of a run are."""

_READ_ONLY, _NO_SUID, _NO_DEVICES = 1, 2, 4
_PRIVATE = (MountKind.PROC, MountKind.PTS, MountKind.TMPFS, MountKind.OVERLAY)
_PROC = "/proc"
_NULL = "/dev/null"


class Step(Record, frozen=True, kw_only=True):
    """One mount of a child: `kind` is a file system's, or `file` or `directory` for what is shown from
    `source`, or `symlink`. Without `needed` it may fail."""

    kind: str
    source: str
    target: str
    flags: int = 0
    options: str = ""
    needed: bool = True

    def plain(self) -> tuple[str, str, str, int, str, bool]:
        """As it is sent."""
        return self.kind, self.source, self.target, self.flags, self.options, self.needed


def server_mounts(mounts: Sequence[Mount], places: Mapping[str, str]) -> tuple[Mount, ...]:
    """The mounts of a server whose children's jails have `mounts`. `places`: further directories of the host
    and where the stage has them; those below `AREA` can be written to."""
    shown = [_for_server(mount) for mount in mounts if not _masks(mount)]
    staged = [replace(mount, target=_staged(number)) for number, mount in _to_be_staged(mounts)]
    further = [
        Mount(kind=MountKind.BIND, source=source, target=target, writable=target == AREA)
        for source, target in places.items()
    ]
    return (*shown, *staged, *further)


def child_steps(mounts: Sequence[Mount], options: str) -> tuple[Step, ...]:
    """What a child mounts, in order. `options` are those of the overlay, by the stage's paths."""
    places = {mount.target: _staged(number) for number, mount in _to_be_staged(mounts)}
    steps = [_step(mount, places.get(mount.target, mount.source), options) for mount in _anew(mounts)]
    return tuple(sorted(steps, key=lambda step: step.target == STAGE))


def on_stage(path: Path, places: Mapping[str, str]) -> str | None:
    """Where the stage has a path of the host; None if it does not."""
    for source, target in sorted(places.items(), key=lambda pair: -len(pair[0])):
        if within(str(path), source):
            return target + str(path)[len(source) :]
    return None


def _anew(mounts: Sequence[Mount]) -> Iterator[Mount]:
    """Those that belong to one jail alone: private file systems, and whatever is inside of one."""
    tops = [mount.target for mount in mounts if mount.kind in _PRIVATE]
    for mount in mounts:
        if any(within(mount.target, top) for top in tops):
            yield mount


def _to_be_staged(mounts: Sequence[Mount]) -> Iterator[tuple[int, Mount]]:
    """What a child can no longer find where the server has it."""
    for number, mount in enumerate(_anew(mounts)):
        if mount.kind is MountKind.BIND and mount.source != _NULL:
            yield number, mount


def _staged(number: int) -> str:
    return f"{STAGE}/b{number}"


def _masks(mount: Mount) -> bool:
    """The kernel lets nobody have a new /proc who has not got a whole one."""
    return mount.target != _PROC and within(mount.target, _PROC)


def _for_server(mount: Mount) -> Mount:
    if mount.kind is MountKind.OVERLAY:
        return Mount(kind=MountKind.TMPFS, target=mount.target, options="mode=0755,size=64k", writable=True)
    if mount.kind is MountKind.PROC:
        return replace(mount, writable=True)  # its children write to it who they are
    return mount


def _step(mount: Mount, source: str, options: str) -> Step:
    if mount.kind is MountKind.SYMLINK:
        return Step(kind="symlink", source=mount.source, target=mount.target)
    flags = _NO_SUID | (0 if mount.writable else _READ_ONLY)
    if mount.kind is MountKind.BIND:
        kind = "directory" if mount.directory else "file"
        return Step(kind=kind, source=source, target=mount.target, flags=flags)
    if mount.kind in (MountKind.TMPFS, MountKind.OVERLAY):
        flags |= _NO_DEVICES
    return Step(
        kind=mount.kind.value,
        source="none",
        target=mount.target,
        flags=flags,
        options=options if mount.kind is MountKind.OVERLAY else mount.options,
        needed=mount.mandatory,
    )
