"""Landlock for a Python program that is about to run a candidate's code in its own process.

Runs in the target's interpreter: the standard library alone, Python 3.8 or later. Promises: with `confine`
done, neither this process nor anything it starts can write, make or remove files but below the given
paths, make device nodes, or (from ABI 6) signal and (always) trace or look into processes that were there
before. It only ever takes rights away, and does nothing at all where the kernel, the interpreter or a
missing `no_new_privs` does not allow it.
"""

from __future__ import annotations

import os
import stat
import sys

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The same numbers on every architecture."""
_VERSION = 1
_BENEATH = 1
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_MAKE_DEVICES = 1 << 6 | 1 << 11
_REFER = 1 << 13
# Removing directories and files; making directories, files, sockets, pipes and links.
_CHANGE = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12
_SIGNALS_AND_ABSTRACT_SOCKETS = 3


def confine(writable: list[str]) -> int:
    """Restrict this thread and all that it starts from now on; call it before there are other threads.
    `writable` are paths below which everything but devices may be changed; missing ones are left out. The
    ABI in force, or 0 where nothing was done."""
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError):
        return 0

    def call(number: int, *arguments: object) -> int:
        return int(libc.syscall(ctypes.c_long(number), *arguments))

    abi = call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    # The first ABI forbids every move between directories.
    if abi < 2:
        return 0
    on_files = _WRITE_FILE | (_TRUNCATE if abi >= 3 else 0)
    on_directories = on_files | _CHANGE | _REFER
    scoped = _SIGNALS_AND_ABSTRACT_SOCKETS if abi >= 6 else 0
    # Handled accesses to files, to the network, and what is scoped: as many of them as the ABI knows.
    wanted = (on_directories | _MAKE_DEVICES, 0, scoped)[: 3 if abi >= 6 else 2 if abi >= 4 else 1]
    attributes = (ctypes.c_uint64 * len(wanted))(*wanted)
    rules = call(_CREATE, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint(0))
    if rules < 0:
        return 0
    try:
        for path in writable:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            rule = ctypes.create_string_buffer(_rule(place, on_files, on_directories), 12)
            call(_ADD, ctypes.c_int(rules), ctypes.c_int(_BENEATH), rule, ctypes.c_uint(0))
            os.close(place)
        done = call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)
    return int(abi) if done == 0 else 0


def _rule(place: int, on_files: int, on_directories: int) -> bytes:
    """struct landlock_path_beneath_attr, which is packed: 64 bits of rights, then the descriptor."""
    rights = on_directories if stat.S_ISDIR(os.fstat(place).st_mode) else on_files
    return rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder)
