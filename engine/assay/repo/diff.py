"""What differs between two trees: as a list of changes, as lines, as a patch.

Promises: the list is complete, because it comes from comparing the trees themselves; no git attribute,
configuration, external diff or textconv has a say, so a candidate cannot hide lines by declaring a file
binary. Lines are compared by patience diff, the forerunner of histogram diff (libgit2 has no other with its
property): it aligns on lines that are unique on both sides, and so does not count moved braces as rewrites.
"""

from __future__ import annotations

import threading

import pygit2

from assay.model.candidate import Change, ChangeKind, Oid
from assay.model.excerpt import Hunk
from assay.repo.binary import write_hunk
from assay.repo.paths import quote, to_bytes
from assay.repo.renames import is_binary, pair
from assay.repo.repository import SUBMODULE, SYMLINK, Repository
from assay.repo.trees import Leaf, LeafChange, leaf_changes

_FLAGS = (
    pygit2.enums.DiffOption.PATIENCE
    | pygit2.enums.DiffOption.INDENT_HEURISTIC
    | pygit2.enums.DiffOption.FORCE_TEXT
)
_NO_ID = "0" * 40

Lines = tuple[tuple[int, str], ...]
"""Numbers from 1, and texts without line ends."""

_ON_A_SIDE = " +-"
"""Origins of lines; others say that there is no line feed at the end."""

_CONTEXT = 3
"""Lines around a change that a patch shows."""

_KEPT, _MOST_KEPT = 256, 1000
"""So many answers of at most so many lines each are kept, by the names of the contents compared."""

_lately: dict[tuple[str, str], Lines] = {}
_mutex = threading.Lock()


def changes(repo: Repository, old_tree: str, new_tree: str, *, renames: bool = True) -> tuple[Change, ...]:
    """Every path that differs, sorted by path. With `renames`, a removed and an added file of like content
    are one change; without, every path stands for itself."""
    leaves = leaf_changes(repo, old_tree, new_tree)
    origin = pair(repo, leaves) if renames else {}
    sources = set(origin.values())
    by_path = {leaf.path: leaf for leaf in leaves}
    found: list[Change] = []
    for leaf in leaves:
        if leaf.path in sources:
            continue
        moved = by_path.get(origin.get(leaf.path, ""))
        found.append(_change(repo, leaf, moved))
    return tuple(found)


def _change(repo: Repository, leaf: LeafChange, moved: LeafChange | None) -> Change:
    old = moved.old if moved else leaf.old
    old_data, new_data = _text(repo, old), _text(repo, leaf.new)
    binary = is_binary(old_data) or is_binary(new_data)
    added, deleted = (0, 0) if binary else counts(old_data, new_data)
    return Change(
        kind=ChangeKind.RENAMED if moved else _kind(leaf),
        path=leaf.path,
        old_path=moved.path if moved else leaf.path,
        old_mode=old[0] if old else 0,
        new_mode=leaf.new[0] if leaf.new else 0,
        old_blob=old[1] if old else "",
        new_blob=leaf.new[1] if leaf.new else "",
        binary=binary,
        added_lines=added,
        deleted_lines=deleted,
    )


def _kind(leaf: LeafChange) -> ChangeKind:
    if leaf.old is None:
        return ChangeKind.ADDED
    if leaf.new is None:
        return ChangeKind.DELETED
    if (leaf.old[0] ^ leaf.new[0]) & 0o170000:
        return ChangeKind.TYPE
    return ChangeKind.MODE if leaf.old[1] == leaf.new[1] else ChangeKind.MODIFIED


def _text(repo: Repository, leaf: Leaf | None) -> bytes:
    """What a patch shows as the content of a leaf."""
    if leaf is None:
        return b""
    if leaf[0] == SUBMODULE:
        return b"Subproject commit %s\n" % leaf[1].encode()
    return repo.blob(leaf[1])


def counts(old: bytes, new: bytes) -> tuple[int, int]:
    """How many lines are added and deleted from one text to the other."""
    if old == new:
        return 0, 0
    _context, added, deleted = _compare(old, new, 0).line_stats
    return added, deleted


def _compare(old: bytes, new: bytes, context: int) -> pygit2.Patch:
    return pygit2.Patch.create_from(old, new, flag=_FLAGS, context_lines=context)


def added_lines(repo: Repository, change: Change) -> Lines:
    """The lines that `change` adds: (number in the new file, counted from 1; text without its line end).

    None for binary files, symbolic links and submodules. Bytes that are no UTF-8 show as U+FFFD.
    """
    if change.binary or not change.new_blob or change.new_mode in (SYMLINK, SUBMODULE):
        return ()
    # What replaces a link or a submodule is new from its first line.
    comparable = change.old_blob and not (change.old_mode ^ change.new_mode) & 0o170000
    key = (change.old_blob if comparable else "", change.new_blob)
    found = _lately.get(key)
    if found is None:
        old = repo.blob(change.old_blob) if comparable else b""
        found = _added(old, repo.blob(change.new_blob))
        _keep(key, found)
    return found


