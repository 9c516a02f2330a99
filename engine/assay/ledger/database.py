"""Opens the ledger's database, and turns what SQLite says into sentences a user can act on.

Promises: a connection for writing syncs every commit (`synchronous=FULL`) and waits its turn among
processes; one for reading never creates a file. Whatever is wrong with the file is an `Unsound` with what,
where and what to do.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.ledger import schema
from assay.ledger.lives import SETUP, Lives
from assay.model.errors import Unsound

FILE = "ledger.sqlite"
LOCKS = "lives.lock"

_PATIENCE = 60.0
"""Seconds to wait for other processes' commits, each of which takes milliseconds."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_FORBIDDEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Raise `Unsound` for what the database at `path`, or the file system under it, refuses."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise explain(error, path) from error


def explain(error: sqlite3.DatabaseError | OSError, path: Path) -> Unsound:
    """What a refusal of SQLite or of the system means for the user."""
    if isinstance(error, OSError):
        return _forbidden(error.strerror or str(error), path)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in _BUSY:
        fix = "wait for the other assay to end, then try again"
        return Unsound(f"other processes kept the ledger busy ({error})", where=str(path), fix=fix)
    if code in _FORBIDDEN:
        return _forbidden(str(error), path)
    if code == sqlite3.SQLITE_FULL:
        fix = "free some space, or remove old outputs with `assay audit prune`"
        return Unsound("there is no space left for the ledger", where=str(path), fix=fix)
    if code == sqlite3.SQLITE_IOERR:
        fix = "check the disk and the space on it, then try again"
        return Unsound(f"the ledger could not be read or written ({error})", where=str(path), fix=fix)
    fix = f"move it away (mv {path} {path}.damaged) and a new one is begun; the old one is evidence, keep it"
    return Unsound(f"the ledger is damaged ({error})", where=str(path), fix=fix)


def _forbidden(why: str, path: Path) -> Unsound:
    fix = f"make {path.parent} writable for user id {os.geteuid()}: every run is recorded there"
    return Unsound(f"the ledger cannot be opened or written ({why})", where=str(path), fix=fix)


def open_for_writing(directory: Path, lives: Lives) -> sqlite3.Connection:
    """A connection to the database in `directory`, both created where they are not there. Raises
    `Unsound`."""
    path = directory / FILE
    with sentences(path):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            if _version(connection) == 0:
                _create(connection, directory, lives)
            _check_version(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(directory: Path) -> sqlite3.Connection | None:
    """A connection to the database in `directory`; None where there is none. Raises `Unsound`."""
    path = directory / FILE
    with sentences(path):
        if not path.exists():
            return None
        try:
            return _begun(_reader(path, "mode=rw"))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _FORBIDDEN:
                raise
            # On a read-only file system there is no place for the shared index of a write-ahead log.
            return _begun(_reader(path, "immutable=1"))


def _begun(connection: sqlite3.Connection) -> sqlite3.Connection | None:
    """The connection, unless its writer was killed before the tables were there: then there is no ledger."""
    if _version(connection):
        return connection
    connection.close()
    return None


def _reader(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection, directory: Path, lives: Lives) -> None:
    # Changing the journal's mode does not wait its turn as commits do: one process at a time.
    lives.hold(SETUP)
    try:
        if _version(connection):
            return
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            f"BEGIN IMMEDIATE; {schema.ENTRIES} {schema.CONTENT} {schema.VIEWS}"
            f"PRAGMA application_id = {schema.APPLICATION_ID};"
            f"PRAGMA user_version = {schema.VERSION}; COMMIT;"
        )
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        lives.release(SETUP)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > schema.VERSION:
        raise Unsound(
            f"the ledger has format {version}, and this Assay knows formats up to {schema.VERSION}",
            where=str(path),
            fix="use the newer Assay that wrote it",
        )
