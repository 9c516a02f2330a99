"""Scope rules about paths, kinds of file and size: decided without reading a line of program text.

Promises: pure but for `tree_links`, which looks symlinks up in the candidate's tree. A symlink is followed
the way a kernel would, through the candidate's own symlinks, not by cancelling `..` in its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from assay.gates.scope_types import ChangedFile, Hit
from assay.model.candidate import Candidate
from assay.model.expressions import expression
from assay.policy.schema import MIB, Scope
from assay.repo.globs import compile_globs
from assay.repo.repository import Repository

SYMLINK = 0o120000
SUBMODULE = 0o160000

Links = Callable[[str], str | None]
"""The target of the symlink at a path of the candidate's tree, or None where there is no symlink."""

_GIT_NAMES = frozenset({".gitattributes", ".gitmodules", ".lfsconfig", ".gitconfig"})
_MAX_LINKS = 40
_MAX_TARGET = 4096
"""As in the kernel."""
_MODULE_KEY = expression(rb"^[ \t]*(path|url|update)[ \t]*=(.*)$", re.IGNORECASE | re.MULTILINE)


def tree_links(repo: Repository, candidate: Candidate) -> Links:
    """Look symlinks up in the candidate's tree."""
    tree = candidate.tree or candidate.base.tree

    def target(path: str) -> str | None:
        entry = repo.entry(tree, path)
        if entry is None or entry.mode != SYMLINK:
            return None
        return repo.blob(entry.blob).decode("utf-8", "surrogateescape")

    return target


def limits(files: Sequence[ChangedFile], rules: Scope) -> Iterator[Hit]:
    """The size of the candidate as a whole."""
    if rules.max_files and len(files) > rules.max_files:
        yield Hit(
            rule="scope/too-many-files",
            path="",
            message=f"the candidate changes {len(files)} files; the policy allows {rules.max_files}",
        )
    lines = sum(file.change.added_lines + file.change.deleted_lines for file in files)
    if rules.max_lines and lines > rules.max_lines:
        yield Hit(
            rule="scope/too-many-lines",
            path="",
            message=f"the candidate changes {lines} lines; the policy allows {rules.max_lines}",
        )


def path_rules(file: ChangedFile, rules: Scope) -> Iterator[Hit]:
    """Where the policy lets a candidate write, and how much at one place."""
    protected, allowed = compile_globs(rules.protected), compile_globs(rules.allow)
    for path in sorted({file.change.path, file.change.old_path}):
        if rules.protected and protected(path):
            yield Hit(rule="scope/protected-path", path=path, message="this path is protected by the policy")
        if rules.allow and not allowed(path):
            yield Hit(
                rule="scope/not-allowed",
                path=path,
                message="the policy does not let candidates change this path",
            )
    if rules.max_blob and file.size > rules.max_blob:
        limit = f"{rules.max_blob / MIB:.1f} MiB" if rules.max_blob >= MIB else f"{rules.max_blob} bytes"
        yield Hit(
            rule="scope/blob-size",
            path=file.change.path,
            message=f"the file has {file.size} bytes; the policy allows {limit}",
        )


def kind_rules(file: ChangedFile, links: Links) -> Iterator[Hit]:
    """Files that mean more than their text: links, submodules, git's own names, programs, binaries."""
    change = file.change
    path = change.path
    if file.link is not None and change.new_blob != change.old_blob:
        too_long = len(file.link) > _MAX_TARGET
        problem = "a symlink that no system can follow" if too_long else escapes(path, file.link, links)
        if problem:
            yield Hit(rule="scope/symlink-escape", path=path, message=problem, what=file.link)
    if SUBMODULE in (change.old_mode, change.new_mode) and change.old_blob != change.new_blob:
        verb = "added" if not change.old_mode else "removed" if not change.new_mode else "moved"
        yield Hit(rule="scope/submodule", path=path, message=f"a submodule is {verb}", what=change.new_blob)
    name = path.rsplit("/", 1)[-1].lower()
    if name in _GIT_NAMES:
        yield Hit(rule="scope/git-name", path=path, message="this file changes how git treats the repository")
    if name == ".gitmodules":
        yield from _module_tricks(file)
    new_program = change.new_mode == 0o100755 and change.old_mode != 0o100755
    if new_program:
        yield Hit(rule="scope/executable", path=path, message="the file becomes executable")
    if change.binary and file.size and change.new_blob != change.old_blob:
        yield Hit(rule="scope/binary", path=path, message="a binary file that no reviewer can read")


def escapes(path: str, target: str, links: Links) -> str:
    """Why the symlink at `path` must not point to `target`, or nothing if it stays inside the tree."""
    if target.startswith("/"):
        return f"a symlink to the absolute path {target}"
    place = path.split("/")[:-1]
    todo = target.split("/")[::-1]
    followed = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return f"a symlink out of the repository ({target})"
            place.pop()
            continue
        if part.lower() == ".git":
            return f"a symlink into git's own directory ({target})"
        further = links("/".join([*place, part]))
        if further is None:
            place.append(part)
            continue
        followed += 1
        if followed > _MAX_LINKS:
            return f"a symlink that leads in circles ({target})"
        if further.startswith("/"):
            return f"a symlink that leads to the absolute path {further} ({target})"
        todo.extend(further.split("/")[::-1])
    return ""


def _module_tricks(file: ChangedFile) -> Iterator[Hit]:
    old = set(_MODULE_KEY.findall(file.old or b""))
    for key, raw in sorted(set(_MODULE_KEY.findall(file.new or b"")) - old):
        name, value = key.lower().decode(), raw.decode("utf-8", "replace").strip().strip('"')
        parts = value.replace("\\", "/").lower().split("/")
        hostile = (
            value.startswith("-")
            or (name == "update" and value.startswith("!"))
            or (name == "url" and value.startswith("ext::"))
            or (name == "path" and (value.startswith("/") or ".." in parts or ".git" in parts))
        )
        if hostile:
            yield Hit(
                rule="scope/submodule-hostile",
                path=file.change.path,
                message=f"the submodule setting {name} = {value} can make git run or overwrite something",
                what=f"{name}={value}",
            )
