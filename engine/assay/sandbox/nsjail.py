"""The configuration of one jail in nsjail's text format.

Promises: pure. Every limit is set, since nsjail's defaults break ordinary builds; every namespace is asked
for; strings are escaped, so that no path can change the configuration's meaning. A configuration file is
used since the command line cannot hold ':' or ',' in paths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from assay.model.candidate import Record
from assay.policy.schema import MIB, Limits
from assay.sandbox.identity import INSIDE_ID, Identity
from assay.sandbox.view import Mount, MountKind

_PLAIN = re.compile(r"[ !#-\[\]-~]*")


class Allowance(Record, frozen=True, kw_only=True):
    """How limits are enforced on this host: what control groups do not, rlimits must, or `watch` for want of
    an rlimit on memory in use. `hard` are the engine's own hard rlimits by name (`nofile`, `fsize`,
    `nproc`), which no jail can exceed."""

    memory_group: bool
    pids_group: bool
    hard: dict[str, int]


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
        *_rlimits(limits, allowance),
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


def _rlimits(limits: Limits, allowance: Allowance) -> list[bytes]:
    lines = [
        _rlimit("core", 0),
        _rlimit("cpu", math.ceil(limits.cpu_seconds)) if limits.cpu_seconds else _as_is("cpu"),
        _bounded("fsize", math.ceil(limits.file_size / MIB), allowance, unit=MIB),
        _bounded("nofile", limits.open_files, allowance),
        _as_is("stack", "SOFT"),
        _as_is("memlock", "SOFT"),
        _as_is("rtprio", "SOFT"),
        _as_is("msgqueue", "SOFT"),
        # Address space is not memory: WebAssembly reserves 10 GB of it for each module, sanitisers 15 TB.
        _as_is("as"),
    ]
    if allowance.pids_group:
        lines.append(_as_is("nproc"))
    else:
        # Our own first process counts here; with one more, going beyond the limit can be seen.
        lines.append(_bounded("nproc", limits.pids and limits.pids + 2, allowance))
    return lines


def _bounded(name: str, value: int, allowance: Allowance, unit: int = 1) -> bytes:
    hard = allowance.hard.get(name, -1)
    if not value or (hard >= 0 and value * unit > hard):
        return _as_is(name)
    return _rlimit(name, value)


def _rlimit(name: str, value: int) -> bytes:
    # Some kinds take the value into account only if told to.
    return f"rlimit_{name}: {value} rlimit_{name}_type: VALUE".encode()


def _as_is(name: str, which: str = "HARD") -> bytes:
    """The engine's own limit: to ask for more would fail where the hard limit is lower."""
    return f"rlimit_{name}_type: {which}".encode()
