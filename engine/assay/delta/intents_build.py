"""What a delta does to how the project is built, configured, checked and what it stores, as lines.

Promises: pure; settings file by file, in the order of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from assay.delta.words import listed
from assay.model.candidate import Change, ChangeKind
from assay.model.delta import Area, Delta, DependencyChange, IntentEntry, SettingChange

_MOST = 6
_LINK, _MODULE = 0o120000, 0o160000


def build(delta: Delta) -> Iterator[IntentEntry]:
    """Dependencies, then settings."""
    for change in delta.dependencies:
        yield IntentEntry(mark=_mark(change.before, change.after), words=_required(change), path=change.path)
    by_path: defaultdict[tuple[Area, str], list[SettingChange]] = defaultdict(list)
    for setting in delta.settings:
        by_path[setting.area, setting.path].append(setting)
    kinds = {change.path: change.kind for change in delta.files}
    for (area, path), settings in sorted(by_path.items(), key=lambda item: (item[0][0].value, item[0][1])):
        yield from _file(area, path, settings, kinds.get(path))


def security(delta: Delta) -> Iterator[IntentEntry]:
    """Settings that decide who may do what, and files that mean more than their text."""
    for setting in delta.settings:
        if setting.security:
            yield IntentEntry(mark="!", words=f"{setting.path}: {_set(setting)}", path=setting.path)
    for change in delta.files:
        words = _special(change)
        if words:
            yield IntentEntry(mark="!", words=words, path=change.path)


def _special(change: Change) -> str:
    kinds = change.old_mode & 0o170000, change.new_mode & 0o170000
    blobs = change.old_blob, change.new_blob
    if _MODULE in kinds and change.old_blob != change.new_blob:
        old, new = (blob[:10] if kind == _MODULE else "" for blob, kind in zip(blobs, kinds, strict=True))
        if old and new:
            return f"the submodule `{change.path}` is at `{new}`, was at `{old}`"
        return (
            f"`{change.path}` is a submodule now, at `{new}`"
            if new
            else f"`{change.path}` is no submodule now"
        )
    if kinds[1] == _LINK and change.old_blob != change.new_blob:
        return (
            f"`{change.path}` is a symbolic link now"
            if kinds[0] != _LINK
            else f"`{change.path}` links elsewhere"
        )
    if change.new_mode == 0o100755 and change.old_mode not in (0, 0o100755):
        return f"`{change.path}` becomes a program"
    return ""


def _file(
    area: Area, path: str, settings: Sequence[SettingChange], kind: ChangeKind | None
) -> Iterator[IntentEntry]:
    named = {Area.CI: "CI, ", Area.SCHEMA: "schema, "}.get(area, "")
    if kind in (ChangeKind.ADDED, ChangeKind.DELETED) and area is not Area.SCHEMA:
        verb, mark = ("new", "+") if kind is ChangeKind.ADDED else ("gone", "-")
        tops = list(dict.fromkeys(_top(setting.key) for setting in settings))
        yield IntentEntry(mark=mark, words=f"{named}{path} is {verb}: {listed(tops, 8)}", path=path)
        return
    for setting in settings[:_MOST]:
        mark = _mark(setting.before, setting.after)
        yield IntentEntry(mark=mark, words=f"{named}{path}: {_set(setting)}", path=path)
    if len(settings) > _MOST:
        words = f"{named}{path}: and {len(settings) - _MOST} more settings"
        yield IntentEntry(mark="~", words=words, path=path)


def _set(setting: SettingChange) -> str:
    if setting.area is Area.SCHEMA and {setting.before, setting.after} & {"stated", "done"}:
        return f"`{setting.key}`" + ("" if setting.after else " is gone")
    if setting.before and setting.after:
        return f"`{setting.key}`: `{setting.before}` → `{setting.after}`"
    return f"`{setting.key}` = `{setting.after}`" if setting.after else f"`{setting.key}` is gone"


def _required(change: DependencyChange) -> str:
    group = f" ({change.group})" if change.group else ""
    both = f"{change.before} → {change.after}" if change.before and change.after else ""
    return f"`{change.name}`{group} {both or change.before or change.after} in {change.path}"


def _mark(before: str, after: str) -> str:
    return "+" if not before else "-" if not after else "~"


def _top(key: str) -> str:
    return key.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
