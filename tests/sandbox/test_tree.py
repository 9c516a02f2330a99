"""Trees that hostile programs leave: measured without harm, and removed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from assay.sandbox.tree import measure, remove_tree


def descend(top: Path, depth: int, name: str = "dddd") -> int:
    """Make `depth` directories below each other: a descriptor of the last."""
    here = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    return here


def write(path: Path, size: int) -> None:
    path.write_bytes(b"x" * size)


def test_bytes_and_files_are_counted_once(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "d" / "e").mkdir(parents=True)
    write(top / "d" / "f", 1 << 20)
    write(top / "d" / "e" / "g", 1 << 20)
    alone = measure(top)
    os.link(top / "d" / "f", top / "d" / "e" / "linked")
    (top / "soft").symlink_to("/usr")
    os.mkfifo(top / "fifo")
    found = measure(top)
    assert alone.bytes >= 2 << 20
    assert found.bytes - alone.bytes < 1 << 20
    assert (alone.files, found.files, found.whole) == (4, 7, True)


def test_a_deep_tree_takes_neither_stack_nor_descriptors(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    last = descend(top, 1200)
    file = os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=last)
    os.write(file, b"x" * (1 << 20))
    os.close(file)
    os.close(last)
    most = 0

    def ended() -> bool:
        nonlocal most
        most = max(most, len(list(Path("/proc/self/fd").iterdir())))
        return False

    before = len(list(Path("/proc/self/fd").iterdir()))
    found = measure(top, ended=ended)
    assert (found.files, found.whole, found.bytes >= 1 << 20) == (1201, True, True)
    assert most - before <= 2
    remove_tree(top)
    assert not top.exists()


def test_a_walk_ends_where_it_is_told_to(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"d{number}").mkdir()
        write(tmp_path / f"d{number}" / "f", 1)
    cut = measure(tmp_path, most_files=25)
    assert 25 < cut.files < 40
    assert not cut.whole
    assert not measure(tmp_path, ended=lambda: True).whole
    assert measure(tmp_path).files == 40


def test_what_is_not_there_is_not_counted(tmp_path: Path) -> None:
    assert measure(tmp_path / "missing").whole is False


@pytest.mark.parametrize("mode", [0, 0o200, 0o400, 0o100])
def test_a_closed_directory_is_opened_only_by_force_and_closed_again(tmp_path: Path, mode: int) -> None:
    closed = tmp_path / "top" / "closed"
    closed.mkdir(parents=True)
    write(closed / "f", 1 << 20)
    write(tmp_path / "top" / "g", 1)
    closed.chmod(mode)
    plain, forced = measure(tmp_path / "top"), measure(tmp_path / "top", force=True)
    assert closed.stat().st_mode & 0o777 == mode
    assert forced.whole
    assert (forced.files, forced.bytes >= 1 << 20) == (3, True)
    assert plain.whole == (os.geteuid() == 0)
    remove_tree(tmp_path / "top")
    assert not (tmp_path / "top").exists()


def test_removal_and_measuring_stay_inside_while_directories_move(tmp_path: Path) -> None:
    outside, top = tmp_path / "outside", tmp_path / "top"
    outside.mkdir()
    write(outside / "kept", 1)
    for name in ("a", "b"):
        (top / name).mkdir(parents=True)
    os.close(descend(top / "a", 60))
    stop = threading.Event()

    def move() -> None:
        while not stop.is_set():
            for old, new in (("a/dddd/dddd", "b/x"), ("b/x", "a/dddd/dddd")):
                try:
                    (top / old).rename(top / new)
                except OSError:
                    return

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(30):
            assert measure(top).files <= 62 + 60
    finally:
        stop.set()
        mover.join()
    remove_tree(top)
    assert not top.exists()
    assert [path.name for path in outside.iterdir()] == ["kept"]


def test_removal_takes_files_and_links_as_they_are(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (tmp_path / "link").symlink_to(kept)
    write(tmp_path / "file", 1)
    for name in ("link", "file", "missing"):
        remove_tree(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
