"""Trees as values: edit one, compare two, take paths of one into another.

Promises: every operation costs in proportion to what differs, not to the repository (invariant 7); nothing
but new tree objects is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.model.candidate import Oid, Record
from assay.repo.globs import Matcher, compile_globs
from assay.repo.paths import to_bytes, to_text
from assay.repo.repository import EMPTY_TREE, TREE, Repository

Leaf = tuple[int, Oid]
Edits = Mapping[str, Leaf | None]
"""Path to (mode, blob) to write there, or None to remove the file there."""


class TreeWrite(Record, frozen=True, kw_only=True):
    """A leaf to write. Mode 0o160000 is a submodule: an empty directory in a checkout."""

    path: str
    mode: int
    blob: Oid


class TreeDelta(Record, frozen=True, kw_only=True):
    """What turns one checkout into another: first every deletion, then every write, each sorted.

    A directory that vanishes, or gives way to a file, is one deletion.
    """

    writes: tuple[TreeWrite, ...]
    deletions: tuple[str, ...]


class LeafChange(Record, frozen=True, kw_only=True):
    """One leaf that differs; None where that side has no leaf of this path."""

    path: str
    old: Leaf | None
    new: Leaf | None


class Clash(Exception):
    """A file would have to lie below another file, or in a directory's place.

    `path` is what was to be written, `at` the path in its way, `mode` what lies there.
    """

    def __init__(self, path: str, at: str, mode: int) -> None:
        self.path, self.at, self.mode = path, at, mode
        super().__init__(f"{path} cannot be written: {at} is in the way")


class _Absent:
    """Nothing is said of this leaf, which is not the same as removing it."""


_ABSENT = _Absent()


class _Node:
    """One name in a plan of edits: what happens to the leaf, and to what lies below."""

    __slots__ = ("below", "leaf")

    def __init__(self) -> None:
        self.leaf: Leaf | _Absent | None = _ABSENT
        self.below: dict[bytes, _Node] = {}

    def writes(self) -> bool:
        """Whether anything below is written, not only removed."""
        return any(isinstance(node.leaf, tuple) or node.writes() for node in self.below.values())


def edit(repo: Repository, tree: str, edits: Edits, *, force: bool = False) -> Oid:
    """`tree` with `edits` made. Raises Clash where a file and a directory meet, unless `force`: then what is
    written replaces whatever is in its way. Removing what is not there does nothing."""
    root = _Node()
    for path, leaf in edits.items():
        node = root
        for name in to_bytes(path).split(b"/"):
            node = node.below.setdefault(name, _Node())
        node.leaf = leaf
    return _edit(repo, tree, root, b"", force)


def _edit(repo: Repository, tree: str, plan: _Node, prefix: bytes, force: bool) -> Oid:
    entries = dict(repo.entries(tree))
    for name, node in plan.below.items():
        path = prefix + name
        found = entries.get(name)
        if node.leaf is None and found is not None and found[0] != TREE:
            del entries[name]
            found = None
        if isinstance(node.leaf, tuple) and node.writes():
            raise Clash(to_text(_first_write(node, path)), to_text(path), node.leaf[0])
        if node.below:
            if found is not None and found[0] != TREE:
                if node.writes():
                    _refuse(force, _first_write(node, path), path, found[0])
                    found = None
                else:
                    continue
            below = _edit(repo, found[1] if found else EMPTY_TREE, node, path + b"/", force)
            entries.pop(name, None)
            if below != EMPTY_TREE:
                entries[name] = (TREE, below)
        if isinstance(node.leaf, tuple):
            if name in entries and entries[name][0] == TREE:
                _refuse(force, path, path, TREE)
            entries[name] = node.leaf
    return repo.write_tree(entries)


def _refuse(force: bool, path: bytes, at: bytes, mode: int) -> None:
    if not force:
        raise Clash(to_text(path), to_text(at), mode)


def _first_write(node: _Node, prefix: bytes) -> bytes:
    for name, child in sorted(node.below.items()):
        if isinstance(child.leaf, tuple):
            return prefix + b"/" + name
        if child.writes():
            return _first_write(child, prefix + b"/" + name)
    return prefix


def leaf_changes(repo: Repository, old_tree: str, new_tree: str) -> tuple[LeafChange, ...]:
    """Every leaf that differs between two trees, sorted by path. A file that becomes a directory is a
    removed leaf and added ones."""
    found = [LeafChange(path=to_text(p), old=o, new=n) for p, o, n in _compare(repo, old_tree, new_tree, b"")]
    return tuple(sorted(found, key=lambda change: to_bytes(change.path)))


def _compare(
    repo: Repository, old_tree: str, new_tree: str, prefix: bytes
) -> Iterator[tuple[bytes, Leaf | None, Leaf | None]]:
    if old_tree == new_tree:
        return
    old, new = repo.entries(old_tree), repo.entries(new_tree)
    for name in old.keys() | new.keys():
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        old_leaf = before if before and before[0] != TREE else None
        new_leaf = after if after and after[0] != TREE else None
        if old_leaf or new_leaf:
            yield prefix + name, old_leaf, new_leaf
        below_old = before[1] if before and before[0] == TREE else EMPTY_TREE
        below_new = after[1] if after and after[0] == TREE else EMPTY_TREE
        yield from _compare(repo, below_old, below_new, prefix + name + b"/")


def delta(repo: Repository, old_tree: str, new_tree: str) -> TreeDelta:
    """The least work that turns a checkout of `old_tree` into one of `new_tree`."""
    writes: list[TreeWrite] = []
    deletions: list[str] = []
    for path, was, now in _steps(repo, old_tree, new_tree, b""):
        if was and (now is None or (was[0] ^ now[0]) & 0o170000):
            deletions.append(to_text(path))
        if now and now[0] != TREE:
            writes.append(TreeWrite(path=to_text(path), mode=now[0], blob=now[1]))
    return TreeDelta(
        writes=tuple(sorted(writes, key=lambda write: to_bytes(write.path))),
        deletions=tuple(sorted(deletions, key=to_bytes)),
    )


def _steps(
    repo: Repository, old: str, new: str, prefix: bytes
) -> Iterator[tuple[bytes, Leaf | None, Leaf | None]]:
    """Each name that differs, directories included, down to where only one side has any."""
    before, after = repo.entries(old), repo.entries(new)
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = prefix + name
        both = was is not None and now is not None and was[0] == now[0] == TREE
        if not both:
            yield path, was, now
        if now and now[0] == TREE:
            yield from _steps(repo, was[1] if both and was else EMPTY_TREE, now[1], path + b"/")


def restore(repo: Repository, tree: str, source_tree: str, globs: Matcher | Sequence[str]) -> Oid:
    """`tree` with every path that matches `globs` as in `source_tree`: the same content and mode, or absent.

    What else stands in a restored file's way is removed."""
    matcher = compile_globs(globs) if isinstance(globs, Sequence) else globs
    edits = {
        change.path: change.new
        for change in leaf_changes(repo, tree, source_tree)
        if matcher.matches(change.path)
    }
    return edit(repo, tree, edits, force=True) if edits else Oid(tree)
