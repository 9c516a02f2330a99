"""What is given from outside for one task: files to lay over a tree, and tests that must pass.

Promises: pure data and tree arithmetic. Laid over a candidate's tree, a package's files are as given,
whatever stood in their place; objects are written only through the repository that is handed in (see
`repo.veil`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from assay.gates.testing.required import Required
from assay.ledger.codec import encode
from assay.model.candidate import Change, ChangeKind, Oid, Record
from assay.repo.repository import Repository
from assay.repo.trees import Leaf, LeafChange, edit, leaf_changes

_KIND = 0o170000


class Laid(Record, frozen=True, kw_only=True):
    """A file to lay over a tree: git's mode and the content; without content, the path is removed."""

    path: str
    mode: int = 0
    content: bytes | None = None


class Package(Record, frozen=True, kw_only=True):
    """Acceptance tests for one task. `instance` names it, or is empty; `source` is how the user called it.
    `run` are the test files to run, of these `files` or named by the lists; empty: the whole suite."""

    instance: str = ""
    source: str = ""
    files: tuple[Laid, ...] = ()
    required: Required = Required()
    run: tuple[str, ...] = ()


def digest(packages: Iterable[Package]) -> str:
    """SHA-256 over all that packages hold; where they came from is no part of it."""
    found = hashlib.sha256()
    for package in packages:
        found.update(encode(msgspec.structs.replace(package, source="")))
    return found.hexdigest()


def laid_over(repo: Repository, tree: str, files: Iterable[Laid]) -> Oid:
    """`tree` with these files as they are given."""
    edits: dict[str, Leaf | None] = {
        laid.path: None if laid.content is None else (laid.mode, repo.write_blob(laid.content))
        for laid in files
    }
    return edit(repo, tree, edits, force=True) if edits else Oid(tree)


def plain_changes(repo: Repository, old_tree: str, new_tree: str) -> tuple[Change, ...]:
    """What differs between two trees, path by path: no renames, no counts of lines."""
    return tuple(_change(leaf) for leaf in leaf_changes(repo, old_tree, new_tree))


def _change(leaf: LeafChange) -> Change:
    old_mode, old_blob = leaf.old or (0, "")
    new_mode, new_blob = leaf.new or (0, "")
    if leaf.old is None or leaf.new is None:
        kind = ChangeKind.ADDED if leaf.old is None else ChangeKind.DELETED
    elif old_mode & _KIND != new_mode & _KIND:
        kind = ChangeKind.TYPE
    else:
        kind = ChangeKind.MODIFIED if old_blob != new_blob else ChangeKind.MODE
    return Change(
        kind=kind,
        path=leaf.path,
        old_path=leaf.path,
        old_mode=old_mode,
        new_mode=new_mode,
        old_blob=old_blob,
        new_blob=new_blob,
    )
