"""A scratch repository and candidates made from edits of its base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2

from assay.model.candidate import Base, Candidate, Oid
from assay.model.report import Cleared, Conflict
from assay.patchset.graph import graph
from assay.repo.diff import changes
from assay.repo.repository import EMPTY_TREE, FILE, open_repository
from assay.repo.trees import edit

Content = bytes | tuple[int, bytes] | None


class Lab:
    """A bare repository with one base tree."""

    def __init__(self, path: Path, files: Mapping[str, bytes]) -> None:
        pygit2.init_repository(str(path), bare=True)
        self.repo = open_repository(path)
        self.base = Base(commit=None, tree=self.tree(EMPTY_TREE, files))

    def tree(self, tree: Oid, edits: Mapping[str, Content]) -> Oid:
        """`tree` with some files written or, where None, removed."""
        return edit(self.repo, tree, {path: self._leaf(content) for path, content in edits.items()})

    def candidate(self, name: str, edits: Mapping[str, Content], instance: str = "") -> Candidate:
        tree = self.tree(self.base.tree, edits)
        return Candidate(
            id=f"id-{name}",
            name=name,
            source="test",
            base=self.base,
            tree=tree,
            changes=changes(self.repo, self.base.tree, tree),
            instance=instance,
        )

    def _leaf(self, content: Content) -> tuple[int, Oid] | None:
        if content is None:
            return None
        mode, data = content if isinstance(content, tuple) else (FILE, content)
        return mode, self.repo.write_blob(data)


def lines(count: int, **changed: str) -> bytes:
    """`count` numbered lines, some replaced: lines(9, l3="new")."""
    return "".join(f"{changed.get(f'l{n}', f'line {n}')}\n" for n in range(1, count + 1)).encode()


def met(
    place: Path, base: Mapping[str, str], a: Mapping[str, str | None], b: Mapping[str, str | None]
) -> Conflict | Cleared:
    """What is known of two candidates that write these files over those of a base."""
    lab = Lab(place / "repo.git", {path: text.encode() for path, text in base.items()})
    people = [
        lab.candidate(name, {p: None if t is None else t.encode() for p, t in edits.items()})
        for name, edits in (("a", a), ("b", b))
    ]
    return graph(lab.repo, lab.base, people).between("id-a", "id-b")


def label(found: Conflict | Cleared) -> str:
    """The first symbol of a conflict, '' where there is none."""
    return "" if isinstance(found, Cleared) else found.symbols[0]
