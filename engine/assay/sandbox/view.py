"""What a jail shows of the system around its tree, as data.

Promises: nothing is mounted or written here, and but for `inspect_system` nothing is read.
"""

from __future__ import annotations

import contextlib
import stat
from enum import StrEnum
from pathlib import Path

from assay.model.candidate import Record
from assay.sandbox.etc import shown
from assay.sandbox.identity import INSIDE_ID
from assay.sandbox.quota import private_sizes

_DEVICES = ("null", "zero", "full", "random", "urandom")
_TELLING = (
    "acpi",
    "asound",
    "cmdline",
    "fs",
    "interrupts",
    "kallsyms",
    "key-users",
    "keys",
    "latency_stats",
    "locks",
    "modules",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
)
"""What the kernel tells everybody in /proc about the host or its other users, and no build or test needs."""
_LOADER_DIRECTORIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class MountKind(StrEnum):
    """What is mounted."""

    BIND = "bind"
    TMPFS = "tmpfs"
    PROC = "proc"
    PTS = "devpts"
    OVERLAY = "overlay"
    SYMLINK = "symlink"


class Mount(Record, frozen=True, kw_only=True):
    """One mount: `source` is a host path (a link's text for a symlink), `target` is inside."""

    kind: MountKind
    target: str
    source: str = ""
    options: str = ""
    writable: bool = False
    directory: bool = True
    mandatory: bool = True


class System(Record, frozen=True, kw_only=True):
    """The host's system directories: `links` maps top names to link texts, `directories` are real ones.
    `etc` is a directory of ours that stands in for /etc, `etc_shown` what of the host's is shown in it;
    `devices` are those of the host that exist. `hidden` are names in /proc to be covered, and whether each
    is a directory."""

    links: dict[str, str]
    directories: tuple[str, ...]
    etc: str
    etc_shown: tuple[str, ...] = ()
    devices: tuple[str, ...] = _DEVICES
    hidden: tuple[tuple[str, bool], ...] = ()


def inspect_system(etc: str) -> System:
    """Look at this host."""
    links, directories = {}, ["usr"]
    for name in _LOADER_DIRECTORIES:
        path = Path("/", name)
        if path.is_symlink():
            links[name] = str(path.readlink())
        elif path.is_dir():
            directories.append(name)
    devices = tuple(name for name in _DEVICES if Path("/dev", name).exists())
    return System(
        links=links,
        directories=tuple(directories),
        etc=etc,
        etc_shown=shown(),
        devices=devices,
        hidden=_telling(Path("/proc")),
    )


def _telling(proc: Path) -> tuple[tuple[str, bool], ...]:
    """Those of `_TELLING` that everybody may read here; the others are safe from the jail's user as it is."""
    found = []
    for name in _TELLING:
        with contextlib.suppress(OSError):
            status = (proc / name).stat()
            if status.st_mode & stat.S_IROTH:
                found.append((name, stat.S_ISDIR(status.st_mode)))
    return tuple(found)


def home_for(root: str) -> str:
    """The home directory inside: one that neither holds the tree nor lies in it."""
    for home in ("/home/assay", "/var/lib/assay"):
        if not within(root, home) and not within(home, root):
            return home
    return "/run/assay"


def system_mounts(
    system: System, root: str, scratch: int, memory: int = 0, files: int = 0
) -> tuple[Mount, ...]:
    """Everything but the tree and the binds. `scratch` is the largest size in bytes of a private file system,
    and together they stay within `memory`; without either the kernel's own bound is left, half of the
    machine's memory. `files`: how many each may hold."""
    mounts = [Mount(kind=MountKind.BIND, source=f"/{name}", target=f"/{name}") for name in system.directories]
    mounts += [
        Mount(kind=MountKind.SYMLINK, source=text, target=f"/{name}") for name, text in system.links.items()
    ]
    mounts.append(Mount(kind=MountKind.BIND, source=system.etc, target="/etc"))
    mounts += [
        Mount(kind=MountKind.BIND, source=f"/etc/{name}", target=f"/etc/{name}") for name in system.etc_shown
    ]
    # Read-only: nothing under it is there to be written to but the memory and the settings of processes.
    mounts.append(Mount(kind=MountKind.PROC, target="/proc"))
    mounts += [
        Mount(kind=MountKind.TMPFS, target=f"/proc/{name}", options="mode=0555,size=4k")
        if directory
        else Mount(kind=MountKind.BIND, source="/dev/null", target=f"/proc/{name}", directory=False)
        for name, directory in system.hidden
    ]
    mounts += [
        Mount(
            kind=MountKind.BIND, source=f"/dev/{name}", target=f"/dev/{name}", writable=True, directory=False
        )
        for name in system.devices
    ]
    mounts.append(
        Mount(
            kind=MountKind.PTS,
            target="/dev/pts",
            options="newinstance,ptmxmode=0666,mode=620",
            writable=True,
            mandatory=False,
        )
    )
    for link, text in (
        ("/dev/ptmx", "pts/ptmx"),
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
        ("/var/tmp", "/tmp"),  # noqa: S108 -- inside the jail
    ):
        if not within(root, link):
            mounts.append(Mount(kind=MountKind.SYMLINK, source=text, target=link))
    places = (("/tmp", "1777"), ("/dev/shm", "1777"), (home_for(root), "0755"))  # noqa: S108
    for (place, mode), bound in zip(places, private_sizes(scratch, memory), strict=True):
        options = (
            f"mode={mode}" + (f",size={bound}" if bound else "") + (f",nr_inodes={files}" if files else "")
        )
        mounts.append(Mount(kind=MountKind.TMPFS, target=place, options=options, writable=True))
    return tuple(mounts)


def overlay_options(layers: tuple[str, ...], upper: str, work: str) -> str:
    """Options of the overlay; `layers` from bottom to top. Raises ValueError for paths that cannot be
    written in options or do not fit into their page."""
    for path in (*layers, upper, work):
        if set(path) & set(":,\\"):
            raise ValueError(f"{path} has a character that mount options cannot hold")
    lower = ":".join(reversed(layers))
    options = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
    if len(options) >= 4096:
        raise ValueError("the layers' paths together exceed a page")
    return options


def within(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def identity_files(home: str, uid: int = INSIDE_ID, gid: int = INSIDE_ID) -> dict[str, str]:
    """The files of /etc that would name the host's users or network, as they are inside, where the user and
    group have these numbers."""
    return {
        "passwd": (
            "root:x:0:0:root:/root:/usr/sbin/nologin\n"
            f"assay:x:{uid}:{gid}:assay:{home}:/bin/sh\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
        "group": f"root:x:0:\nassay:x:{gid}:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost assay\n::1 localhost ip6-localhost ip6-loopback\n",
        "hostname": "assay\n",
        "host.conf": "multi on\n",
        "resolv.conf": "",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n"
        "protocols: files\nnetworks: files\n",
    }
