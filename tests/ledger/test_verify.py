from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assay.ledger.database import FILE
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.candidate import Candidate
from assay.model.verdict import Verdict


@pytest.fixture
def filled(place: Path, candidate: Candidate, rejected: Verdict) -> sqlite3.Connection:
    """A finished ledger, opened by someone who goes behind Assay's back."""
    with Ledger.open(place) as ledger:
        for _ in range(2):
            run = ledger.begin("grade", {})
            ledger.step(run, State.GRADING)
            ledger.candidate(run, candidate)
            ledger.verdict(run, rejected)
            ledger.step(run, State.DONE)
        assert ledger.verify() == []
    return sqlite3.connect(place / FILE, isolation_level=None)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET payload = x'7b7d' WHERE seq = 3",
        "DELETE FROM entries WHERE seq = 3",
        "INSERT INTO entries VALUES (3, 't', 0, 'note', x'7b7d', zeroblob(32), zeroblob(32))",
        "INSERT OR REPLACE INTO entries VALUES (3, 't', 0, 'note', x'7b7d', zeroblob(32), zeroblob(32))",
        "INSERT INTO entries VALUES (99, 't', 0, 'note', x'7b7d', zeroblob(32), zeroblob(32))",
    ],
)
def test_the_database_itself_refuses_to_change_the_past(filled: sqlite3.Connection, sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.execute(sql)
    filled.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE entries SET payload = x'7b7d' WHERE seq = 3", "entry 3 was changed"),
        ("UPDATE entries SET time = time + 1 WHERE seq = 4", "entry 4 was changed"),
        ("UPDATE entries SET txn = 'other' WHERE seq = 4", "entry 4 was changed"),
        ("DELETE FROM entries WHERE seq = 3", "entries 3 to 3 are missing"),
        ("DELETE FROM entries WHERE seq >= 9", "ends with entry 8, and it once ended with entry 10"),
        ("DELETE FROM entries", "ends with entry 0"),
        ("UPDATE verdicts SET decision = 'accepted' WHERE seq = 4", "table 'verdicts' does not say"),
        ("DELETE FROM verdicts", "table 'verdicts' does not say"),
        ("UPDATE transactions SET state = 'begun'", "table 'transactions' does not say"),
        ("DELETE FROM uses", "table 'uses' does not say"),
        ("UPDATE content SET data = x'00'", "cannot be read"),
        ("UPDATE content SET digest = 'x'", "is not what it was"),
    ],
)
def test_what_was_done_behind_its_back_is_found(
    filled: sqlite3.Connection, place: Path, sql: str, words: str
) -> None:
    filled.executescript(
        "DROP TRIGGER entries_never_change; DROP TRIGGER entries_never_go; DROP TRIGGER entries_follow;"
    )
    filled.execute(sql)
    filled.close()
    with Ledger.open(place) as ledger:
        assert any(words in problem for problem in ledger.verify()), ledger.verify()
