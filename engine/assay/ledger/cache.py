"""Answers remembered from run to run, in a database of their own, since losing them harms nobody.

Promises: never fails and never blocks a run: what cannot be read, is damaged, or has another key's content
is a miss; a file that is no database is thrown away and begun anew. What was asked for least recently goes
first when the bound is reached.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

FILE = "cache.sqlite"
BOUND = 256 * 1024 * 1024
"""Bytes of values kept at most."""

_AFTER_EVICTION = 0.8
"""Share of the bound that is left after making room, so that room is not made at every turn."""

_PATIENCE = 5.0
_VERSION = 1
_NOTED = 256
"""Uses noted in memory before they are written down."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA)

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, seal BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used, size);
"""


class Cache:
    """The remembered answers of one repository. Thread-safe."""

    def __init__(self, directory: Path, bound: int = BOUND) -> None:
        self._path = directory / FILE
        self._bound = bound
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._used: dict[str, float] = {}
        self._room = 0

    def get(self, key: str) -> bytes | None:
        """The value remembered under `key`."""
        with self._lock:
            if self._connection is None and not self._path.exists():
                return None
            row = self._try(lambda connection: _select(connection, key))
            if row is None or _seal(key, row[0]) != row[1]:
                return None
            self._used[key] = time.time()
            if len(self._used) >= _NOTED:
                self._try(self._note)
            return bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        """Remember `value`, unless it alone is beyond the bound."""
        if len(value) > self._bound * _AFTER_EVICTION:
            return
        with self._lock:
            self._try(lambda connection: self._insert(connection, key, value))

    def close(self) -> None:
        """Write down what was used, and let go of the file."""
        with self._lock:
            if self._used:
                self._try(self._note)
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _try(self, ask: Callable[[sqlite3.Connection], T]) -> T | None:
        """The answer; after throwing a damaged file away, that of a new one; None where there is none."""
        for _ in range(2):
            try:
                if self._connection is None:
                    self._connection = self._open()
                return ask(self._connection)
            except (sqlite3.Error, OSError) as error:
                code = getattr(error, "sqlite_errorcode", None)
                if code is None or code & 0xFF not in _DAMAGED:
                    return None
                self._discard()
        return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(
                    f"BEGIN IMMEDIATE; DROP TABLE IF EXISTS answers; {_TABLE}"
                    f"PRAGMA user_version = {_VERSION}; COMMIT;"
                )
            self._room = self._bound - _size(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _discard(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for suffix in ("", "-wal", "-shm"):
            try:
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
            except OSError:
                return

    def _insert(self, connection: sqlite3.Connection, key: str, value: bytes) -> None:
        row = (key, value, _seal(key, value), len(value), time.time())
        connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
        self._room -= len(value)
        if self._room < 0:
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        self._note(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read anew: other processes fill the same cache.
            excess = _size(connection) - self._bound
            if excess > 0:
                excess += int(self._bound * (1 - _AFTER_EVICTION))
                connection.execute(
                    "DELETE FROM answers WHERE key IN (SELECT key FROM (SELECT key,"
                    " SUM(size) OVER (ORDER BY used, key) - size AS before FROM answers) WHERE before < ?)",
                    (excess,),
                )
            self._room = self._bound - _size(connection)
        finally:
            connection.execute("COMMIT")

    def _note(self, connection: sqlite3.Connection) -> None:
        used, self._used = self._used, {}
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "UPDATE answers SET used = ? WHERE key = ?", [(when, key) for key, when in used.items()]
            )
        finally:
            connection.execute("COMMIT")


def _select(connection: sqlite3.Connection, key: str) -> tuple[bytes, bytes] | None:
    row = connection.execute("SELECT value, seal FROM answers WHERE key = ?", (key,)).fetchone()
    return None if row is None else (row[0], row[1])


def _size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COALESCE(SUM(size), 0) FROM answers").fetchone()[0])


def _seal(key: str, value: bytes) -> bytes:
    """Ties a value to its key: a damaged page must never turn into a verdict."""
    return hashlib.sha256(len(key).to_bytes(8, "big") + key.encode() + value).digest()
