from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.ledger.lives import Lives

_HOLDER = """
import sys
from pathlib import Path
from assay.ledger.lives import Lives
lives = Lives(Path(sys.argv[1]))
lives.hold("7")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    opened = Lives(tmp_path / "lives.lock")
    yield opened
    opened.close()


def test_asking_creates_nothing(lives: Lives, tmp_path: Path) -> None:
    assert not lives.held("1")
    assert list(tmp_path.iterdir()) == []


def test_held_until_released_as_seen_from_elsewhere(lives: Lives, tmp_path: Path) -> None:
    other = Lives(tmp_path / "lives.lock")
    lives.hold("3")
    assert lives.held("3")
    assert other.held("3")
    assert not other.held("4")
    lives.release("3")
    assert not other.held("3")
    other.close()


def test_another_use_of_the_same_file_does_not_lose_the_lock(lives: Lives, tmp_path: Path) -> None:
    lives.hold("3")
    passing = Lives(tmp_path / "lives.lock")
    passing.hold("4")
    passing.close()
    watcher = Lives(tmp_path / "lives.lock")
    assert watcher.held("3")
    assert not watcher.held("4")
    watcher.close()


def test_the_lock_ends_with_its_process_even_by_kill_and_is_not_inherited(
    lives: Lives, tmp_path: Path
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path / "lives.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert lives.held("7")
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    assert not lives.held("7")


def test_a_program_that_was_started_does_not_keep_the_lock(lives: Lives, tmp_path: Path) -> None:
    lives.hold("5")
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    try:
        lives.close()
        watcher = Lives(tmp_path / "lives.lock")
        assert not watcher.held("5")
        watcher.close()
    finally:
        child.communicate()
