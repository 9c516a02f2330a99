"""Questions to the ledger, for audit and recovery: each a function of a connection.

Promises: nothing is written; answers are frozen records in a stated order. Views only find; what is answered
is read from the entries themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from assay.ledger.chain import Entry, Kind
from assay.ledger.codec import decode, searchable
from assay.ledger.records import (
    Begun,
    Found,
    KeptCandidate,
    KeptGateResult,
    KeptToolCall,
    KeptVerdict,
    Landing,
    Rejection,
    Step,
    Stepped,
    Transaction,
)
from assay.ledger.states import State
from assay.model.errors import BadInput
from assay.model.outcome import GateResult
from assay.model.verdict import Decision, Verdict

T = TypeVar("T")

MICRO = 1_000_000
"""Entries count time in microseconds, answers in seconds."""

_TRANSACTION = """
SELECT t.id, t.command, t.began, t.updated, t.state, e.payload
FROM transactions t JOIN entries e ON e.seq = t.seq
"""

_TRANSACTIONS = """
SELECT t.id, t.command, t.began, t.updated, t.state, e.payload
FROM transactions t JOIN entries e ON e.seq = t.seq
WHERE t.began >= :since AND (:command IS NULL OR t.command = :command)
  AND (:verdict IS NULL OR EXISTS (SELECT 1 FROM verdicts v WHERE v.txn = t.id AND v.decision = :verdict))
ORDER BY t.seq DESC LIMIT :limit
"""

_FOUND = """
SELECT c.txn, e.time, e.payload, v.decision, v.reason, v.rejected_by
FROM candidates c JOIN entries e ON e.seq = c.seq
LEFT JOIN verdicts v ON v.seq = (
    SELECT MAX(w.seq) FROM verdicts w WHERE w.txn = c.txn AND w.candidate = c.id
)
"""


def transactions(
    connection: sqlite3.Connection,
    *,
    since: float | None = None,
    command: str | None = None,
    verdict: Decision | None = None,
    limit: int | None = None,
) -> tuple[Transaction, ...]:
    """Newest first. `since`: began then or later (seconds since the epoch); `verdict`: a candidate got it."""
    values = {
        "since": 0 if since is None else int(since * MICRO),
        "command": None if command is None else searchable(command),
        "verdict": None if verdict is None else verdict.value,
        "limit": -1 if limit is None else limit,
    }
    rows = connection.execute(_TRANSACTIONS, values).fetchall()
    return tuple(_transaction(connection, row) for row in rows)


def transaction(connection: sqlite3.Connection, prefix: str) -> Transaction:
    """The one transaction whose id begins with `prefix`. Raises `BadInput` if there is none or more."""
    low, high = _prefix(prefix)
    sql = f"{_TRANSACTION} WHERE t.id >= ? AND t.id < ? ORDER BY t.id LIMIT 2"
    rows = connection.execute(sql, (low, high)).fetchall()
    if not rows or not prefix:
        raise BadInput(f"no transaction is named {prefix!r}", fix="`assay audit list` shows them")
    if len(rows) > 1 and rows[0][0] != prefix:
        raise BadInput(f"{prefix!r} begins the names of several transactions", fix="give more of it")
    return _transaction(connection, rows[0])


def unfinished(connection: sqlite3.Connection) -> tuple[Transaction, ...]:
    """Transactions that have not settled, oldest first."""
    settled = [state.value for state in State if state.settled]
    marks = ", ".join("?" * len(settled))
    sql = f"{_TRANSACTION} WHERE t.state NOT IN ({marks}) ORDER BY t.seq"
    rows = connection.execute(sql, settled).fetchall()
    return tuple(_transaction(connection, row) for row in rows)


def state(connection: sqlite3.Connection, transaction_id: str) -> State | None:
    """Where a transaction is; None if there is no such."""
    row = connection.execute("SELECT state FROM transactions WHERE id = ?", (transaction_id,)).fetchone()
    return None if row is None else State(row[0])


def steps(connection: sqlite3.Connection, transaction_id: str) -> tuple[Step, ...]:
    """The states a transaction entered, in order, after `begun`."""
    return tuple(
        Step(state=stepped.state, time=moment / MICRO, payload=stepped.payload)
        for moment, stepped in _of(connection, transaction_id, Kind.STEP, Stepped)
    )


def entries(connection: sqlite3.Connection, transaction_id: str | None = None) -> Iterator[Entry]:
    """Entries in order: of one transaction, or all."""
    sql = (
        "SELECT seq, txn, time, kind, payload, prev, hash FROM entries"
        " WHERE :txn IS NULL OR txn = :txn ORDER BY seq"
    )
    for seq, txn, moment, kind, payload, prev, digest in connection.execute(sql, {"txn": transaction_id}):
        yield Entry(seq=seq, transaction=txn, time=moment, kind=kind, payload=payload, prev=prev, hash=digest)


def candidates(connection: sqlite3.Connection, transaction_id: str) -> tuple[Found, ...]:
    """The candidates of a transaction, in the order they came in."""
    return _found(connection, f"{_FOUND} WHERE c.txn = ? ORDER BY c.seq", (transaction_id,))


def find_candidates(connection: sqlite3.Connection, word: str) -> tuple[Found, ...]:
    """Candidates of any transaction whose id begins with `word` or whose name is `word`, newest first."""
    if not word:
        return ()
    sql = f"{_FOUND} WHERE (c.id >= ? AND c.id < ?) OR c.name = ? ORDER BY c.seq DESC"
    return _found(connection, sql, (*_prefix(word), searchable(word)))


def gate_results(
    connection: sqlite3.Connection, transaction_id: str, candidate: str
) -> tuple[GateResult, ...]:
    """The gate results of a candidate that have entries of their own, in the order they were recorded."""
    sql = (
        "SELECT e.payload FROM gate_results g JOIN entries e USING (seq)"
        " WHERE g.txn = ? AND g.candidate = ? ORDER BY g.seq"
    )
    rows = connection.execute(sql, (transaction_id, candidate)).fetchall()
    return tuple(decode(row[0], KeptGateResult).result for row in rows)


def verdict(connection: sqlite3.Connection, transaction_id: str, candidate: str) -> Verdict | None:
    """A candidate's verdict with all its gate results; the last, if it was judged more than once."""
    sql = (
        "SELECT e.payload FROM verdicts v JOIN entries e USING (seq)"
        " WHERE v.txn = ? AND v.candidate = ? ORDER BY v.seq DESC LIMIT 1"
    )
    row = connection.execute(sql, (transaction_id, candidate)).fetchone()
    if row is None:
        return None
    kept = decode(row[0], KeptVerdict)
    known = {each.gate: each for each in gate_results(connection, transaction_id, candidate)}
    known.update({each.gate: each for each in kept.verdict.gates})
    gates = tuple(known[gate] for gate in kept.order if gate in known)
    return msgspec.structs.replace(kept.verdict, gates=gates)


