"""The tables: entries that only grow, the content store, and the indexed views made from entries.

Promises: everything but `entries` and `content` can be made again from `entries`. The database itself
refuses to change or remove an entry, or to add one that does not follow on the last.
"""

from __future__ import annotations

VERSION = 1
"""Raise with every change of the tables that an older Assay would misread."""

APPLICATION_ID = 0x41535359

ENTRIES = """
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX entries_by_transaction ON entries (txn, kind, seq);
CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;
CREATE TRIGGER entries_follow BEFORE INSERT ON entries
WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM entries)
  OR NEW.prev IS NOT COALESCE((SELECT hash FROM entries ORDER BY seq DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an entry follows on the last'); END;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL);
"""

CONTENT = """
CREATE TABLE content (
    digest TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    size INTEGER NOT NULL,
    data BLOB NOT NULL
);
"""

VIEWS = """
CREATE TABLE transactions (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    command TEXT NOT NULL,
    began INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX transactions_by_start ON transactions (began);
CREATE INDEX transactions_by_state ON transactions (state);
CREATE TABLE candidates (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE INDEX candidates_by_id ON candidates (id);
CREATE INDEX candidates_by_name ON candidates (name);
CREATE INDEX candidates_by_transaction ON candidates (txn, id);
CREATE TABLE gate_results (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    candidate TEXT NOT NULL,
    gate TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX gate_results_by_candidate ON gate_results (txn, candidate);
CREATE TABLE tool_calls (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    candidate TEXT NOT NULL,
    gate TEXT NOT NULL,
    label TEXT NOT NULL
);
CREATE INDEX tool_calls_by_candidate ON tool_calls (txn, candidate, gate);
CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    candidate TEXT NOT NULL,
    decision TEXT NOT NULL,
    rejected_by TEXT,
    reason TEXT NOT NULL,
    time INTEGER NOT NULL
);
CREATE INDEX verdicts_by_candidate ON verdicts (txn, candidate);
CREATE INDEX verdicts_by_decision ON verdicts (decision, time);
CREATE TABLE landings (
    seq INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    ref TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL
);
CREATE TABLE uses (digest TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (digest, seq)) WITHOUT ROWID;
"""

VIEW_ROWS = {
    "transactions": "SELECT * FROM transactions ORDER BY id",
    "candidates": "SELECT * FROM candidates ORDER BY seq",
    "gate_results": "SELECT * FROM gate_results ORDER BY seq",
    "tool_calls": "SELECT * FROM tool_calls ORDER BY seq",
    "verdicts": "SELECT * FROM verdicts ORDER BY seq",
    "landings": "SELECT * FROM landings ORDER BY seq",
    "uses": "SELECT * FROM uses ORDER BY digest, seq",
}
"""How to read each view whole, in an order of its own."""
