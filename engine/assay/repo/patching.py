"""A parsed patch laid on a tree, in memory.

Promises: reads the base tree and computes edits; a problem with any file means no tree at all. As in git, the
parts of one patch are simultaneous for renames and copies (which see the base's content, so that names can be
swapped) and cumulative for repeated changes of one file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from assay.model.candidate import Oid
from assay.repo.binary import apply_hunk
from assay.repo.hunks import apply_hunks, without_carriage_returns
from assay.repo.patch import FilePatch, Kind
from assay.repo.paths import refusal, shown
from assay.repo.problems import PatchError, hostile, malformed, mismatch
from assay.repo.repository import FILE, SUBMODULE, SYMLINK, TREE, Repository
from assay.repo.trees import Clash, Leaf, edit

File = tuple[int, bytes]
"""Mode and content of a file on its way through a patch."""

_FULL_ID = 40


def patch_tree(repo: Repository, tree: str, files: Sequence[FilePatch]) -> Oid:
    """The tree that `files` make of `tree`. Raises PatchError for the first that cannot be applied."""
    for file in files:
        for path in {file.old, file.new}:
            if why := refusal(path, symlink=file.new_mode == SYMLINK):
                raise hostile(path, why)
    overlay = _Overlay(repo, tree, files)
    for file in files:
        overlay.take(file)
    try:
        return edit(repo, tree, overlay.edits())
    except Clash as clash:
        if clash.mode == SYMLINK:
            raise hostile(clash.path, f"goes through the symbolic link {shown(clash.at)!r}") from clash
        what = "a directory" if clash.mode == TREE else "a file"
        at = "it" if clash.at == clash.path else shown(clash.at)
        raise mismatch(f"{at} is {what} here", path=clash.path) from clash


class _Overlay:
    """The base tree with what the patch has done to it so far. A value of None means removed."""

    def __init__(self, repo: Repository, tree: str, files: Sequence[FilePatch]) -> None:
        self.repo = repo
        self.tree = tree
        self.done: dict[str, File | None] = {}
        self.leaving = {file.old for file in files if file.kind in (Kind.RENAME, Kind.DELETE)}

    def edits(self) -> dict[str, Leaf | None]:
        """What to change in the tree; blobs are written now, when nothing can fail any more."""
        return {path: None if file is None else self._store(path, file) for path, file in self.done.items()}

    def take(self, file: FilePatch) -> None:
        """Lay one file's patch over what is there."""
        if file.kind is Kind.CREATE:
            self._create(file)
            return
        mode, data = self._source(file)
        new_data = _content(self.repo, file, mode, data)
        if file.kind is Kind.DELETE:
            if new_data:
                count = new_data.count(b"\n") + (not new_data.endswith(b"\n"))
                raise mismatch(
                    f"the patch deletes the file, but {count} of its lines would remain", path=file.old
                )
            self.done[file.old] = None
            return
        if file.kind in (Kind.RENAME, Kind.COPY):
            self._refuse_existing(file)
        # A rename's source may already be another rename's target (a swap): that result stands.
        if file.kind is Kind.RENAME and file.old not in self.done:
            self.done[file.old] = None
        self.done[file.new] = (_new_mode(file, mode), new_data)

    def _create(self, file: FilePatch) -> None:
        found = None if file.git else self._look(file.new)
        if found is not None and found[1] == b"":
            # A plain diff says of an empty file what it says of an absent one.
            self.done[file.new] = (found[0], _content(self.repo, file, found[0], b""))
            return
        self._refuse_existing(file)
        mode = file.new_mode or FILE
        self.done[file.new] = (mode, _content(self.repo, file, mode, b""))

    def _refuse_existing(self, file: FilePatch) -> None:
        if file.new in self.done:
            in_the_way = self.done[file.new] is not None
        else:
            # A directory may be about to vanish; whether it does shows when the edits are made.
            found = self.repo.entry(self.tree, file.new)
            in_the_way = found is not None and found.mode != TREE and file.new not in self.leaving
        if in_the_way:
            raise mismatch("the patch creates it, but it exists already", path=file.new)

    def _source(self, file: FilePatch) -> File:
        """What the patch starts from."""
        # Renames and copies see the base, whatever order the parts come in.
        moved = file.kind in (Kind.RENAME, Kind.COPY)
        found = self._base(file.old) if moved else self._look(file.old)
        if found is None:
            gone = file.old in self.done
            raise mismatch(
                "an earlier part of the patch has removed it" if gone else self._missing(file.old),
                path=file.old,
            )
        mode, data = found
        if file.old_mode and (file.old_mode ^ mode) & 0o170000:
            raise mismatch(f"the patch is for {_noun(file.old_mode)}, but it is {_noun(mode)}", path=file.old)
        return mode, data

    def _look(self, path: str) -> File | None:
        return self.done[path] if path in self.done else self._base(path)

    def _base(self, path: str) -> File | None:
        entry = self.repo.entry(self.tree, path)
        if entry is None or entry.mode == TREE:
            return None
        if entry.mode == SUBMODULE:
            return SUBMODULE, b"Subproject commit %s\n" % entry.blob.encode()
        return entry.mode, self.repo.blob(entry.blob)

    def _missing(self, path: str) -> str:
        """Why there is no file at `path`; raises if a symbolic link is on the way."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            entry = self.repo.entry(self.tree, "/".join(parts[:depth]))
            if entry is not None and entry.mode == SYMLINK:
                raise hostile(path, f"goes through the symbolic link {shown(entry.path)!r}")
        entry = self.repo.entry(self.tree, path)
        return "it is a directory in the base" if entry is not None else "there is no such file in the base"

    def _store(self, path: str, file: File) -> Leaf:
        mode, data = file
        if mode != SUBMODULE:
            return mode, self.repo.write_blob(data)
        words = data.decode("ascii", "replace").split()
        if words[:2] != ["Subproject", "commit"] or len(words) != 3 or not _is_full_id(words[2]):
            raise mismatch("the patch does not name a commit of the submodule", path=path)
        return mode, Oid(words[2])


def _content(repo: Repository, file: FilePatch, mode: int, data: bytes) -> bytes:
    """The new content of one file."""
    if file.binary is not None:
        return _binary_content(file, data)
    if file.content_missing:
        return _known_content(repo, file, mode, data)
    if not file.crlf:
        return apply_hunks(file.new, data, file.hunks)
    # The whole patch was converted to CR LF. The base may have such lines itself, so the exact reading
    # comes first; for a new file nothing but the conversion speaks for carriage returns.
    if file.kind is not Kind.CREATE:
        try:
            return apply_hunks(file.new, data, file.hunks)
        except PatchError:
            pass
    return apply_hunks(file.new, data, [without_carriage_returns(hunk) for hunk in file.hunks])


def _binary_content(file: FilePatch, data: bytes) -> bytes:
    assert file.binary is not None
    before = "" if file.kind is Kind.CREATE else blob_id(data)
    if before and file.old_blob and not before.startswith(file.old_blob):
        raise mismatch(
            f"the binary patch is for version {file.old_blob[:10]}, but this is {before[:10]}", path=file.old
        )
    try:
        result = apply_hunk(data, file.binary)
    except ValueError as error:
        raise mismatch(str(error), path=file.new) from error
    if file.kind is not Kind.DELETE and file.new_blob and not blob_id(result).startswith(file.new_blob):
        raise malformed("the binary content is not what the header names", path=file.new, line=file.line)
    return result


def _known_content(repo: Repository, file: FilePatch, mode: int, data: bytes) -> bytes:
    """The new content of a file whose patch only names it, if this repository has it."""
    full = _is_full_id(file.old_blob) and _is_full_id(file.new_blob)
    if full and mode != SUBMODULE and (file.kind is Kind.CREATE or blob_id(data) == file.old_blob):
        if file.kind is Kind.DELETE:
            return b""
        if repo.is_blob(file.new_blob):
            return repo.blob(file.new_blob)
    raise malformed(
        f"the change of {shown(file.new)} has no content (binary files need `git diff --binary`)",
        path=file.new,
        line=file.line,
    )


def blob_id(data: bytes) -> str:
    """The name git gives to a blob of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _is_full_id(text: str) -> bool:
    return len(text) == _FULL_ID and all(char in "0123456789abcdef" for char in text)


def _new_mode(file: FilePatch, mode: int) -> int:
    """The mode afterwards: as the patch says where it changes it, else as it was."""
    if not file.new_mode or file.new_mode == file.old_mode:
        return mode
    return file.new_mode


def _noun(mode: int) -> str:
    return {SYMLINK: "a symbolic link", SUBMODULE: "a submodule"}.get(mode, "a regular file")
