"""Holds a whole ledger against itself: the chain, the views, the states, the stored bodies.

Promises: finds any entry that was changed, taken out, put in between or cut off the end, as long as not the
whole chain after it was written anew; who must exclude that as well keeps the last hash elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from assay.ledger import content, schema
from assay.ledger.chain import GENESIS, Kind, breaks
from assay.ledger.codec import decode
from assay.ledger.queries import entries
from assay.ledger.records import Stepped
from assay.ledger.states import IllegalTransition, State, check
from assay.ledger.views import show


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Everything that is wrong, one sentence each."""
    connection.execute("BEGIN")
    try:
        for (line,) in connection.execute("PRAGMA integrity_check(10)").fetchall():
            if line != "ok":
                yield f"the database is damaged: {line}"
        yield from breaks(entries(connection))
        yield from _head(connection)
        yield from _states(connection)
        yield from _views(connection)
        yield from content.damaged(connection)
    finally:
        connection.execute("ROLLBACK")


def _head(connection: sqlite3.Connection) -> Iterator[str]:
    last = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    head = connection.execute("SELECT seq, hash FROM head").fetchone()
    seq, digest = last or (0, GENESIS)
    end, end_digest = head or (0, GENESIS)
    if seq != end:
        yield f"the ledger ends with entry {seq}, and it once ended with entry {end}"
    elif digest != end_digest:
        yield f"entry {seq} at the end is not the one that was written last"


def _states(connection: sqlite3.Connection) -> Iterator[str]:
    where: dict[str, State] = {}
    for entry in entries(connection):
        try:
            if entry.kind == Kind.BEGIN:
                where[entry.transaction] = State.BEGUN
            elif entry.kind == Kind.STEP:
                new = decode(entry.payload, Stepped).state
                check(entry.transaction, where[entry.transaction], new)
                where[entry.transaction] = new
        except IllegalTransition as error:
            yield f"entry {entry.seq}: {error}"
        except KeyError:
            yield f"entry {entry.seq}: transaction {entry.transaction} never began"
        except ValueError as error:
            yield f"entry {entry.seq} cannot be read: {error}"


def _views(connection: sqlite3.Connection) -> Iterator[str]:
    """Replay all entries beside, and compare."""
    replayed = sqlite3.connect(":memory:")
    try:
        replayed.executescript(schema.VIEWS)
        for entry in entries(connection):
            try:
                show(replayed, entry)
            except (ValueError, sqlite3.IntegrityError) as error:
                yield f"entry {entry.seq} cannot be replayed: {error}"
        for table, rows in schema.VIEW_ROWS.items():
            if replayed.execute(rows).fetchall() != connection.execute(rows).fetchall():
                yield f"the table {table!r} does not say what the entries say"
    finally:
        replayed.close()
