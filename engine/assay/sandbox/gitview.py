"""A repository of one commit as layers: what a tree shows of git where the policy asks for it.

Promises: written object by object from trees, so that no git command ever runs inside a candidate's tree
(invariant 4); the one commit has no parent, a neutral author and a fixed date, and equal trees give equal
commits. The base's objects are packed once per base; a candidate's part costs what its difference does, but
for one copy of the index (invariant 7). The only objects beside those of the one commit are files of the
base that the candidate changes: nothing of the history is there.

Git finds the tree clean without reading it: the index holds each file's size and time as the layers have
them. Line ends and filters are off, since layers hold files as they are stored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.model.candidate import Oid, Record
from assay.repo import indexfile
from assay.repo.packfile import loose, new_objects, write_pack
from assay.repo.paths import to_bytes
from assay.repo.repository import EMPTY_TREE, SUBMODULE, Repository
from assay.repo.tags import Tag
from assay.repo.trees import leaf_changes
from assay.sandbox.checkout import LayerWriter

_COMMIT, _TAG = 1, 4
_WHO = b"nobody <nobody@localhost> 946684800 +0000"
_MESSAGE = b"The tree as it is\n"
_BRANCH = b"refs/heads/main"
_INDEX = b".git/index"
_SPECIAL = re.compile(r"([\\*?\[!# ])")

_CONFIG = b"""\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tsymlinks = true
\tignorecase = false
\tlogallrefupdates = false
\tautocrlf = false
\tcheckStat = minimal
\ttrustctime = false
[gc]
\tauto = 0
"""
_ATTRIBUTES = b"* -text -eol -filter -ident -working-tree-encoding\n"


class GitSettings(Record, frozen=True, kw_only=True):
    """What a view shows beyond its tree: the tag of the commit, and places below the root ('/'-separated)
    that hold something of the host and are none of git's business."""

    tag: Tag | None = None
    ignored: tuple[str, ...] = ()


def write_common(repo: Repository, tree: str, layers: Sequence[Path], writer: LayerWriter) -> None:
    """What the views of every tree near `tree`, whose checkout `layers` are, have in common."""
    for directory in (b".git/refs/heads", b".git/refs/tags", b".git/objects/info", b".git/objects/pack"):
        writer.directory(directory, opaque=False)
    for name, data in (
        (b".git/HEAD", b"ref: %s\n" % _BRANCH),
        (b".git/config", _CONFIG),
        (b".git/info/attributes", _ATTRIBUTES),
    ):
        writer.file(name, data, executable=False)
    objects = list(dict.fromkeys(new_objects(repo, EMPTY_TREE, tree)))
    if objects:
        # The name is git's custom, not its rule: only pack and index must share it.
        name = b".git/objects/pack/pack-%s" % tree.encode()
        with writer.stream(name + b".pack") as out:
            _, index = write_pack(repo, objects, out)
        writer.file(name + b".idx", index, executable=False)
    entries = {
        to_bytes(leaf.path): _entry(layers, leaf.path, leaf.mode, leaf.blob) for leaf in repo.files(tree)
    }
    writer.file(_INDEX, indexfile.join(entries), executable=False)


def read_entries(common: Path) -> dict[bytes, bytes]:
    """The index of `write_common`, by path."""
    return indexfile.split((common / os.fsdecode(_INDEX)).read_bytes())


def write_own(
    repo: Repository,
    entries: dict[bytes, bytes],
    base_tree: str,
    tree: str,
    layers: Sequence[Path],
    settings: GitSettings,
    writer: LayerWriter,
) -> None:
    """What the view of `tree` has of its own. `entries`: the index of its base; `layers`: those that hold
    what differs."""
    if tree != base_tree:
        changed = dict(entries)
        for change in leaf_changes(repo, base_tree, tree):
            path = to_bytes(change.path)
            changed.pop(path, None)
            if change.new is not None:
                changed[path] = _entry(layers, change.path, *change.new)
        writer.file(_INDEX, indexfile.join(changed), executable=False)
    found = [repo.raw(oid) for oid in dict.fromkeys(new_objects(repo, base_tree, tree))]
    commit = b"tree %s\nauthor %s\ncommitter %s\n\n%s" % (tree.encode(), _WHO, _WHO, _MESSAGE)
    found.append((_COMMIT, commit))
    head, _ = loose(*found[-1])
    refs = [b"%s %s\n" % (head.encode(), _BRANCH)]
    if settings.tag is not None:
        name = to_bytes(settings.tag.name)
        target, peeled = head, b""
        if settings.tag.annotated:
            found.append((_TAG, _tag_object(head, name)))
            target, peeled = loose(*found[-1])[0], b"^%s\n" % head.encode()
        refs.append(b"%s refs/tags/%s\n%s" % (target.encode(), name, peeled))
    _write_objects(found, writer)
    header = b"# pack-refs with: peeled fully-peeled sorted \n"
    writer.file(b".git/packed-refs", header + b"".join(refs), executable=False)
    ignored = "".join("/" + _SPECIAL.sub(r"\\\1", path) + "\n" for path in settings.ignored)
    writer.file(b".git/info/exclude", to_bytes(ignored), executable=False)


def _write_objects(objects: Iterable[tuple[int, bytes]], writer: LayerWriter) -> None:
    for kind, data in objects:
        oid, packed = loose(kind, data)
        writer.file(f".git/objects/{oid[:2]}/{oid[2:]}".encode(), packed, executable=False)


def _tag_object(commit: Oid, name: bytes) -> bytes:
    return b"object %s\ntype commit\ntag %s\ntagger %s\n\n%s\n" % (commit.encode(), name, _WHO, name)


def _entry(layers: Sequence[Path], path: str, mode: int, oid: str) -> bytes:
    size, mtime = (0, 0) if mode == SUBMODULE else _status(layers, path)
    return indexfile.entry(to_bytes(path), mode, oid, size=size, mtime=mtime)


def _status(layers: Sequence[Path], path: str) -> tuple[int, int]:
    """Size and time of a file, from the topmost layer that has it."""
    raw = os.fsdecode(to_bytes(path))
    for layer in reversed(layers):
        try:
            status = os.lstat(f"{layer}/{raw}")
        except OSError:
            continue
        return status.st_size, int(status.st_mtime)
    return 0, 0  # unknown: git reads the file
