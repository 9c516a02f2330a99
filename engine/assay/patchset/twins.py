"""What both candidates add: the same name, import, key, value, number or version.

Promises: pure; equal additions agree. Text merges these without a word when they stand in different places.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from assay.model.expressions import expression
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.definitions import ATTRIBUTE
from assay.patchset.facts.library import Library
from assay.patchset.facts.records import Definition, Kind, Names
from assay.patchset.heirs import class_in
from assay.patchset.places import label_of, place_of, where_of
from assay.patchset.touch import FileTouch, Touch, origin
from assay.patchset.view import View

_NUMBERED = expression(r"v?(\d{2,6})[-_.](?!\d)")
_IN_ORDER = frozenset({"migrations", "versions", "alembic", "migrate"})
_ELSEWHERE = ("attr:", "file:")
"""How setuptools is told where a version stands: what says so sets none."""
_VERSION = expression(r"(^|\.)(__version__|version|VERSION)$")
_MOST_KEYS = 2000
_IDLE = frozenset({"_", "__all__", "pytestmark"})


def twins(ours: Touch, theirs: Touch, both: View, library: Library) -> Iterator[Clash]:
    """What both add, where it is not the same."""
    for label in ours.added.keys() & theirs.added.keys():
        yield from _names(ours, theirs, label)
    yield from _exported(ours, theirs)
    yield from _values(ours, theirs, both)
    for path in sorted(ours.by_path.keys() & theirs.by_path.keys()):
        yield from _keys(ours.by_path[path], theirs.by_path[path], library)
    yield from _data(ours, theirs)
    yield from _versions(ours, theirs)
    yield from _numbers(ours, theirs)


def _names(ours: Touch, theirs: Touch, label: str) -> Iterator[Clash]:
    mine, other = ours.added[label], theirs.added[label]
    name = label.rpartition(":")[2].rpartition(".")[2]
    if name in _IDLE or _same(mine, other):
        return
    importing = Kind.IMPORT in (mine.kind, other.kind)
    if mine.kind is other.kind is Kind.IMPORT and _one_thing(ours, theirs, label):
        return
    owner = label.rpartition(".")[0] if "." in label.partition(":")[2] else ""
    if owner and owner in ours.added:
        return  # both add the class itself: that says it
    set_by_methods = _is_set(mine) or _is_set(other)
    path, line = where_of(ours, label)
    there, row = where_of(theirs, label)
    what = "imports" if importing else "adds"
    yield Clash(
        kind=ConflictKind.STRUCTURAL if importing else ConflictKind.SEMANTIC,
        proven=not (set_by_methods or mine.several or other.several),
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=f"{what} `{label}`"),
        theirs=Witness(path=there, line=row, does="adds another thing of that name"),
        note="the later one hides the other",
    )


def _one_thing(ours: Touch, theirs: Touch, label: str) -> bool:
    """Whether two imports, each in its own tree, bring the same definition."""
    module, _, name = label.partition(":")
    found = {label_of(touch.view.resolve(module, tuple(name.split(".")), set())) for touch in (ours, theirs)}
    return len(found) == 1 and found != {""}


def _is_set(definition: Definition) -> bool:
    """Whether it is an attribute that methods set."""
    return definition.digest.startswith(ATTRIBUTE)


def _same(mine: Definition, other: Definition) -> bool:
    if _is_set(mine) or _is_set(other):
        return mine.digest == other.digest and mine.value == other.value and bool(mine.value)
    return mine.digest == other.digest


def exported(touch: Touch) -> Iterator[tuple[str, str]]:
    """(name as packages see it, where it is defined) of what a candidate adds to modules of which packages
    above import everything."""
    for file in touch.files:
        for name, definition in file.new.definitions.items():
            label = f"{file.module}:{name}"
            if label not in touch.added or "." in name or definition.kind is Kind.IMPORT:
                continue
            if file.new.exports is not None and name not in file.new.exports:
                continue
            if file.new.exports is None and name.startswith("_"):
                continue
            package = file.module.rpartition(".")[0]
            while package:
                above = touch.view.module(package)
                stars = above.stars if above is not None else ()
                if any(touch.view.absolute(star, package) == file.module for star in stars):
                    yield f"{package}:{name}", label
                package = package.rpartition(".")[0]


def _exported(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    others = dict(exported(theirs))
    for seen, label in exported(ours):
        other = others.get(seen)
        if other is None or other == label:
            continue
        mine, its = ours.added[label], theirs.added[other]
        if mine.digest == its.digest:
            continue
        path, line = where_of(ours, label)
        there, row = where_of(theirs, other)
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=Kind.VARIABLE not in (mine.kind, its.kind),
            label=seen,
            where=place_of(ours, label),
            mine=Witness(path=path, line=line, does=f"adds `{label}`, known as `{seen}`"),
            theirs=Witness(path=there, line=row, does=f"adds `{other}`, known as `{seen}`"),
            note="a package imports everything of both, and one hides the other",
        )


def _values(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    """Members of one enumeration with one value."""
    others = {(label.rpartition(".")[0], d.literal): label for label, d in theirs.added.items() if d.literal}
    for label, mine in ours.added.items():
        owner = label.rpartition(".")[0]
        other = others.get((owner, mine.literal))
        if mine.kind is not Kind.VARIABLE or other in (None, label) or "." not in label.partition(":")[2]:
            continue
        cls = class_in(both, owner)
        if cls is None or not any(base.module == "enum" for base in both.lineage(cls, set())[1]):
            continue
        path, line = where_of(ours, label)
        there, row = where_of(theirs, str(other))
        yield Clash(
            kind=ConflictKind.STRUCTURAL,
            proven=True,
            label=label,
            where=place_of(ours, label),
            mine=Witness(path=path, line=line, does=f"adds `{label}` with the value {mine.literal[:40]}"),
            theirs=Witness(path=there, line=row, does=f"adds `{other}` with the same value"),
            note="one becomes an alias of the other",
        )


def _keys(mine: FileTouch, theirs: FileTouch, library: Library) -> Iterator[Clash]:
    """One key of one dictionary display, with two values."""
    gone = {(n.owner, n.name) for n in (*mine.gone.named, *theirs.gone.named) if n.defines}
    others = {
        (n.owner, n.name): n for n in theirs.uses.named if n.kind is Names.KEY and n.defines and n.value
    }
    for one in mine.uses.named[:_MOST_KEYS]:
        other = others.get((one.owner, one.name))
        if not one.defines or not one.value or other is None or other.value == one.value:
            continue
        if (one.owner, one.name) in gone:
            continue  # a changed line, which text decides
        places = [origin(mine.hunks, one.line), origin(theirs.hunks, other.line)]
        if not mine.old_blob or library.leaf_at(mine.old_blob, places[0]) != library.leaf_at(
            mine.old_blob, places[1]
        ):
            continue  # two dictionaries of one name
        label = f"{mine.module}:{one.owner}[{one.name!r}]"
        yield Clash(
            kind=ConflictKind.STRUCTURAL,
            proven=True,
            label=label,
            where=f"{mine.path}:{one.owner}[{one.name!r}]",
            mine=Witness(path=mine.path, line=one.line, does=f"adds the key {one.name!r} to `{one.owner}`"),
            theirs=Witness(path=theirs.path, line=other.line, does="adds the same key with another value"),
            note="the later one wins",
        )


def _data(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    """One key of one data file, with two values."""
    others = {data.path: data for data in theirs.data}
    for data in ours.data:
        other = others.get(data.path)
        if other is None:
            continue
        for key in data.new.keys() & other.new.keys():
            if key in data.old or data.new[key] == other.new[key]:
                continue
            yield Clash(
                kind=ConflictKind.STRUCTURAL,
                proven=True,
                label=key,
                where=f"{data.path}:{key}",
                mine=Witness(path=data.path, line=0, does=f"adds the key `{key}`"),
                theirs=Witness(path=data.path, line=0, does="adds the same key with another value"),
            )


def versions(touch: Touch) -> Iterator[tuple[str, str, str]]:
    """(path, name, new value) of each version of the project that a candidate sets."""
    for data in touch.data:
        for key in ("project.version", "tool.poetry.version", "metadata.version"):
            new = data.new.get(key)
            if new is not None and new != data.old.get(key) and not new.startswith(_ELSEWHERE):
                yield data.path, key, new
    for label, changed in touch.changed.items():
        if _VERSION.search(label.partition(":")[2]) and changed.new.literal != changed.old.literal:
            yield where_of(touch, label)[0], label, changed.new.literal.strip("'\"")


def _versions(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    for path, name, value in versions(ours):
        for other_path, other_name, other_value in versions(theirs):
            agree = value == other_value
            yield Clash(
                kind=ConflictKind.STRUCTURAL,
                proven=not agree,
                label=name,
                where=f"{path}:{name.partition(':')[2] or name}",
                mine=Witness(path=path, line=0, does=f"sets the version to {value[:40]}"),
                theirs=Witness(path=other_path, line=0, does=f"sets `{other_name}` to {other_value[:40]}"),
                note="two releases of one number" if agree else "the project has one version",
            )


def numbers(touch: Touch) -> Iterator[tuple[str, str, str]]:
    """(directory, number, path) of each new file whose name begins with a number."""
    for change in touch.candidate.changes:
        name = PurePosixPath(change.path)
        found = _NUMBERED.match(name.name)
        if not change.old_blob and found:
            yield str(name.parent), found.group(1), change.path


def _numbers(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    others = {(place, number): path for place, number, path in numbers(theirs)}
    for place, number, path in numbers(ours):
        other = others.get((place, number))
        if other is None or other == path:
            continue
        kind = PurePosixPath(path).suffix
        ordered = PurePosixPath(place).name in _IN_ORDER and kind in (".py", ".sql")
        yield Clash(
            kind=ConflictKind.STRUCTURAL,
            proven=ordered,
            label="",
            where=path,
            mine=Witness(path=path, line=0, does=f"adds {path}"),
            theirs=Witness(path=other, line=0, does=f"adds {other}"),
            note=f"both take the number {number} in {place}",
        )
