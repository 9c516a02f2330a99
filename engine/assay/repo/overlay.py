"""What a patch makes of the paths it touches, to be laid over other trees.

Promises: nothing is written to the object database; a patch that is malformed or does not apply is a
`BadInput` that says where.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.candidate import Oid
from assay.model.errors import BadInput
from assay.repo.mail import is_mailbox, split_mailbox
from assay.repo.patch import FilePatch, parse
from assay.repo.patching import patch_tree
from assay.repo.paths import refusal, shown
from assay.repo.problems import PatchError
from assay.repo.repository import SUBMODULE, SYMLINK, Repository
from assay.repo.trees import leaf_changes
from assay.repo.veil import Veil

Written = tuple[str, int, bytes | None]
"""Path, mode and content; no content where the patch removes the path."""


def files_of_patch(repo: Repository, tree: str, patch: bytes, source: str) -> tuple[Written, ...]:
    """The files that `patch` (a diff, or a mailbox of them) writes or removes in `tree`, sorted by path."""
    veil = Veil(repo)
    try:
        made = _applied(veil, tree, patch, source)
    except PatchError as error:
        raise BadInput(
            f"this patch cannot be applied to the base ({error.problem.message})", where=source
        ) from error
    found = tuple(_written(veil, tree, made, source))
    if not found:
        raise BadInput("this patch changes nothing on the base", where=source)
    return found


def _applied(veil: Repository, tree: str, patch: bytes, source: str) -> Oid:
    parts = [mail.patch for mail in split_mailbox(patch)] if is_mailbox(patch) else [patch]
    series: list[tuple[FilePatch, ...]] = [files for part in parts if (files := parse(part))]
    if not series:
        raise BadInput("this is no patch: there is no diff in it", where=source)
    made = Oid(tree)
    for files in series:
        made = patch_tree(veil, made, files)
    return made


def _written(veil: Repository, old: str, new: str, source: str) -> Iterator[Written]:
    for change in leaf_changes(veil, old, new):
        if change.new is None:
            yield change.path, 0, None
            continue
        mode, blob = change.new
        why = "is a submodule" if mode == SUBMODULE else refusal(change.path, symlink=mode == SYMLINK)
        if why:
            raise BadInput(f"the path {shown(change.path)!r} {why}", where=source)
        yield change.path, mode, veil.blob(blob)
