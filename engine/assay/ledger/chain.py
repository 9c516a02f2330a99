"""Entries, and the hash that chains each to all before it.

Promises: pure. An entry's hash covers its predecessor's hash, its number, transaction, kind, time and
payload, each with its length, so that no two different entries have the same input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum

from assay.model.candidate import Record

GENESIS = bytes(32)
"""What stands in for the hash before the first entry."""


class Kind(StrEnum):
    """What an entry records. `append` may write further kinds of its caller's own."""

    BEGIN = "begin"
    STEP = "step"
    CANDIDATE = "candidate"
    GATE_RESULT = "gate-result"
    TOOL_CALL = "tool-call"
    VERDICT = "verdict"
    LANDING = "landing"
    PRUNE = "prune"


class Entry(Record, frozen=True, kw_only=True):
    """One line of the ledger. `time` is in microseconds since the epoch; the hashes have 32 bytes."""

    seq: int
    transaction: str
    time: int
    kind: str
    payload: bytes
    prev: bytes
    hash: bytes


def link(*, prev: bytes, seq: int, transaction: str, kind: str, time: int, payload: bytes) -> bytes:
    """The hash of an entry."""
    hasher = hashlib.sha256(prev)
    for part in (str(seq).encode(), transaction.encode(), kind.encode(), str(time).encode(), payload):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest()


def breaks(entries: Iterable[Entry]) -> Iterator[str]:
    """What is wrong with a sequence of entries that should be whole from the first on."""
    prev, seq = GENESIS, 0
    for entry in entries:
        if entry.seq != seq + 1:
            yield f"entries {seq + 1} to {entry.seq - 1} are missing"
        if entry.prev != prev:
            yield f"entry {entry.seq} does not follow on the entry before it"
        if entry.hash != _hash_of(entry):
            yield f"entry {entry.seq} was changed after it was written"
        prev, seq = entry.hash, entry.seq


def _hash_of(entry: Entry) -> bytes:
    return link(
        prev=entry.prev,
        seq=entry.seq,
        transaction=entry.transaction,
        kind=entry.kind,
        time=entry.time,
        payload=entry.payload,
    )
