"""Git objects in git's own file formats: loose, and many in one pack with its index.

Promises: objects are read from one repository and written where the caller says, never into that
repository; a pack is written as a stream, one object in memory at a time.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from assay.model.candidate import Oid
from assay.repo.repository import EMPTY_TREE, SUBMODULE, TREE, Repository

_TYPES = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_FAST = 1
"""zlib's level: what is written here is read a few times and thrown away."""
_FAR = 1 << 31
"""Offsets from here on stand in a table of their own."""


def loose(kind: int, data: bytes) -> tuple[Oid, bytes]:
    """An object's name, and the bytes of the file that holds it."""
    whole = b"%s %d\0%s" % (_TYPES[kind], len(data), data)
    return Oid(hashlib.sha1(whole, usedforsecurity=False).hexdigest()), zlib.compress(whole, _FAST)


def new_objects(repo: Repository, old_tree: str, new_tree: str) -> Iterator[Oid]:
    """The trees and blobs of `new_tree` that are not at the same place in `old_tree`: O(diff). One may come
    twice; submodules' commits, and the empty tree that git knows anyway, do not come."""
    if new_tree in (old_tree, EMPTY_TREE):
        return
    yield Oid(new_tree)
    before = repo.entries(old_tree)
    for name, (mode, oid) in repo.entries(new_tree).items():
        was = before.get(name)
        if was == (mode, oid) or mode == SUBMODULE:
            continue
        if mode == TREE:
            yield from new_objects(repo, was[1] if was and was[0] == TREE else EMPTY_TREE, oid)
        else:
            yield oid


def write_pack(repo: Repository, objects: Sequence[Oid], out: BinaryIO) -> tuple[str, bytes]:
    """Write `objects`, each once, as a pack; the pack's checksum and the bytes of its index."""
    total = hashlib.sha1(usedforsecurity=False)
    at = 0
    rows: list[tuple[bytes, int, int]] = []

    def write(data: bytes) -> None:
        nonlocal at
        total.update(data)
        out.write(data)
        at += len(data)

    write(struct.pack(">4sII", b"PACK", 2, len(objects)))
    for oid in objects:
        kind, data = repo.raw(oid)
        packed = _head(kind, len(data)) + zlib.compress(data, _FAST)
        rows.append((bytes.fromhex(oid), zlib.crc32(packed), at))
        write(packed)
    checksum = total.digest()
    out.write(checksum)
    return checksum.hex(), _pack_index(sorted(rows), checksum)


def _head(kind: int, size: int) -> bytes:
    """Type and size, four bits and then seven at a time."""
    byte, size = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head)


def _pack_index(rows: Sequence[tuple[bytes, int, int]], checksum: bytes) -> bytes:
    counts = [0] * 256
    for name, _, _ in rows:
        counts[name[0]] += 1
    fanout, below = [], 0
    for count in counts:
        below += count
        fanout.append(below)
    far = [offset for _, _, offset in rows if offset >= _FAR]
    places = iter(range(len(far)))
    near = [offset if offset < _FAR else _FAR | next(places) for _, _, offset in rows]
    body = b"".join(
        (
            b"\377tOc\0\0\0\2",
            struct.pack(">256I", *fanout),
            b"".join(name for name, _, _ in rows),
            struct.pack(f">{len(rows)}I", *(crc for _, crc, _ in rows)),
            struct.pack(f">{len(rows)}I", *near),
            struct.pack(f">{len(far)}Q", *far),
            checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
