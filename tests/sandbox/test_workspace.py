"""Mount points in a candidate's tree, and reading back what a program left."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

import pytest

from assay.sandbox.workspace import OPAQUE, Obstructed, check_point, read_files

VENV = PurePosixPath(".venv")


def layer(directory: Path) -> Path:
    directory.mkdir()
    return directory


def white_out(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


@pytest.mark.parametrize("point", [".venv", ".venv/lib"])
def test_a_link_in_the_way_is_the_trees_fault(tmp_path: Path, point: str) -> None:
    base, top = layer(tmp_path / "base"), layer(tmp_path / "top")
    (top / ".venv").symlink_to("/etc")
    with pytest.raises(Obstructed, match="symbolic link at"):
        check_point((base, top), PurePosixPath(point), directory=True)


def test_a_file_in_the_way_is_the_trees_fault(tmp_path: Path) -> None:
    top = layer(tmp_path / "top")
    (top / ".venv").write_text("")
    with pytest.raises(Obstructed, match="a file at"):
        check_point((top,), VENV, directory=True)
    check_point((top,), VENV, directory=False)


def test_a_directory_where_a_file_shall_be_is_the_trees_fault(tmp_path: Path) -> None:
    top = layer(tmp_path / "top")
    (top / "conf").mkdir()
    with pytest.raises(Obstructed):
        check_point((top,), PurePosixPath("conf"), directory=False)


def test_absent_points_and_real_directories_are_fine(tmp_path: Path) -> None:
    base = layer(tmp_path / "base")
    check_point((base,), PurePosixPath("deep/er/point"), directory=True)
    (base / "deep").mkdir()
    check_point((base,), PurePosixPath("deep/er/point"), directory=True)
    check_point((), VENV, directory=True)


def test_what_upper_layers_hide_is_not_in_the_way(tmp_path: Path) -> None:
    base, top = layer(tmp_path / "base"), layer(tmp_path / "top")
    (base / ".venv").symlink_to("/etc")
    (base / "sub").mkdir()
    (base / "sub" / "x").symlink_to("/etc")
    white_out(top / ".venv")
    (top / "sub").mkdir()
    os.setxattr(top / "sub", OPAQUE, b"y")
    check_point((base, top), VENV, directory=True)
    check_point((base, top), PurePosixPath("sub/x"), directory=True)


def test_what_only_seems_hidden_is_in_the_way(tmp_path: Path) -> None:
    base, top = layer(tmp_path / "base"), layer(tmp_path / "top")
    (base / "sub").mkdir()
    (top / "sub").mkdir()
    (base / "sub" / "x").symlink_to("/etc")
    with pytest.raises(Obstructed):
        check_point((base, top), PurePosixPath("sub/x"), directory=True)


def test_only_regular_files_within_the_bound_are_read_back(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    top = layer(tmp_path / "top")
    (top / "sub").mkdir()
    (top / "sub" / "ok").write_bytes(b"fine")
    (top / "link").symlink_to(secret)
    (top / "way").symlink_to(tmp_path)
    (top / "big").write_bytes(b"x" * 100)
    os.mkfifo(top / "fifo")
    asked = ["sub/ok", "link", "way/secret", "big", "fifo", "sub", "../secret", str(secret), "", "missing"]
    assert read_files(top, asked, 50) == {"sub/ok": b"fine"}
    assert set(read_files(top, asked, 0)) == {"sub/ok", "big"}


def test_the_bound_is_for_all_together(tmp_path: Path) -> None:
    top = layer(tmp_path / "top")
    for name in "abc":
        (top / name).write_bytes(b"x" * 20)
    assert set(read_files(top, ["a", "b", "c"], 50)) == {"a", "b"}