def changed_lines(repo: Repository, change: Change) -> tuple[Lines, Lines]:
    """The lines that `change` takes away, as numbered in the old file, and those that it adds.

    None for binary files; what replaces a link or a submodule, and is replaced by one, is there in whole.
    """
    if change.binary or change.old_blob == change.new_blob:
        return (), ()
    if change.old_blob and change.new_blob and not (change.old_mode ^ change.new_mode) & 0o170000:
        return _both(repo.blob(change.old_blob), repo.blob(change.new_blob))
    old = repo.blob(change.old_blob) if change.old_blob and change.old_mode != SUBMODULE else b""
    new = repo.blob(change.new_blob) if change.new_blob and change.new_mode != SUBMODULE else b""
    return _both(old, b"")[0], _both(b"", new)[1]


def _both(old: bytes, new: bytes) -> tuple[Lines, Lines]:
    lines = [line for hunk in _compare(old, new, 0).hunks for line in hunk.lines]
    gone = [(line.old_lineno, line) for line in lines if line.origin == "-"]
    came = [(line.new_lineno, line) for line in lines if line.origin == "+"]
    return _numbered(gone), _numbered(came)


def _numbered(lines: list[tuple[int, pygit2.DiffLine]]) -> Lines:
    return tuple(
        (number, line.raw_content.rstrip(b"\r\n").decode("utf-8", "replace")) for number, line in lines
    )


def _keep(key: tuple[str, str], lines: Lines) -> None:
    """For the next gate that asks. Neither what is compared nor a long answer is held in memory."""
    if len(lines) > _MOST_KEPT:
        return
    with _mutex:
        _lately[key] = lines
        if len(_lately) > _KEPT:
            del _lately[next(iter(_lately))]


def _added(old: bytes, new: bytes) -> Lines:
    if old == new:
        return ()
    return tuple(
        (line.new_lineno, line.raw_content.rstrip(b"\r\n").decode("utf-8", "replace"))
        for hunk in _compare(old, new, 0).hunks
        for line in hunk.lines
        if line.origin == "+"
    )


def hunks(repo: Repository, change: Change) -> tuple[Hunk, ...]:
    """The lines of `change` as a patch shows them, without their line feeds; none for binary files. Bytes
    that are no UTF-8 show as U+FFFD."""
    if change.binary:
        return ()
    old = _text(repo, (change.old_mode, Oid(change.old_blob)) if change.old_blob else None)
    new = _text(repo, (change.new_mode, Oid(change.new_blob)) if change.new_blob else None)
    if old == new:
        return ()
    return tuple(
        Hunk(
            old=hunk.old_start,
            new=hunk.new_start,
            lines=tuple(
                line.origin + line.raw_content.removesuffix(b"\n").decode("utf-8", "replace")
                for line in hunk.lines
                if line.origin in _ON_A_SIDE
            ),
        )
        for hunk in _compare(old, new, _CONTEXT).hunks
    )


def patch(repo: Repository, old_tree: str, new_tree: str) -> bytes:
    """A git patch, binary content included, that turns `old_tree` into `new_tree` wherever it applies."""
    return b"".join(_file_patch(repo, leaf) for leaf in leaf_changes(repo, old_tree, new_tree))


def _file_patch(repo: Repository, leaf: LeafChange) -> bytes:
    if leaf.old and leaf.new and (leaf.old[0] ^ leaf.new[0]) & 0o170000:
        # A change of type is a removal and a creation, as git has it.
        return _one(repo, leaf.path, leaf.old, None) + _one(repo, leaf.path, None, leaf.new)
    return _one(repo, leaf.path, leaf.old, leaf.new)


def _one(repo: Repository, path: str, old: Leaf | None, new: Leaf | None) -> bytes:
    name = to_bytes(path)
    before, after = quote(b"a/" + name), quote(b"b/" + name)
    lines = [b"diff --git %s %s" % (before, after), *_mode_lines(old, new)]
    if (old and old[1]) == (new and new[1]):
        return b"\n".join(lines) + b"\n"
    same_mode = b" %o" % old[0] if old and new and old[0] == new[0] else b""
    ids = ((old[1] if old else _NO_ID).encode(), (new[1] if new else _NO_ID).encode())
    lines.append(b"index %s..%s%s" % (*ids, same_mode))
    old_data, new_data = _text(repo, old), _text(repo, new)
    if is_binary(old_data) or is_binary(new_data):
        body = b"GIT binary patch\n" + write_hunk(new_data) + write_hunk(old_data)
        return b"\n".join(lines) + b"\n" + body
    if old_data != new_data:
        lines.append(b"--- " + (_file_name(before) if old else b"/dev/null"))
        lines.append(b"+++ " + (_file_name(after) if new else b"/dev/null"))
    return b"\n".join(lines) + b"\n" + _hunks(old_data, new_data)


def _mode_lines(old: Leaf | None, new: Leaf | None) -> list[bytes]:
    if old is None:
        return [b"new file mode %o" % new[0]] if new else []
    if new is None:
        return [b"deleted file mode %o" % old[0]]
    return [b"old mode %o" % old[0], b"new mode %o" % new[0]] if old[0] != new[0] else []


def _file_name(name: bytes) -> bytes:
    # A name with a space is followed by a tab, so that readers of plain diffs know where it ends.
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name


def _hunks(old: bytes, new: bytes) -> bytes:
    if old == new:
        return b""
    data = _compare(old, new, _CONTEXT).data
    return data[data.index(b"@@ -") :]