def tool_calls(
    connection: sqlite3.Connection,
    transaction_id: str,
    candidate: str | None = None,
    gate: str | None = None,
) -> tuple[KeptToolCall, ...]:
    """The programs a transaction ran, in order; for one candidate or gate if named."""
    sql = (
        "SELECT e.payload FROM tool_calls c JOIN entries e USING (seq) WHERE c.txn = :txn"
        " AND (:candidate IS NULL OR c.candidate = :candidate) AND (:gate IS NULL OR c.gate = :gate)"
        " ORDER BY c.seq"
    )
    values = {"txn": transaction_id, "candidate": candidate, "gate": gate}
    rows = connection.execute(sql, values).fetchall()
    return tuple(decode(row[0], KeptToolCall) for row in rows)


def rejections(connection: sqlite3.Connection, since: float | None = None) -> tuple[Rejection, ...]:
    """Everything rejected at or after `since` (seconds since the epoch), newest first."""
    sql = (
        "SELECT v.txn, v.time, v.candidate, COALESCE(c.name, ''), v.rejected_by, v.reason"
        " FROM verdicts v LEFT JOIN candidates c ON c.txn = v.txn AND c.id = v.candidate"
        " WHERE v.decision = ? AND v.time >= ? ORDER BY v.seq DESC"
    )
    values = (Decision.REJECTED.value, 0 if since is None else int(since * MICRO))
    return tuple(
        Rejection(
            transaction=txn, time=moment / MICRO, candidate=candidate, name=name, gate=gate, reason=reason
        )
        for txn, moment, candidate, name, gate, reason in connection.execute(sql, values).fetchall()
    )


def landings(connection: sqlite3.Connection, transaction_id: str) -> tuple[Landing, ...]:
    """What a transaction landed."""
    return tuple(landing for _, landing in _of(connection, transaction_id, Kind.LANDING, Landing))


def _of(
    connection: sqlite3.Connection, transaction_id: str, kind: Kind, record: type[T]
) -> list[tuple[int, T]]:
    sql = "SELECT time, payload FROM entries WHERE txn = ? AND kind = ? ORDER BY seq"
    rows = connection.execute(sql, (transaction_id, kind.value)).fetchall()
    return [(moment, decode(payload, record)) for moment, payload in rows]


def _transaction(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Transaction:
    identity, command, began, updated, where, payload = row
    begun = decode(payload, Begun)
    # Of one that was judged more than once, the last word counts.
    sql = (
        "SELECT decision, COUNT(*) FROM verdicts v WHERE txn = ? AND seq = ("
        "SELECT MAX(w.seq) FROM verdicts w WHERE w.txn = v.txn AND w.candidate = v.candidate"
        ") GROUP BY decision"
    )
    counts = connection.execute(sql, (identity,)).fetchall()
    return Transaction(
        id=identity,
        command=command,
        began=began / MICRO,
        updated=updated / MICRO,
        state=State(where),
        process=begun.process,
        payload=begun.payload,
        verdicts={Decision(decision): count for decision, count in counts},
    )


def _found(connection: sqlite3.Connection, sql: str, values: tuple[str, ...]) -> tuple[Found, ...]:
    return tuple(
        Found(
            transaction=txn,
            time=moment / MICRO,
            kept=decode(payload, KeptCandidate),
            decision=None if decision is None else Decision(decision),
            reason=reason or "",
            rejected_by=blamed,
        )
        for txn, moment, payload, decision, reason, blamed in connection.execute(sql, values).fetchall()
    )


def _prefix(word: str) -> tuple[str, str]:
    """The half-open range of texts that begin with `word`."""
    low = searchable(word)
    return low, low + "\U0010ffff"
