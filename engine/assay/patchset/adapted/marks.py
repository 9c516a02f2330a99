"""Classes of a kind that are all entered somewhere (in a table, by a decorator), and a new one that is not.

Who has what was found by itself be entered by hand enters all that are there; a class that is added meanwhile
is never found.

Promises: pure. Suspected only. Classes are of a kind if they are below one class of the project, and a role
says something only if all of that kind outside of tests have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.patchset.adapted.census import Census
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.adapted.registered import Role, roles_in
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Definition, Kind
from assay.patchset.heirs import class_in
from assay.patchset.touch import FileTouch, Touch
from assay.patchset.view import Symbol, View


class Entered(NamedTuple):
    """The classes (by their bare names) that a candidate newly enters somewhere, and where each stands."""

    role: Role
    classes: Mapping[str, str]
    """Symbols by bare name."""


def entered(touch: Touch) -> tuple[Entered, ...]:
    """Where a candidate newly enters several classes that were there before."""
    found: dict[Role, dict[str, str]] = defaultdict(dict)
    for file in touch.files:
        if file.module and file.module == file.old_module and "test" not in file.path and _lists(file):
            old, new = (_roles(touch, blob) for blob in (file.old_blob, touch.view.blob(file.path)))
            for role, name in sorted(new - old):
                label = _class(touch, file, name)
                if label and label not in touch.added:
                    found[role][name] = label
    return tuple(Entered(role, names) for role, names in found.items() if len(names) >= FEWEST)


def _lists(file: FileTouch) -> bool:
    """Whether an edit may enter classes anywhere: it speaks of several without calling them, or decorates
    some."""
    spoken = {use.path[-1].rpartition(":")[2] for use in file.fresh if use.call is None and not use.store}
    changed = [d for d in file.new.definitions.values() if d.kind is Kind.CLASS and d.digest != _old(file, d)]
    return len(changed) >= FEWEST or sum(name.lstrip("_")[:1].isupper() for name in spoken) >= FEWEST


def _old(file: FileTouch, definition: Definition) -> str:
    before = file.old.definitions.get(definition.name)
    return before.digest if before is not None else ""


def _roles(touch: Touch, blob: str) -> set[tuple[Role, str]]:
    tree = touch.view.library.tree(blob)
    return set(roles_in(tree.body)) if tree is not None else set()


def _class(touch: Touch, file: FileTouch, name: str) -> str:
    found = touch.view.resolve(file.module, (name,), set())
    is_class = isinstance(found, Symbol) and found.definition.kind is Kind.CLASS
    return found.label if is_class and isinstance(found, Symbol) else ""


def unentered(
    ours: Touch, census: Census, every: tuple[Entered, ...], theirs: Touch, both: View
) -> Iterator[Clash]:
    """The classes that `theirs` adds to a kind that `ours` enters somewhere, and does not enter."""
    for label, definition in theirs.added.items():
        cls = class_in(both, label) if definition.kind is Kind.CLASS else None
        if cls is None or "test" in theirs.view.modules.path_of.get(cls.module, ""):
            continue
        own = {
            role
            for file in theirs.files
            for role, name in _roles(theirs, theirs.view.blob(file.path))
            if name == cls.name
        }
        above = {each.label for each in both.lineage(cls, set())[0][1:]}
        for each in every:
            base = _kind(ours, census, each, above) if each.role not in own else ""
            if base:
                places = tuple(_at(ours, one) for one in each.classes.values())
                kind, where = each.role
                way = f"{'by' if kind == 'by' else 'in'} `{where.partition(':')[0]}`"
                does = f"enters what is below `{base}` {way}"
                yield Adapted(base, does, places, whole=True).left(
                    ours, _at(theirs, label), f"adds `{cls.name}` below it, which is not entered", sure=False
                )


def _kind(ours: Touch, census: Census, each: Entered, above: set[str]) -> str:
    """The class below which all others are entered, of those above a new one; '' if there is none."""
    for base in sorted(above):
        members = [
            one.label
            for _, one in census.definitions(Kind.CLASS, base.partition(":")[2].rpartition(".")[2])
            if one.label != base and base in {e.label for e in ours.view.lineage(one, set())[0]}
        ]
        if len(members) >= FEWEST and set(members) <= {*each.classes.values(), *ours.added}:
            return base
    return ""


def _at(touch: Touch, label: str) -> At:
    module, _, name = label.partition(":")
    here = touch.view.module(module)
    found = here.definitions.get(name) if here is not None else None
    return At(touch.view.modules.path_of.get(module, ""), found.line if found is not None else 0)
