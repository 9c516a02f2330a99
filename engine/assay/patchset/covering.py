"""Tables that have an entry for all there is of something, and one more of that.

One candidate adds a table, or a function that goes through all cases, with something for each entry of
another table or each member of an enumeration; a second one adds an entry there.

Promises: pure. Suspected only: what is not in a table may be meant to be left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import Kind
from assay.patchset.heirs import class_in
from assay.patchset.places import place_of, where_of
from assay.patchset.touch import Touch

_FEWEST = 3
"""So many entries in common are no chance."""


class Table(NamedTuple):
    """What `label` has an entry for. `within` are the names of tables of which it takes the rest."""

    label: str
    entries: frozenset[str]
    within: frozenset[str] = frozenset()


class Grown(NamedTuple):
    """A table, or an enumeration, that gets more entries."""

    label: str
    before: frozenset[str]
    more: frozenset[str]


def tables(touch: Touch) -> Iterator[Table]:
    """The tables and functions that a candidate adds, with all that each speaks of."""
    for label, definition in touch.added.items():
        if (
            definition.kind is Kind.VARIABLE
            and len(definition.entries) >= _FEWEST
            and _is_relied_on(touch, label)
        ):
            yield Table(label, frozenset(definition.entries), frozenset(definition.spread))
    cases: dict[str, set[str]] = defaultdict(set)
    for file in touch.files:
        for use in file.fresh if "test" not in file.path else ():
            label = f"{file.module}:{use.scope}"
            if label in touch.added and len(use.path) > 1 and use.call is None:
                cases[label].add(".".join(use.path[-2:]).rpartition(":")[2])
    yield from (Table(label, frozenset(every)) for label, every in cases.items() if len(every) >= _FEWEST)


def _is_relied_on(touch: Touch, label: str) -> bool:
    """Whether what a table lacks is missed: it is not only asked with something to fall back on."""
    name = label.partition(":")[2]
    words = {
        word
        for file in touch.files
        for use in file.fresh
        if use.path[-1].rpartition(":")[2] == name and not use.store
        for word in use.contexts
    }
    return bool(words & {contexts.INDEX, contexts.ITER})


def growing(touch: Touch) -> Iterator[Grown]:
    """The tables and enumerations to which a candidate adds entries."""
    for label, changed in touch.changed.items():
        old, new = frozenset(changed.old.entries), frozenset(changed.new.entries)
        if changed.new.kind is Kind.VARIABLE and len(old) >= _FEWEST and old < new:
            yield Grown(label, old, new - old)
    members: dict[str, set[str]] = defaultdict(set)
    for label, definition in touch.added.items():
        owner, _, name = label.rpartition(".")
        if (
            definition.kind is Kind.VARIABLE
            and ":" in owner
            and owner not in touch.added
            and not definition.field
        ):
            members[owner].add(name)
    for owner, more in members.items():
        known = frozenset(_members(touch, owner)) - more
        if len(known) >= _FEWEST:
            cls = owner.partition(":")[2].rpartition(".")[2]
            yield Grown(owner, frozenset(f"{cls}.{n}" for n in known), frozenset(f"{cls}.{n}" for n in more))


def _members(touch: Touch, label: str) -> Iterator[str]:
    """The members of an enumeration, in the tree with a candidate in it."""
    cls = class_in(touch.view, label)
    here = touch.view.module(cls.module) if cls is not None else None
    if cls is None or here is None or not any(o.module == "enum" for o in touch.view.lineage(cls, set())[1]):
        return
    prefix = f"{cls.name}."
    for name, definition in here.definitions.items():
        if definition.kind is Kind.VARIABLE and name.startswith(prefix) and not definition.field:
            yield name[len(prefix) :]


def keys_of(touch: Touch) -> Iterator[str]:
    """By what tables and what grows are brought together: the entry that comes first, or the table's name."""
    for table in tables(touch):
        yield from (f"entry {entry}" for entry in table.entries)
        yield from (f"table {name}" for name in table.within)
    for grown in growing(touch):
        yield f"entry {min(grown.before)}"
        yield f"table {grown.label.partition(':')[2]}"


def uncovered(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    """What `theirs` adds to something of which a table that `ours` adds has all."""
    every = list(tables(ours))
    for grown in growing(theirs) if every else ():
        for table in every:
            whole = table.entries >= grown.before or (
                grown.label.partition(":")[2] in table.within and table.entries & grown.before
            )
            lacks = sorted(grown.more - table.entries)
            if whole and lacks:
                yield from _clashes(ours, theirs, table, grown, lacks[0])


def _clashes(ours: Touch, theirs: Touch, table: Table, grown: Grown, lacks: str) -> Iterator[Clash]:
    path, line = where_of(ours, table.label)
    there, row = where_of(theirs, grown.label)
    for label in (table.label, grown.label):
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=False,
            label=label,
            where=place_of(ours, table.label),
            mine=Witness(
                path=path, line=line, does=f"adds `{table.label}`, which has all that is in `{grown.label}`"
            ),
            theirs=Witness(path=there, line=row, does=f"adds {lacks} there"),
            beside=label != table.label,
            note=f"`{table.label}` has nothing for it",
        )
