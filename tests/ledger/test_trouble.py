"""What the ledger says when the machine does not play along."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assay.ledger import database
from assay.ledger.database import FILE
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.errors import Unsound


def _filled(place: Path) -> str:
    with Ledger.open(place) as ledger:
        run = ledger.begin("grade", {"text": "x" * 20_000})
        for count in range(50):
            ledger.append(run, "note", {"count": count, "text": "y" * 500})
        ledger.step(run, State.DONE)
    return run


def _sentence(error: Unsound, place: Path) -> None:
    assert str(place / FILE) in error.sentence
    assert "\n" not in error.sentence
    assert error.fix


@pytest.mark.parametrize("garbage", [b"torn" * 2000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_is_no_database_is_unsound_for_reader_and_writer(place: Path, garbage: bytes) -> None:
    place.mkdir(parents=True)
    (place / FILE).write_bytes(garbage)
    with Ledger.open(place) as ledger:
        with pytest.raises(Unsound, match="damaged") as caught:
            ledger.transactions()
        _sentence(caught.value, place)
        with pytest.raises(Unsound, match="damaged"):
            ledger.begin("grade", {})
        assert len(ledger.verify()) == 1
    assert (place / FILE).read_bytes() == garbage, "the evidence is kept"


@pytest.mark.parametrize("keep", [600, 4096, 5000, 9000, 40_000])
def test_a_database_cut_short_is_found(place: Path, keep: int) -> None:
    _filled(place)
    whole = (place / FILE).read_bytes()
    assert len(whole) > keep
    (place / FILE).write_bytes(whole[:keep])
    with Ledger.open(place) as ledger:
        assert ledger.verify()
        try:
            ledger.transactions()
            ledger.entries()
        except Unsound as error:
            _sentence(error, place)


def test_every_damaged_page_is_found_and_never_a_traceback(place: Path) -> None:
    _filled(place)
    whole = (place / FILE).read_bytes()
    found = 0
    for page in range(len(whole) // 4096):
        damaged = bytearray(whole)
        start = page * 4096 if page else 100  # the file's own header has a test of its own
        damaged[start : page * 4096 + 4096] = b"\xa5" * (page * 4096 + 4096 - start)
        (place / FILE).write_bytes(damaged)
        with Ledger.open(place) as ledger:
            found += bool(ledger.verify())
            try:
                ledger.transactions()
                ledger.unfinished()
                ledger.entries()
                ledger.step(ledger.begin("check", {}), State.DONE)
            except Unsound as error:
                _sentence(error, place)
    assert found == len(whole) // 4096


def test_a_payload_that_is_no_record_is_unsound(place: Path) -> None:
    run = _filled(place)
    raw = sqlite3.connect(place / FILE)
    raw.execute("DROP TRIGGER entries_never_change")
    raw.execute("UPDATE entries SET payload = x'7b' WHERE kind = 'begin'")
    raw.commit()
    raw.close()
    with Ledger.open(place) as ledger, pytest.raises(Unsound, match="damaged") as caught:
        ledger.transaction(run)
    _sentence(caught.value, place)


def test_a_full_disk_is_unsound_and_nothing_is_half_written(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(place)
    real = database.open_for_writing

    def nearly_full(*arguments: object) -> sqlite3.Connection:
        connection = real(*arguments)  # type: ignore[arg-type]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 8}")
        return connection

    monkeypatch.setattr("assay.ledger.writer.open_for_writing", nearly_full)
    with pytest.raises(Unsound, match="no space left") as caught, Ledger.open(place) as ledger:
        run = ledger.begin("grade", {})
        for _ in range(40):
            ledger.append(run, "note", {"text": "z" * 9000})
            ledger.flush()
    _sentence(caught.value, place)
    with Ledger.open(place) as ledger:
        assert ledger.verify() == []
        assert [one.alive for one in ledger.unfinished()] == [False]


def test_after_losing_an_entry_nobody_waited_for_nothing_more_is_accepted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ledger.begin("grade", {})

    def broken(_jobs: object) -> list[object]:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(ledger._writer, "_commit", broken)
        ledger.append(run, "note", {})
        with pytest.raises(Unsound):
            ledger.flush()
    for _ in range(2):
        with pytest.raises(Unsound):
            ledger.step(run, State.DONE)
    with pytest.raises(Unsound):
        ledger.close()


def test_a_place_that_cannot_be_made_is_unsound(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with Ledger.open(tmp_path / "file" / "assay") as ledger:
        with pytest.raises(Unsound, match="cannot be opened or written") as caught:
            ledger.begin("grade", {})
        assert "writable" in caught.value.fix


def test_a_directory_where_the_file_should_be_is_unsound(place: Path) -> None:
    (place / FILE).mkdir(parents=True)
    with Ledger.open(place) as ledger:
        with pytest.raises(Unsound):
            ledger.begin("grade", {})
        with pytest.raises(Unsound):
            ledger.transactions()


def test_a_ledger_of_a_newer_assay_is_refused(place: Path) -> None:
    _filled(place)
    raw = sqlite3.connect(place / FILE)
    raw.execute("PRAGMA user_version = 99")
    raw.commit()
    raw.close()
    with Ledger.open(place) as ledger:
        for ask in (ledger.transactions, lambda: ledger.begin("grade", {})):
            with pytest.raises(Unsound, match=r"format 99.*use the newer Assay"):
                ask()


def test_an_error_on_its_way_is_not_replaced_by_one_of_closing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_jobs: object) -> list[object]:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(KeyError), Ledger.open(place) as ledger:
        run = ledger.begin("grade", {})
        monkeypatch.setattr(ledger._writer, "_commit", broken)
        ledger.append(run, "note", {})
        raise KeyError


def test_a_ledger_on_a_medium_without_room_for_an_index_can_be_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _filled(place)
    reader = database._reader

    def refusing(path: Path, how: str) -> sqlite3.Connection:
        if how == "mode=rw":
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error
        return reader(path, how)

    monkeypatch.setattr(database, "_reader", refusing)
    with Ledger.open(place) as ledger:
        assert ledger.transaction(run).id == run
