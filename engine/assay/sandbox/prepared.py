"""What a prepare step leaves, made fit to stand between a base and any candidate.

Promises: a prepared layer only adds. What is in the tree stays as it is in the tree, so that a layer that was
made for one tree cannot put its files, or the lack of them, in the place of another's; and no step leaves a
`.git`. Links are never followed. Costs what the step wrote, not what the tree holds.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from assay.repo.repository import TREE, Entries, Repository
from assay.sandbox.tree import remove_tree
from assay.sandbox.workspace import OPAQUE, is_opaque

_GIT = b".git"


def strip(repo: Repository, tree: str, layer: Path) -> None:
    """Take out of `layer`, which a step on `tree` wrote, everything that would hide a part of `tree`."""
    _strip(repo, repo.entries(tree), layer, top=True)


def hides(repo: Repository, tree: str, layer: Path) -> bool:
    """Whether anything in `layer` would hide a part of `tree`, or the other way round."""
    return _hides(repo, repo.entries(tree), os.fsencode(layer))


def _strip(repo: Repository, entries: Entries, directory: Path, *, top: bool) -> None:
    _open_up(directory)
    for found in list(os.scandir(os.fsencode(directory))):
        path = directory / os.fsdecode(found.name)
        mode = found.stat(follow_symlinks=False).st_mode
        inside = entries.get(found.name)
        if inside is None:
            # A whiteout of nothing in the tree may hide what an earlier step made: that is the step's right.
            if top and found.name == _GIT:
                _remove(path)
        elif inside[0] == TREE and stat.S_ISDIR(mode):
            if is_opaque(path):
                os.removexattr(path, OPAQUE, follow_symlinks=False)
            _strip(repo, repo.entries(inside[1]), path, top=False)
        else:
            _remove(path)


def _hides(repo: Repository, entries: Entries, directory: bytes) -> bool:
    for found in os.scandir(directory):
        inside = entries.get(found.name)
        if inside is None:
            continue
        if (
            inside[0] != TREE
            or not found.is_dir(follow_symlinks=False)
            or is_opaque(Path(os.fsdecode(found)))
        ):
            return True
        if _hides(repo, repo.entries(inside[1]), found.path):
            return True
    return False


def _open_up(directory: Path) -> None:
    """A directory of the tree has the mode that a checkout gives it, whatever a step made of it."""
    if stat.S_IMODE(directory.lstat().st_mode) != 0o755:
        directory.chmod(0o755)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
