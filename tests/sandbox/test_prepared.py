"""What is kept of a prepare step's writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.sandbox.conftest import Trees

from assay.sandbox.prepared import hides, strip
from assay.sandbox.workspace import OPAQUE

FILES = {"a": b"a", "d/b": b"b", "d/e/c": b"c", "link": (0o120000, b"a")}


def listed(layer: Path) -> list[str]:
    return sorted(
        str(path.relative_to(layer)) for path in layer.rglob("*") if path.is_symlink() or not path.is_dir()
    )


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    layer = tmp_path / "layer"
    for name in ("a", "d/b", "d/new", "d/e/new", "build/x/y", ".git/config", "d/.git", "link/below"):
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).write_text(name)
    (layer / "out").symlink_to("/etc")
    return layer


def test_only_what_is_beside_the_tree_is_kept(trees: Trees, layer: Path) -> None:
    tree = trees.tree(FILES)
    assert hides(trees.repo, tree, layer)
    strip(trees.repo, tree, layer)
    assert listed(layer) == ["build/x/y", "d/.git", "d/e/new", "d/new", "out"]
    assert not hides(trees.repo, tree, layer)
    assert hides(trees.repo, trees.tree({"build": b"a file where the layer has a directory"}), layer)
    assert hides(trees.repo, trees.tree({"out/x": b"a directory where the layer has a link"}), layer)
    assert not hides(trees.repo, trees.tree({"build/x/z": b"beside"}), layer)


def test_nothing_of_the_tree_is_hidden_by_the_lack_of_it(trees: Trees, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "d" / "e").mkdir(parents=True)
    (layer / "d" / "e" / "made").write_text("after the directory was removed")
    os.setxattr(layer / "d" / "e", OPAQUE, b"y")
    os.mknod(layer / "a", 0o020000, os.makedev(0, 0))
    (layer / "d").chmod(0o700)
    tree = trees.tree(FILES)
    assert hides(trees.repo, tree, layer)
    strip(trees.repo, tree, layer)
    assert listed(layer) == ["d/e/made"]
    assert not hides(trees.repo, tree, layer)
    assert (layer / "d").stat().st_mode & 0o777 == 0o755
