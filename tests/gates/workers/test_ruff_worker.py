"""The worker puts its tree back as it was, whatever it was asked to change."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.workers.ruff_worker import change, serve

TREE = {"a.py": b"x", "pkg/__init__.py": b"", "pkg/sub/b.py": b"y", "run": b"#!"}
NAMES = (
    "a.py",
    "new.py",
    "pkg",
    "pkg/sub",
    "pkg/sub/b.py",
    "pkg/sub/deep/c.py",
    "pkg/__init__.py",
    "run",
    "link",
)

deletions = st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(
    lambda paths: [[path, None, 0] for path in paths]
)
writes = st.lists(st.sampled_from(NAMES), unique=True, max_size=4).flatmap(
    lambda paths: st.lists(st.sampled_from([0o644, 0o755]), min_size=len(paths), max_size=len(paths)).map(
        lambda modes: [[path, mode, 2] for path, mode in zip(paths, modes, strict=True)]
    )
)


def lay(root: Path) -> None:
    for path, content in TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("a.py")


def picture(root: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below, with its kind, mode and content."""
    found = {}
    for above, directories, names in os.walk(root):
        for name in (*directories, *names):
            path = Path(above, name)
            mode = path.lstat().st_mode
            content = (
                b"" if stat.S_ISDIR(mode) else os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else b""
            )
            found[str(path.relative_to(root))] = (mode, content or _content(path, mode))
    return found


def _content(path: Path, mode: int) -> bytes:
    return path.read_bytes() if stat.S_ISREG(mode) else b""


@given(deletions, writes)
def test_the_tree_is_as_before_afterwards(gone: list[list[object]], written: list[list[object]]) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        lay(root)
        before = picture(root)
        unit = {"id": 1, "files": [*gone, *written], "calls": []}
        reply = serve(str(root), unit, b"zz" * len(written))
        assert picture(root) == before
        assert reply["id"] == 1


def test_what_is_asked_for_is_there_meanwhile(tmp_path: Path) -> None:
    lay(tmp_path)
    undo: list[Callable[[], None]] = []
    files = [["pkg/sub/b.py", None, 0], ["pkg/new/c.py", 0o755, 2], ["a.py", 0o644, 1]]
    change(str(tmp_path), files, b"zzq", undo)
    assert not (tmp_path / "pkg/sub").exists(), "a directory without files is none to git"
    assert (tmp_path / "pkg/new/c.py").read_bytes() == b"zz"
    assert (tmp_path / "pkg/new/c.py").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "a.py").read_bytes() == b"q"


@pytest.mark.parametrize("path", ["/etc/x", "../x", "pkg/../../x", "link"])
def test_nothing_is_written_outside_or_through_links(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    lay(root)
    before = picture(tmp_path)
    reply = serve(str(root), {"id": 1, "files": [[path, 0o644, 1]], "calls": [["true"]]}, b"z")
    assert "problem" in reply
    assert picture(tmp_path) == before
