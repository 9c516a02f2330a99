"""Syntax trees of the Python sources of trees, for what is planned before anything is called.

Promises: reads git objects and runs nothing; a source that cannot be parsed and written out again, whatever
part of it, is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence

from assay.gates.syntax import REFUSED, parse
from assay.repo.repository import EXECUTABLE, FILE, Repository, TreeEntry

Trees = Mapping[str, ast.Module]


def sources(repo: Repository, tree: str) -> list[TreeEntry]:
    """The Python files of a tree."""
    return [e for e in repo.files(tree) if e.mode in (FILE, EXECUTABLE) and e.path.endswith(".py")]


def mentioning(
    repo: Repository, files: Sequence[TreeEntry], names: set[str], wanted: Callable[[str], bool], limit: int
) -> dict[str, ast.Module]:
    """Of the wanted files, those with one of the names in them, at most so many."""
    words = [name.encode() for name in names]
    found: dict[str, ast.Module] = {}
    for entry in files:
        if len(found) >= limit:
            break
        if not wanted(entry.path):
            continue
        source = repo.blob(entry.blob)
        if any(word in source for word in words) and (tree := _parsed(source)) is not None:
            found[entry.path] = tree
    return found


def read(repo: Repository, tree: str, paths: Iterable[str]) -> dict[str, ast.Module]:
    """The files at these paths of a tree."""
    texts = {path: repo.read(tree, path) for path in sorted(paths)}
    parsed = {path: _parsed(text) for path, text in texts.items() if text is not None}
    return {path: module for path, module in parsed.items() if module is not None}


def _parsed(source: bytes) -> ast.Module | None:
    tree = parse(source)
    try:
        return tree if tree is not None and ast.dump(tree) else None
    except REFUSED:
        return None
