"""The configuration of one jail in nsjail's text format.

Promises: pure. Every limit is set, since nsjail's defaults break ordinary builds; every namespace is asked
for; strings are escaped, so that no path can change the configuration's meaning. A configuration file is
used since the command line cannot hold ':' or ',' in paths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from assay.model.candidate import Record
from assay.policy.schema import MIB, Limits
from assay.sandbox.identity import INSIDE_ID, Identity
from assay.sandbox.view import Mount, MountKind

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_UNITS = {"fsize": MIB}
"""In which limits are configured that do not go by one."""


class Allowance(Record, frozen=True, kw_only=True):
    """How limits are enforced on this host: what control groups do not, rlimits must, or `watch` for want of
    an rlimit on memory in use. `hard` are the engine's own hard rlimits by name (`nofile`, `fsize`,
    `nproc`), which no jail can exceed."""

    memory_group: bool
    pids_group: bool
    hard: dict[str, int]


class Own(StrEnum):
    """Which of the engine's own limits stands where none is set. To ask for more than it has would fail."""

    SOFT = "soft"
    HARD = "hard"


class Rlimit(Record, frozen=True, kw_only=True):
    """One limit of processes, soft and hard at once: a value in the kernel's unit, or for None the engine's
    own."""

    name: str
    value: int | None = None
    own: Own = Own.HARD


def render(
    *,
    identity: Identity,
    mounts: Sequence[Mount],
    argv: Sequence[str],
    variables: Mapping[str, str],
    limits: Limits,
    allowance: Allowance,
    passed: Sequence[int],
    log: int,
    seccomp: str = "",
) -> bytes:
    """The configuration: run `argv` with exactly `variables`, keeping the descriptors `passed`. `seccomp` is
    a policy in Kafel; without one every system call is allowed."""
    lines = [
        b"mode: ONCE",
        _text("hostname", "assay"),
        _text("cwd", "/"),
        # nsjail's own goes by the wall clock, which may be set at any moment; it also dies with the engine.
        b"time_limit: 0",
        f"log_fd: {log}".encode(),
        b"log_level: WARNING",
        b"nice_level: 0",
        b"keep_env: false",
        b"keep_caps: false",
        b"clone_newnet: true",
        b"clone_newuser: true",
        b"clone_newns: true",
        b"clone_newpid: true",
        b"clone_newipc: true",
        b"clone_newuts: true",
        b"clone_newcgroup: true",
        b"iface_no_lo: false",
        b"mount_proc: false",
        _id_map("uidmap", identity.uid),
        _id_map("gidmap", identity.gid),
        *(_rlimit(limit) for limit in rlimits(limits, allowance)),
        *(f"pass_fd: {descriptor}".encode() for descriptor in passed),
        *(_text("envar", f"{name}={value}") for name, value in sorted(variables.items())),
        *(_mount(mount) for mount in mounts),
        *((_text("seccomp_string", seccomp),) if seccomp else ()),
        b"exec_bin { "
        + b" ".join([_text("path", argv[0]), *(_text("arg", argument) for argument in argv[1:])])
        + b" }",
    ]
    return b"\n".join(lines) + b"\n"


def quote(text: str) -> bytes:
    """A quoted string of the text format; anything but plain ASCII is written in octal."""
    if _PLAIN.fullmatch(text):
        return b'"' + text.encode() + b'"'
    out = bytearray(b'"')
    for byte in text.encode("utf-8", "surrogateescape"):
        if byte in b'"\\':
            out += b"\\" + bytes((byte,))
        elif 0x20 <= byte < 0x7F:
            out.append(byte)
        else:
            out += b"\\%03o" % byte
    return bytes(out + b'"')


def _text(name: str, value: str) -> bytes:
    return name.encode() + b": " + quote(value)


def _id_map(name: str, outside: int) -> bytes:
    return f'{name} {{ inside_id: "{INSIDE_ID}" outside_id: "{outside}" count: 1 }}'.encode()


def _mount(mount: Mount) -> bytes:
    fields = [_text("dst", mount.target)]
    if mount.kind is MountKind.SYMLINK:
        fields += [_text("src", mount.source), b"is_symlink: true"]
    elif mount.kind is MountKind.BIND:
        fields += [_text("src", mount.source), b"is_bind: true", b"nosuid: true"]
        fields.append(b"is_dir: true" if mount.directory else b"is_dir: false")
    else:
        fields += [_text("fstype", mount.kind.value), b"nosuid: true"]
        if mount.kind in (MountKind.TMPFS, MountKind.OVERLAY):
            fields.append(b"nodev: true")
        if mount.options:
            fields.append(_text("options", mount.options))
    if mount.writable:
        fields.append(b"rw: true")
    if not mount.mandatory:
        fields.append(b"mandatory: false")
    return b"mount { " + b" ".join(fields) + b" }"


def rlimits(limits: Limits, allowance: Allowance, *, ours: int = 1) -> tuple[Rlimit, ...]:
    """The limits that each process of a jail has. `ours`: how many of the user's processes in the jail are
    not the program's."""
    cpu = math.ceil(limits.cpu_seconds)
    size = math.ceil(limits.file_size / MIB) * MIB
    # With one more process than allowed, going beyond the limit can be seen.
    processes = limits.pids + ours + 1 if limits.pids and not allowance.pids_group else 0
    return (
        Rlimit(name="core", value=0),
        Rlimit(name="cpu", value=cpu or None),
        _bounded("fsize", size, allowance),
        _bounded("nofile", limits.open_files, allowance),
        Rlimit(name="stack", own=Own.SOFT),
        Rlimit(name="memlock", own=Own.SOFT),
        Rlimit(name="rtprio", own=Own.SOFT),
        Rlimit(name="msgqueue", own=Own.SOFT),
        # Address space is not memory: WebAssembly reserves 10 GB of it for each module, sanitisers 15 TB.
        Rlimit(name="as"),
        _bounded("nproc", processes, allowance),
    )


def _bounded(name: str, value: int, allowance: Allowance) -> Rlimit:
    hard = allowance.hard.get(name, -1)
    return Rlimit(name=name, value=None if not value or 0 <= hard < value else value)


def _rlimit(limit: Rlimit) -> bytes:
    if limit.value is None:
        return f"rlimit_{limit.name}_type: {limit.own.value.upper()}".encode()
    # Some kinds take the value into account only if told to.
    value = limit.value // _UNITS.get(limit.name, 1)
    return f"rlimit_{limit.name}: {value} rlimit_{limit.name}_type: VALUE".encode()
