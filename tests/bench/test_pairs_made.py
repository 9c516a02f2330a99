"""Edits that stand side by side are both made; those that overlap are not."""

from __future__ import annotations

import pytest
from bench.pairs_made import beside
from hypothesis import given
from hypothesis import strategies as st

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n", b"e\n"]), max_size=8)


def _beside(old: str, ours: str, theirs: str) -> str | None:
    found = beside(*([bytes([c]) for c in text.encode()] for text in (old, ours, theirs)))
    return None if found is None else b"".join(found).decode()


@pytest.mark.parametrize(
    ("old", "ours", "theirs", "both"),
    [
        ("abc", "ab", "abcd", "abd"),  # what one added at the end goes, what the other added behind it stays
        ("abc", "ac", "abxc", "axc"),
        ("abc", "axc", "abyc", "axyc"),  # a line that is changed, and one that is put right behind it
        ("ab", "ab", "axb", "axb"),
    ],
)
def test_neighbours_are_both_made(old: str, ours: str, theirs: str, both: str) -> None:
    assert _beside(old, ours, theirs) == both


@pytest.mark.parametrize(
    ("old", "ours", "theirs"),
    [
        ("abc", "ac", "axc"),  # one removes what the other changes
        ("abcd", "ad", "abxcd"),  # one puts a line inside of what the other removes
        ("ab", "axb", "ayb"),  # both put something at one place
    ],
)
def test_what_overlaps_is_refused(old: str, ours: str, theirs: str) -> None:
    assert _beside(old, ours, theirs) is None


@given(LINES, LINES)
def test_one_edit_alone_is_itself(old: list[bytes], new: list[bytes]) -> None:
    assert beside(old, new, old) == beside(old, old, new) == new


@given(LINES, LINES, LINES)
def test_the_order_of_the_two_does_not_matter(old: list[bytes], a: list[bytes], b: list[bytes]) -> None:
    assert beside(old, a, b) == beside(old, b, a)
