"""Areas end with their process, and nothing that a program left keeps them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.sandbox.scratch import open_area, sweep
from assay.sandbox.tree import remove_tree


def eventually(check: Callable[[], bool]) -> bool:
    """Whether `check` comes true while a killed process's remains are cleared away."""
    end = time.monotonic() + 20
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def test_a_closed_area_is_gone_with_its_reaper(tmp_path: Path) -> None:
    area = open_area(tmp_path)
    (area.path / "sub").mkdir()
    reaper = area._pid
    area.close()
    area.close()
    assert not list(tmp_path.iterdir())
    assert not Path(f"/proc/{reaper}").exists()


HOLDER = """
import sys, time
from pathlib import Path
from assay.sandbox.scratch import open_area
area = open_area(Path(sys.argv[1]))
(area.path / "sub").mkdir()
(area.path / "sub" / "file").write_text("text")
(area.path / "sub").chmod(0)
print(area.path, area._pid, flush=True)
time.sleep(600)
"""


def hold(directory: Path) -> tuple[subprocess.Popen[str], Path, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    path, reaper = process.stdout.readline().split()
    return process, Path(path), int(reaper)


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_invariant_10_a_killed_process_leaves_no_area(tmp_path: Path) -> None:
    process, path, reaper = hold(tmp_path)
    end(process)
    assert eventually(lambda: not path.exists())
    assert eventually(lambda: not Path(f"/proc/{reaper}").exists())


def test_invariant_10_the_next_run_sweeps_what_a_killed_reaper_left(tmp_path: Path) -> None:
    process, path, reaper = hold(tmp_path)
    assert sweep(tmp_path) == ()
    os.kill(reaper, signal.SIGKILL)
    end(process)
    assert sweep(tmp_path) == (path.name,)
    assert not path.exists()


def test_an_area_in_use_or_being_made_is_not_swept(tmp_path: Path) -> None:
    area = open_area(tmp_path)
    (tmp_path / "fresh").mkdir()
    assert sweep(tmp_path) == ()
    assert area.path.is_dir()
    area.close()


def test_sweeping_where_nothing_is_does_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "missing") == ()


@pytest.mark.parametrize("shape", ["unreadable", "deep", "odd"])
def test_any_tree_is_removed(tmp_path: Path, shape: str) -> None:
    top = tmp_path / "top"
    top.mkdir()
    if shape == "unreadable":
        (top / "a" / "b").mkdir(parents=True)
        (top / "a" / "b" / "c").write_text("")
        (top / "a" / "b").chmod(0)
        (top / "a").chmod(0)
    elif shape == "deep":
        here = os.open(top, os.O_PATH)
        for _ in range(1500):
            os.mkdir("dddd", dir_fd=here)
            below = os.open("dddd", os.O_PATH, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
    else:
        os.mkfifo(top / "fifo")
        (top / "link").symlink_to("/")
        (top / "new\nline").write_text("")
    remove_tree(top)
    assert not os.path.lexists(top)


def test_removing_a_tree_leaves_what_it_links_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("")
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(kept)
    remove_tree(top)
    assert (kept / "file").exists()
