"""The lane is claimed before a command that somebody waits for has done anything."""

from __future__ import annotations

import os

import pytest

from assay.front.early import claimed
from assay.grade.lane import FILE, open_lane, taken


@pytest.fixture
def cache(tmp_path):
    place = tmp_path / "cache"
    place.mkdir()
    return place


def is_claimed(cache, *arguments: str) -> bool:
    """Whether bulk runs would give way to this command line."""
    descriptor = open_lane(cache)
    try:
        with claimed(arguments, {"ASSAY_CACHE_DIR": str(cache)}):
            found = taken(descriptor)
        assert not taken(descriptor)
        return found
    finally:
        os.close(descriptor)


def test_what_somebody_waits_for_has_the_lane_at_once(cache):
    assert is_claimed(cache, "check", "--staged")
    assert is_claimed(cache, "land", "a.patch", "--onto", "main")


def test_nothing_else_has(cache):
    assert not is_claimed(cache, "grade", "a.patch")
    assert not is_claimed(cache, "check", "--lane", "bulk")
    assert not is_claimed(cache, "check", "--lane=bulk")
    assert not is_claimed(cache)


def test_nothing_is_made_for_it(cache, tmp_path):
    for place in (cache, tmp_path / "none"):
        with claimed(["check"], {"ASSAY_CACHE_DIR": str(place)}):
            pass
    assert not (cache / FILE).exists()
    assert not (tmp_path / "none").exists()
