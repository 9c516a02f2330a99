"""The content store: patches and outputs by their SHA-256, compressed, shared by all who refer to them.

Promises: what is read back is what was put in, or it is reported as damaged; bodies can be removed
(`prune`) without touching any entry, since entries hold only digests.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator

from assay.ledger.records import KeptOutput

_HEAD = 256 * 1024
_TAIL = 768 * 1024
"""What is kept of an output beyond their sum: programs say what they do at the start, and what went wrong
at the end."""

_FASTEST = 1


def digest_of(data: bytes) -> str:
    """The name of a body."""
    return hashlib.sha256(data).hexdigest()


def bound(data: bytes) -> tuple[bytes, KeptOutput]:
    """What is kept of an output, and the record of it."""
    whole = digest_of(data)
    if len(data) <= _HEAD + _TAIL:
        return data, KeptOutput(digest=whole, size=len(data), whole=whole)
    kept = data[:_HEAD] + data[-_TAIL:]
    cut = len(data) - len(kept)
    return kept, KeptOutput(digest=digest_of(kept), size=len(data), whole=whole, head=_HEAD, cut=cut)


def pack(data: bytes) -> bytes:
    """A body as it is stored."""
    return zlib.compress(data, _FASTEST)


def insert(connection: sqlite3.Connection, digest: str, moment: int, size: int, packed: bytes) -> None:
    """Store a body; one that is there already only becomes younger."""
    connection.execute(
        "INSERT INTO content VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET time = MAX(time, ?)",
        (digest, moment, size, packed, moment),
    )


def select(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """A body, or None if it is not there. Raises ValueError if it is not what it was."""
    row = connection.execute("SELECT data FROM content WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else _unpack(digest, row[0])


def damaged(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the store."""
    for digest, data in connection.execute("SELECT digest, data FROM content ORDER BY digest"):
        try:
            _unpack(digest, data)
        except ValueError as error:
            yield str(error)


def drop_before(connection: sqlite3.Connection, moment: int) -> tuple[int, int]:
    """Remove bodies that were put before `moment` and that no entry since then refers to; how many they were,
    and their size."""
    old = (
        "FROM content WHERE time < :before AND NOT EXISTS (SELECT 1 FROM uses JOIN entries USING (seq)"
        " WHERE uses.digest = content.digest AND entries.time >= :before)"
    )
    values = {"before": moment}
    count, size = connection.execute(f"SELECT COUNT(*), COALESCE(SUM(size), 0) {old}", values).fetchone()
    connection.execute(f"DELETE {old}", values)
    return int(count), int(size)


def _unpack(digest: str, packed: bytes) -> bytes:
    try:
        data = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"the stored body {digest} cannot be read: {error}") from error
    if digest_of(data) != digest:
        raise ValueError(f"the stored body {digest} is not what it was")
    return data
