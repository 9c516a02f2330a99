"""Git's binary hunks: reading them, applying them, writing them.

Promises: pure. Sizes that a patch states are checked before anything of that size is made, and held to; a
delta that reaches outside its source is an error, never a guess.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

from assay.model.candidate import Record
from assay.model.expressions import expression

MAX_SIZE = 512 * 1024 * 1024

_HEADER = expression(rb"(literal|delta) (\d{1,12})$")
_LENGTHS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class BinaryHunk(Record, frozen=True, kw_only=True):
    """The forward half of a binary patch: the new content itself, or a delta against the old."""

    delta: bool
    data: bytes


def read_hunk(lines: Sequence[bytes], at: int) -> tuple[BinaryHunk, int]:
    """The hunk whose header is `lines[at]`, and the index after its blank line. Raises ValueError."""
    header = _HEADER.match(lines[at].rstrip(b"\r\n")) if at < len(lines) else None
    if header is None:
        raise ValueError("a binary hunk starts with `literal` or `delta` and a size")
    size = int(header.group(2))
    if size > MAX_SIZE:
        raise ValueError(f"a binary hunk of {size} bytes is more than is accepted")
    at += 1
    packed = bytearray()
    while at < len(lines) and (line := lines[at].rstrip(b"\r\n")):
        packed += _unpack_line(line)
        at += 1
    return BinaryHunk(delta=header.group(1) == b"delta", data=_inflate(bytes(packed), size)), at + 1


def _unpack_line(line: bytes) -> bytes:
    length = _LENGTHS.find(line[:1]) + 1
    body = line[1:]
    if not length or len(body) != (length + 3) // 4 * 5:
        raise ValueError("a line of a binary hunk is damaged")
    return base64.b85decode(body)[:length]


def _inflate(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError("a binary hunk does not decompress") from error
    if len(data) != size or (not inflater.eof and inflater.decompress(inflater.unconsumed_tail, 1)):
        raise ValueError("a binary hunk has another size than it says")
    return data


def apply_hunk(old: bytes, hunk: BinaryHunk) -> bytes:
    """The new content. Raises ValueError when a delta does not fit `old`."""
    return _apply_delta(old, hunk.data) if hunk.delta else hunk.data


def _apply_delta(old: bytes, delta: bytes) -> bytes:
    source_size, at = _varint(delta, 0)
    target_size, at = _varint(delta, at)
    if source_size != len(old):
        raise ValueError(f"the delta is for a file of {source_size} bytes, not {len(old)}")
    if target_size > MAX_SIZE:
        raise ValueError(f"a binary result of {target_size} bytes is more than is accepted")
    out = bytearray()
    while at < len(delta):
        operation = delta[at]
        at += 1
        if operation & 0x80:
            offset, size, at = _copy_operands(delta, operation, at)
            if offset + size > len(old):
                raise ValueError("the delta copies from beyond the old file")
            out += old[offset : offset + size]
        elif operation:
            if at + operation > len(delta):
                raise ValueError("the delta is cut short")
            out += delta[at : at + operation]
            at += operation
        else:
            raise ValueError("the delta has an unknown operation")
        if len(out) > target_size:
            raise ValueError("the delta makes more than it says")
    if len(out) != target_size:
        raise ValueError("the delta makes less than it says")
    return bytes(out)


def _copy_operands(delta: bytes, operation: int, at: int) -> tuple[int, int, int]:
    values = [0] * 7
    for bit in range(7):
        if operation & (1 << bit):
            if at >= len(delta):
                raise ValueError("the delta is cut short")
            values[bit] = delta[at]
            at += 1
    offset = int.from_bytes(bytes(values[:4]), "little")
    size = int.from_bytes(bytes(values[4:]), "little") or 0x10000
    return offset, size, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("the delta is cut short")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def write_hunk(data: bytes) -> bytes:
    """A `literal` hunk that holds `data`, with the blank line after it."""
    packed = zlib.compress(data)
    lines = [b"literal %d" % len(data)]
    for start in range(0, len(packed), 52):
        chunk = packed[start : start + 52]
        lines.append(_LENGTHS[len(chunk) - 1 : len(chunk)] + base64.b85encode(chunk, pad=True))
    return b"\n".join(lines) + b"\n\n"
