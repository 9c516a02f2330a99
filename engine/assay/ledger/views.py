"""Keeps the indexed views in step with the entries: one function per kind of entry.

Promises: a view is a function of the entries alone, so that replaying them makes the same views again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping

from assay.ledger.chain import Entry, Kind
from assay.ledger.codec import decode, searchable
from assay.ledger.records import (
    Begun,
    KeptCandidate,
    KeptGateResult,
    KeptToolCall,
    KeptVerdict,
    Landing,
    Stepped,
)
from assay.ledger.states import State

View = Callable[[sqlite3.Connection, Entry], None]


def show(connection: sqlite3.Connection, entry: Entry) -> None:
    """Let an entry that was just written be found. Kinds nobody looks for are only in the journal."""
    view = _VIEWS.get(entry.kind)
    if view is not None:
        view(connection, entry)


def _begin(connection: sqlite3.Connection, entry: Entry) -> None:
    begun = decode(entry.payload, Begun)
    connection.execute(
        "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?)",
        (entry.transaction, entry.seq, searchable(begun.command), entry.time, entry.time, State.BEGUN.value),
    )


def _step(connection: sqlite3.Connection, entry: Entry) -> None:
    connection.execute(
        "UPDATE transactions SET state = ?, updated = ? WHERE id = ?",
        (decode(entry.payload, Stepped).state.value, entry.time, entry.transaction),
    )


def _candidate(connection: sqlite3.Connection, entry: Entry) -> None:
    kept = decode(entry.payload, KeptCandidate)
    connection.execute(
        "INSERT INTO candidates VALUES (?, ?, ?, ?)",
        (entry.seq, entry.transaction, kept.candidate.id, searchable(kept.candidate.name)),
    )
    _use(connection, entry, [kept.patch])


def _gate_result(connection: sqlite3.Connection, entry: Entry) -> None:
    kept = decode(entry.payload, KeptGateResult)
    connection.execute(
        "INSERT INTO gate_results VALUES (?, ?, ?, ?, ?)",
        (entry.seq, entry.transaction, kept.candidate, kept.result.gate, kept.result.outcome.value),
    )


def _tool_call(connection: sqlite3.Connection, entry: Entry) -> None:
    kept = decode(entry.payload, KeptToolCall)
    connection.execute(
        "INSERT INTO tool_calls VALUES (?, ?, ?, ?, ?)",
        (entry.seq, entry.transaction, kept.candidate, kept.gate, searchable(kept.call.label)),
    )
    _use(connection, entry, [output.digest for output in kept.outputs.values()])


def _verdict(connection: sqlite3.Connection, entry: Entry) -> None:
    verdict = decode(entry.payload, KeptVerdict).verdict
    connection.execute(
        "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.seq,
            entry.transaction,
            verdict.candidate,
            verdict.decision.value,
            verdict.rejected_by,
            searchable(verdict.reason),
            entry.time,
        ),
    )


def _landing(connection: sqlite3.Connection, entry: Entry) -> None:
    landing = decode(entry.payload, Landing)
    connection.execute(
        "INSERT INTO landings VALUES (?, ?, ?, ?, ?)",
        (entry.seq, entry.transaction, searchable(landing.ref), landing.old, landing.new),
    )


def _use(connection: sqlite3.Connection, entry: Entry, digests: Iterable[str]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO uses VALUES (?, ?)", [(digest, entry.seq) for digest in digests]
    )


_VIEWS: Mapping[str, View] = {
    Kind.BEGIN: _begin,
    Kind.STEP: _step,
    Kind.CANDIDATE: _candidate,
    Kind.GATE_RESULT: _gate_result,
    Kind.TOOL_CALL: _tool_call,
    Kind.VERDICT: _verdict,
    Kind.LANDING: _landing,
}
