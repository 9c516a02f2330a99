from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assay.ledger.cache import FILE, Cache


def test_asking_creates_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "assay")
    assert cache.get("k") is None
    cache.close()
    assert list(tmp_path.iterdir()) == []


def test_remembered_across_openings(tmp_path: Path) -> None:
    first = Cache(tmp_path)
    first.put("k", b"v")
    first.put("k", b"w")
    first.close()
    second = Cache(tmp_path)
    assert second.get("k") == b"w"
    assert second.get("other") is None
    second.close()


def test_invariant_8_a_value_under_another_key_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a", b"accepted")
    cache.put("b", b"rejected")
    cache.close()
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("UPDATE answers SET value = x'6163', size = 2 WHERE key = 'b'")
        raw.execute("UPDATE answers SET key = 'c' WHERE key = 'a'")
    raw.close()
    again = Cache(tmp_path)
    assert [again.get(key) for key in "abc"] == [None, None, None]
    again.close()


@pytest.mark.parametrize(
    "garbage", [b"no database at all" * 300, b"SQLite format 3\0" + b"\xff" * 5000, b"x"]
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / FILE).write_bytes(garbage)
    cache = Cache(tmp_path)
    assert cache.get("k") is None
    cache.put("k", b"v")
    assert cache.get("k") == b"v"
    cache.close()


def test_a_page_damaged_in_use_never_raises(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number in range(200):
        cache.put(f"k{number}", b"v" * 500)
    cache.close()
    raw = bytearray((tmp_path / FILE).read_bytes())
    raw[4096:] = b"\xa5" * (len(raw) - 4096)
    (tmp_path / FILE).write_bytes(raw)
    again = Cache(tmp_path)
    assert all(again.get(f"k{number}") in (None, b"v" * 500) for number in range(200))
    again.put("k", b"v")
    assert again.get("k") == b"v"
    again.close()


def test_a_place_that_cannot_be_written_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "assay")
    cache.put("k", b"v")
    assert cache.get("k") is None
    cache.close()


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, bound=10_000)
    for number in range(9):
        cache.put(f"k{number}", bytes(1000))
    assert cache.get("k0") is not None
    for number in range(9, 12):
        cache.put(f"k{number}", bytes(1000))
    kept = {number for number in range(12) if cache.get(f"k{number}") is not None}
    assert {0, 11} <= kept
    assert 1 not in kept
    assert len(kept) <= 10
    cache.close()


def test_a_value_beyond_the_bound_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, bound=100)
    cache.put("big", bytes(101))
    assert cache.get("big") is None
    cache.close()


def test_two_openings_share(tmp_path: Path) -> None:
    one, two = Cache(tmp_path), Cache(tmp_path)
    one.put("a", b"1")
    two.put("b", b"2")
    assert (one.get("b"), two.get("a")) == (b"2", b"1")
    one.close()
    two.close()
