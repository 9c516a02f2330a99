from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.repo.binary import BinaryHunk, apply_hunk, read_hunk, write_hunk


@given(st.binary(max_size=2000))
def test_a_literal_reads_back(data: bytes) -> None:
    lines = write_hunk(data).splitlines(keepends=True)
    hunk, end = read_hunk(lines, 0)
    assert end == len(lines)
    assert apply_hunk(b"whatever", hunk) == data


def delta(*parts: bytes) -> BinaryHunk:
    return BinaryHunk(delta=True, data=b"".join(parts))


def test_a_delta_copies_and_inserts() -> None:
    hunk = delta(b"\x05", b"\x07", b"\x91\x01\x03", b"\x04wxyz")
    assert apply_hunk(b"abcde", hunk) == b"bcdwxyz"


def test_a_copy_of_size_zero_means_64_kib() -> None:
    old = bytes(70_000)
    sizes = b"\xf0\xa2\x04" + b"\x80\x80\x04"
    assert apply_hunk(old, delta(sizes, b"\x80")) == old[:0x10000]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05",
        b"\x80" * 20,
        b"\x04\x01\x01a",
        b"\x05\x05\x90\x06",
        b"\x05\x05\x03ab",
        b"\x05\x01\x00",
        b"\x05\x01\x02ab",
        b"\x05\x02\x01a",
        b"\x05\x02\x91",
        b"\x05\xff\xff\xff\xff\xff\x01\x01a",
    ],
)
def test_a_damaged_delta_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        apply_hunk(b"abcde", BinaryHunk(delta=True, data=data))


@given(st.binary(max_size=40))
def test_no_delta_escapes_as_anything_but_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        apply_hunk(b"abcde", BinaryHunk(delta=True, data=data))


def test_a_hunk_that_inflates_to_more_than_it_says_is_refused() -> None:
    honest = write_hunk(bytes(100_000))
    with pytest.raises(ValueError, match="another size"):
        read_hunk(honest.replace(b"literal 100000", b"literal 99999").splitlines(), 0)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"literal"],
        [b"literal x"],
        [b"literal 5", b"!!", b""],
        [b"literal 5", b"Zshort", b""],
        [b"literal 999999999999", b""],
        [b"literal 3", b"A\xff\xff\xff\xff\xff", b""],
        [b"literal 3", b"A00000", b""],
    ],
)
def test_damaged_hunks_are_errors(lines: list[bytes]) -> None:
    with pytest.raises(ValueError):
        read_hunk(lines, 0)
