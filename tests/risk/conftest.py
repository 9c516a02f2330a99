"""Repositories with a history, made object by object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest

from assay.repo.repository import Repository, open_repository

DAY = 86_400
START = 1_600_000_000


class History:
    """A bare repository that is written commit by commit; times are in days after `START`."""

    def __init__(self, path: Path, other: History | None = None) -> None:
        self.git = pygit2.init_repository(str(path), bare=True)
        self.path = path
        self.files: dict[str, bytes] = dict(other.files) if other else {}
        self.tip: pygit2.Oid | None = other.tip if other else None

    @property
    def repo(self) -> Repository:
        return open_repository(self.path)

    def tree(self, files: Mapping[str, bytes]) -> str:
        index = pygit2.Index()
        for path, data in files.items():
            blob = self.git.create_blob(data)
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
        return str(index.write_tree(self.git))

    def commit(self, message: str, day: float, files: Mapping[str, bytes | None], who: str = "a") -> str:
        """Commit `files` (None removes one) on top of the last commit."""
        for path, data in files.items():
            if data is None:
                del self.files[path]
            else:
                self.files[path] = data
        author = pygit2.Signature(who, f"{who}@example.org", START + int(day * DAY), 0)
        parents = [self.tip] if self.tip else []
        tree = pygit2.Oid(hex=self.tree(self.files))
        self.tip = self.git.create_commit(None, author, author, message, tree, parents)
        if "refs/heads/main" in self.git.references:
            self.git.references["refs/heads/main"].set_target(self.tip)
        else:
            self.git.references.create("refs/heads/main", self.tip)
        self.git.set_head("refs/heads/main")
        return str(self.tip)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.git")
