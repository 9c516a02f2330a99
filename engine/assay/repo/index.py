"""The index as a tree: what `git commit` would commit.

Promises: the user's index is read, never written: git works on a private copy of it, which also lets split,
sparse and intent-to-add indexes mean exactly what they mean to git.
"""

from __future__ import annotations

import shutil

from assay.model.candidate import Oid
from assay.model.errors import BadInput
from assay.repo.program import GitFailed, run_git
from assay.repo.repository import EMPTY_TREE, Repository
from assay.repo.scratch import scratch


def staged_tree(repo: Repository) -> Oid:
    """The tree of the index. Raises BadInput when it has conflicts or cannot be read."""
    with scratch() as directory:
        copy = directory / "index"
        try:
            shutil.copyfile(repo.index_file, copy)
        except FileNotFoundError:
            if repo.bare:
                raise BadInput("a bare repository has no index", where=str(repo.root)) from None
            return EMPTY_TREE
        except OSError as error:
            raise BadInput(
                f"the index cannot be read ({error.strerror})", where=str(repo.index_file)
            ) from error
        variables = {"GIT_INDEX_FILE": str(copy)}
        try:
            return Oid(run_git(repo, "write-tree", variables=variables).decode().strip())
        except GitFailed as error:
            raise _unwritable(repo, error.message, variables) from error


def _unwritable(repo: Repository, message: str, variables: dict[str, str]) -> BadInput:
    where = str(repo.root)
    try:
        unmerged = run_git(repo, "ls-files", "--unmerged", "-z", variables=variables)
    except GitFailed:
        unmerged = b""
    if unmerged:
        path = unmerged.split(b"\0")[0].partition(b"\t")[2].decode("utf-8", "backslashreplace")
        return BadInput(
            f"the index has an unresolved conflict in {path}", where=where, fix="resolve it first"
        )
    denied = "permission" in message.lower() or "read-only" in message.lower()
    fix = "make its objects writable, or work in a clone of your own" if denied else "see `git status`"
    return BadInput(f"the index cannot be made a tree ({message})", where=where, fix=fix)


def skipped_paths(repo: Repository) -> frozenset[bytes]:
    """The paths that a sparse checkout leaves out of the work tree."""
    try:
        listed = run_git(repo, "ls-files", "-t", "-z", variables={"GIT_INDEX_FILE": str(repo.index_file)})
    except GitFailed as error:
        raise BadInput(f"the index cannot be read ({error.message})", where=str(repo.root)) from error
    return frozenset(line[2:] for line in listed.split(b"\0") if line.startswith(b"S "))
