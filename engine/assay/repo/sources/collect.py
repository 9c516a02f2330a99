"""From what the user named to proposals: which of the kinds of source each name means.

Promises: a name that could be read two ways is an error that says how to write either; order is kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from assay.model.candidate import Base, Proposal
from assay.model.errors import BadInput
from assay.repo.repository import Repository
from assay.repo.sources.directory import from_directory, read
from assay.repo.sources.files import DIFF_SUFFIXES, JSON_SUFFIXES, from_bytes
from assay.repo.sources.revisions import from_range, from_revision, is_range


def collect(
    repo: Repository,
    specs: Sequence[str],
    base: Base,
    *,
    squash: bool = False,
    stdin: bytes | None = None,
) -> list[Proposal]:
    """The proposals of every spec, in order. With `squash` each spec is one proposal, except that a revision
    is one anyway. `stdin` stands in for standard input (`-`). Raises BadInput."""
    found: list[Proposal] = []
    for spec in specs:
        if spec == "-":
            data = sys.stdin.buffer.read() if stdin is None else stdin
            found += from_bytes(data, "stdin", "-", squash=squash)
        elif (path := _as_path(repo, spec)) is not None:
            found += _from_path(repo, path, spec, base, squash=squash)
        elif is_range(spec):
            found += from_range(repo, spec, squash=squash)
        else:
            found.append(from_revision(repo, spec, base))
    return found


def _from_path(repo: Repository, path: Path, spec: str, base: Base, *, squash: bool) -> list[Proposal]:
    if path.is_dir():
        return from_directory(repo, path, spec, base, squash=squash)
    return from_bytes(read(path, spec), path.name, spec, squash=squash)


def _as_path(repo: Repository, spec: str) -> Path | None:
    """The path that `spec` means, or None when it means a revision."""
    if not spec.strip() or "\0" in spec:
        raise BadInput("a source is a revision, a range, a file, a directory, or - for standard input")
    path = Path(os.path.expanduser(spec))  # noqa: PTH111 - Path.expanduser raises for unknown users
    exists = _exists(path)
    spelled_out = spec in (".", "..") or spec.startswith(("./", "../", "/", "~"))
    if spelled_out:
        if not exists:
            raise BadInput("there is no such file or directory", where=spec)
        return path
    revision = _is_revision(repo, spec)
    if exists and revision:
        raise BadInput(
            "this is both a path and a revision", where=spec, fix=f"write ./{spec} or {spec}^0 to say which"
        )
    if exists:
        return path
    if not revision:
        raise BadInput(_not_found(spec), where=spec, fix=_hint(repo, spec))
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # A revision can be longer than any file name may be.
        return False


def _not_found(spec: str) -> str:
    if spec.lower().endswith((*DIFF_SUFFIXES, *JSON_SUFFIXES)):
        return "there is no such file"
    if is_range(spec):
        return "not both ends of this range are revisions here"
    return "there is no file, directory or revision of this name"


def _hint(repo: Repository, spec: str) -> str:
    if repo.git.is_shallow:
        return "this clone is shallow: `git fetch --unshallow` brings the rest"
    return "" if "/" in spec else "see `git branch --all` for the revisions there are"


def _is_revision(repo: Repository, spec: str) -> bool:
    if is_range(spec):
        ends = [spec[:-2]] if spec.endswith("^!") else spec.replace("...", "..").split("..")
        return all(_is_revision(repo, end) for end in ends if end)
    try:
        repo.resolve(spec)
    except BadInput:
        return False
    return True
