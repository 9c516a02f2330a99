from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.land.support import Yard

from assay.ledger.ledger import Ledger

FILES = {
    "a.txt": b"one\ntwo\n",
    "b.txt": b"bee\n",
    "run.sh": (0o755, b"#!/bin/sh\n"),
    "link": (0o120000, b"a.txt"),
    "dir/x": b"x\n",
    "dir/deep/y": b"y\n",
    "flip": b"a file\n",
    ".gitignore": b"*.ignored\n",
}


@pytest.fixture(autouse=True)
def no_host_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "yard", FILES)


@pytest.fixture
def ledger(yard: Yard) -> Iterator[Ledger]:
    with yard.ledger() as opened:
        yield opened
