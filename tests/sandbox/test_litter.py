"""What nsjail leaves behind for an ordinary user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.sandbox.namespaces import _Litter

NOBODYS = 2147480000 + os.getpid() % 3000
"""A user number that nobody has."""


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODYS)
    made = [Path(f"/tmp/nsjail.{NOBODYS}.{kind}") for kind in ("root", "tmp")]
    for place in made:
        place.mkdir()
    yield made
    for place in made:
        if place.exists():
            place.rmdir()


def test_what_an_overlapping_run_made_goes_with_the_last(places: list[Path]) -> None:
    _Litter().clear()
    assert not any(place.exists() for place in places)


def test_what_is_not_empty_stays(places: list[Path]) -> None:
    file = places[0] / "file"
    file.touch()
    _Litter().clear()
    assert file.exists()
    file.unlink()
