"""What two trees alone say of a change: everything about a delta but what gates found.

Promises: cost follows the diff: only changed files are read, and the `__init__.py` files above them; never
raises for what files hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.delta.bare import Bare
from assay.delta.code import code
from assay.delta.content import Content
from assay.delta.keys import UnreadableSettings
from assay.delta.noise import noise
from assay.delta.others import others
from assay.delta.secrets import scrub
from assay.delta.settings import setting_changes
from assay.gates.manifests import UnreadableManifest, changed, is_manifest, requirements
from assay.model.delta import Delta, DependencyChange, SettingChange
from assay.repo import diff
from assay.repo.repository import Repository


def between(repo: Repository, base_tree: str, tree: str) -> Bare:
    """What they say."""
    changes = diff.changes(repo, base_tree, tree)
    files = [Content(repo, change) for change in changes]
    found = code(files, lambda path: repo.read(base_tree, path), lambda path: repo.read(tree, path))
    dependencies, unread = _dependencies(files)
    settings, unreadable = _settings(files)
    delta = Delta(
        files=tuple(changes),
        added_lines=sum(change.added_lines for change in changes),
        deleted_lines=sum(change.deleted_lines for change in changes),
        symbols=found.symbols,
        api_breaks=found.api_breaks,
        tests_added=found.tests.added,
        tests_removed=found.tests.removed,
        tests_changed=found.tests.changed,
        dependencies=dependencies,
        settings=settings,
        findings_introduced=(),
        findings_fixed=(),
        security=found.security,
        noise=noise(files, found.files, found.meetings),
        unparsed=tuple(sorted({*found.unparsed, *unread, *unreadable})),
    )
    return Bare(delta=delta, others=others(files))


def _dependencies(files: Sequence[Content]) -> tuple[tuple[DependencyChange, ...], list[str]]:
    """The changed requirements, and the manifests that could not be read."""
    found: list[DependencyChange] = []
    unreadable: list[str] = []
    for file in files:
        if not (file.is_plain and is_manifest(file.path)):
            continue
        try:
            old, new = (requirements(file.path, (side or b"").decode()) for side in (file.old, file.new))
        except (UnreadableManifest, UnicodeDecodeError):
            unreadable.append(file.path)
        else:
            found += map(_scrubbed, changed(file.path, old, new))
    return tuple(found), unreadable


def _scrubbed(change: DependencyChange) -> DependencyChange:
    """Addresses of private indexes carry passwords."""
    return replace(change, before=scrub(change.before), after=scrub(change.after))


def _settings(files: Sequence[Content]) -> tuple[tuple[SettingChange, ...], list[str]]:
    found: list[SettingChange] = []
    unreadable: list[str] = []
    for file in files:
        try:
            found += setting_changes(file)
        except UnreadableSettings:
            unreadable.append(file.path)
    return tuple(found), unreadable
