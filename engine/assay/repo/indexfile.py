"""Git's index file (version 2), written without git.

Promises: pure. Of a file's status only size and whole seconds of its time are told, which is all that git
compares under `core.checkStat=minimal` and `core.trustctime=false`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping

from assay.repo.repository import EXECUTABLE, FILE, SUBMODULE, SYMLINK

_FIXED = struct.Struct(">10I20sH")
_LONGEST = 0xFFF


def entry(path: bytes, mode: int, oid: str, *, size: int, mtime: int) -> bytes:
    """One leaf. Git keeps sizes and times modulo 2**32."""
    times = (0, 0, mtime & 0xFFFFFFFF, 0)
    fixed = _FIXED.pack(
        *times, 0, 0, _canonical(mode), 0, 0, size & 0xFFFFFFFF, bytes.fromhex(oid), min(len(path), _LONGEST)
    )
    return fixed + path + b"\0" * (8 - (len(fixed) + len(path)) % 8)


def join(entries: Mapping[bytes, bytes]) -> bytes:
    """The index of `entries`: path to what `entry` made of it."""
    body = b"".join(
        (struct.pack(">4sII", b"DIRC", 2, len(entries)), *(entries[path] for path in sorted(entries)))
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def split(data: bytes) -> dict[bytes, bytes]:
    """The entries of an index that `join` wrote."""
    (count,) = struct.unpack_from(">I", data, 8)
    entries: dict[bytes, bytes] = {}
    at = 12
    for _ in range(count):
        end = data.index(b"\0", at + _FIXED.size)
        following = at + (end - at) // 8 * 8 + 8
        entries[data[at + _FIXED.size : end]] = data[at:following]
        at = following
    return entries


def _canonical(mode: int) -> int:
    if mode in (SYMLINK, SUBMODULE):
        return mode
    return EXECUTABLE if mode & 0o100 else FILE
