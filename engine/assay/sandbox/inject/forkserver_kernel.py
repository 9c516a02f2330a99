"""The calls of the kernel that a fork server needs and Python has no names for.

Runs in the target's interpreter: the standard library alone, Python 3.8 or later. Promises: every call that
the kernel refuses raises OSError with the call's name; nothing here decides anything. No type is made here,
since types are found again, among the subclasses of theirs.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
"""User, mount, pid, net, ipc, uts and cgroup."""
READ_ONLY, BIND, RECURSIVE = 1, 0x1000, 0x4000
DIE_WITH_PARENT, DUMPABLE = 1, 4

_REMOUNT, _KEPT = 32, 2 | 4 | 8
_DROP_BOUNDING, _NO_NEW_PRIVILEGES, _FILTER, _AMBIENT = 24, 38, 22, 47
_BY_PROGRAM, _CLEAR_ALL = 2, 4
_CAPABILITIES_VERSION = 0x20080522
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41
_INTERNET, _DATAGRAM = 2, 2
_STEP = 8
"""Bytes of one step of a filter: struct sock_filter."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
_libc.ioctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p)
_libc.memmove.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
_libc.capset.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
_prctl_at = ctypes.CDLL(None, use_errno=True).prctl
_prctl_at.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones."""
    _check("unshare", _libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """One mount."""
    parts = [os.fsencode(part) for part in (source, target, kind)]
    result = _libc.mount(*parts, flags, options.encode() if options else None)
    _check(f"mounting {kind or source} at {target}", result)


def protect(target: str) -> None:
    """Let nobody write to what is shown at `target`, if anybody could."""
    now = os.statvfs(target).f_flag
    if not now & READ_ONLY:
        mount("none", target, "", BIND | _REMOUNT | READ_ONLY | now & _KEPT)


def prctl(option: int, value: int) -> None:
    """Change something about this process."""
    _check(f"prctl {option}", _libc.prctl(option, value, 0, 0, 0))


def raise_loopback() -> None:
    """Let there be a localhost."""
    sock = _check("socket", _libc.socket(_INTERNET, _DATAGRAM, 0))
    try:
        request = b"lo".ljust(16, b"\0") + _UP_AND_RUNNING.to_bytes(2, "little") + bytes(22)
        _check("raising lo", _libc.ioctl(sock, _SET_FLAGS, request))
    finally:
        os.close(sock)


def drop_capabilities() -> None:
    """Give all of them up for good, and with them every way to get one."""
    number = 0
    while _libc.prctl(_DROP_BOUNDING, number, 0, 0, 0) == 0:
        number += 1
    _check("dropping ambient capabilities", _libc.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    head = _CAPABILITIES_VERSION.to_bytes(4, sys.byteorder) + bytes(4)
    _check("dropping capabilities", _libc.capset(head, bytes(24)))
    prctl(_NO_NEW_PRIVILEGES, 1)


def deny(program: bytes) -> None:
    """Put a filter of system calls into force, an array of struct sock_filter."""
    place = ctypes.cast(ctypes.c_char_p(program), ctypes.c_void_p).value or 0
    steps = len(program) // _STEP
    # struct sock_fprog: a short, and where pointers are aligned the pointer.
    described = steps.to_bytes(2, sys.byteorder).ljust(8, b"\0") + place.to_bytes(8, sys.byteorder)
    _check("seccomp", _prctl_at(_FILTER, _BY_PROGRAM, described))


def limit(number: int, value: int | None, own: str) -> None:
    """Set one limit, soft and hard, to `value`, or for None to the `soft` or `hard` one that is in force."""
    soft, hard = resource.getrlimit(number)
    if value is None:
        value = soft if own == "soft" else hard
    resource.setrlimit(number, (value, value))


def rewrite_environment(old: bytes, new: bytes) -> None:
    """Replace one variable in the environment that this process was started with, as /proc shows it. Nobody
    may use that variable any more, and `new` must not be longer."""
    with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    place = ctypes.string_at(start, end - start).find(b"\0" + old + b"\0") if start else -1
    if place >= 0:
        _libc.memmove(start + place + 1, new.ljust(len(old), b"\0"), len(old))


def _check(what: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
