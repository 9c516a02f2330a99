"""Scope rules: what a change makes the project install, from where, and what runs when it is built.

Promises: pure. A manifest that cannot be read on either side is a finding of its own kind, since nobody knows
what it now asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from assay.gates.manifest_sources import Declared, builds, is_source_file, sources
from assay.gates.manifests import UnreadableManifest, changed, is_manifest, requirements
from assay.gates.scope_types import ChangedFile, Hit
from assay.model.delta import DependencyChange

_BUILD_FILES = frozenset({"build.rs", "binding.gyp", "hatch_build.py", "pdm_build.py", "_build.py"})
_NAMED = 4
_SHOWN = 200
_MAX_BYTES = 128 * 1024
"""Larger manifests are no manifests, and most formats take more than their length in time to read."""
_LISTS = frozenset({".txt", ".in"})
"""The format that does not, and that grows long with hashes."""


def dependencies(file: ChangedFile) -> Iterator[Hit]:
    """Requirements that came, went or moved, new places they come from, and hooks that run in a build."""
    change = file.change
    if change.new_blob == change.old_blob and change.path == change.old_path:
        return
    name = PurePosixPath(change.path).name
    if is_source_file(change.path) and file.new:
        yield Hit(
            rule="scope/dependency-source",
            path=change.path,
            message="this file says where dependencies come from",
        )
    if name in _BUILD_FILES:
        yield Hit(
            rule="scope/build-hook", path=change.path, message="this file runs when the project is built"
        )
    if is_manifest(change.path) or is_manifest(change.old_path):
        yield from _manifest(file)


def _manifest(file: ChangedFile) -> Iterator[Hit]:
    change = file.change
    try:
        old = _text(file.old, change.old_path) if is_manifest(change.old_path) else ""
        new = _text(file.new, change.path) if is_manifest(change.path) else ""
        before, after = requirements(change.old_path, old), requirements(change.path, new)
        where, there = sources(change.old_path, old), sources(change.path, new)
        built, builds_now = builds(change.old_path, old), builds(change.path, new)
    except UnreadableManifest as error:
        yield Hit(
            rule="scope/dependency",
            path=change.path,
            message=f"nobody can tell what this file requires: {error}",
            what="unreadable",
        )
        return
    moved = changed(change.path, before, after)
    if moved:
        shown = "; ".join(map(_said, moved[:_NAMED]))
        more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
        yield Hit(
            rule="scope/dependency",
            path=change.path,
            message=f"dependencies changed: {shown}{more}",
            what="; ".join(map(_said, moved)),
        )
    for key in _differing(where, there):
        said = f"{key} = {there[key]}" if there[key] else key
        yield Hit(
            rule="scope/dependency-source",
            path=change.path,
            message=f"dependencies may come from {said[:_SHOWN]}",
            what=said,
        )
    for key in _differing(built, builds_now):
        yield Hit(
            rule="scope/build-hook",
            path=change.path,
            message=f"building the project is changed: {key}",
            what=f"{key} = {builds_now[key]}",
        )


def _differing(old: Declared, new: Declared) -> list[str]:
    return [key for key in sorted(new) if old.get(key) != new[key]]


def _said(change: DependencyChange) -> str:
    name = f"{change.name} ({change.group})" if change.group else change.name
    if not change.before:
        return f"{name} {change.after} added"
    return f"{name} {change.before} to {change.after}" if change.after else f"{name} removed"


def _text(content: bytes | None, path: str) -> str:
    if content and len(content) > _MAX_BYTES and PurePosixPath(path).suffix not in _LISTS:
        raise UnreadableManifest("it is too big")
    return content.decode("utf-8", "replace") if content else ""
