"""Starts a command on a host that refuses something, as containers and security modules do.

Usage: refusing.py WHAT COMMAND... where WHAT is `mounts` (each mount fails with EACCES, as under an AppArmor
profile that lets a program make a user namespace and nothing in it), `namespaces` (no user namespace can be
made, as under the default profile of docker).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_NEW_USER = 0x10000000
_COMMON = {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "clone3": 435}
_NUMBERS = {
    "x86_64": {"mount": 165, "unshare": 272, "clone": 56, **_COMMON},
    "aarch64": {"mount": 40, "unshare": 97, "clone": 220, **_COMMON},
}
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_ARGUMENT = 16
"""Where the low half of a call's first argument is in the filter's data."""


def main() -> None:
    what, *command = sys.argv[1:]
    numbers = _NUMBERS[platform.machine()]
    filters = {"mounts": _mounts, "namespaces": _namespaces}[what](numbers)
    _install([*filters, _op(_RETURN, value=_ALLOW)])
    os.execvp(command[0], command)


def _mounts(numbers: dict[str, int]) -> list[bytes]:
    refused = ("mount", "open_tree", "move_mount", "fsopen", "fsmount")
    return [_op(_LOAD), *(op for name in refused for op in _refuse(numbers[name], errno.EACCES))]


def _namespaces(numbers: dict[str, int]) -> list[bytes]:
    with_flags = [
        op
        for name in ("unshare", "clone")
        for op in (
            _op(_LOAD),
            _op(_EQUAL, no=3, value=numbers[name]),
            _op(_LOAD, value=_ARGUMENT),
            _op(_ANY_BIT, no=1, value=_NEW_USER),
            _op(_RETURN, value=_ERROR | errno.EPERM),
        )
    ]
    # Its flags are out of a filter's reach; programs then take the older call.
    return [*with_flags, _op(_LOAD), *_refuse(numbers["clone3"], errno.ENOSYS)]


def _refuse(number: int, error: int) -> list[bytes]:
    return [_op(_EQUAL, no=1, value=number), _op(_RETURN, value=_ERROR | error)]


def _op(code: int, *, no: int = 0, value: int = 0) -> bytes:
    return struct.pack("HBBI", code, 0, no, value)


def _install(operations: list[bytes]) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("operations", ctypes.c_void_p))

    text = ctypes.create_string_buffer(b"".join(operations))
    program = Program(len(operations), ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(program))):  # no_new_privs, then the filter
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main()
