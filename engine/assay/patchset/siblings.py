"""New classes beside others, where what all of those have has changed meanwhile.

Promises: pure. Suspected only: a class may get what it lacks in a way that cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.clash import Clash
from assay.patchset.facts.definitions import ATTRIBUTE
from assay.patchset.facts.records import Definition, Kind
from assay.patchset.heirs import calls_above, clash_at, class_in, lacks, new_classes
from assay.patchset.touch import Touch
from assay.patchset.view import Symbol, View


def siblings(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    """What the new classes of `theirs` lack of what `ours` gives to all like them."""
    for label in new_classes(theirs):
        yield from _unmade(ours, theirs, both, label)
        yield from _unlike(ours, theirs, both, label)


def _unmade(ours: Touch, theirs: Touch, both: View, label: str) -> Iterator[Clash]:
    """New attributes that the constructor of a class above sets, which that of a new class does not call."""
    cls = class_in(both, label)
    module = both.module(cls.module) if cls is not None else None
    own = module.definitions.get(f"{cls.name}.__init__") if cls is not None and module is not None else None
    if cls is None or own is None or label not in theirs.added:
        return
    if calls_above(theirs, cls):
        return
    for above in both.lineage(cls, set())[0][1:]:
        for mine, definition in ours.added.items():
            made = mine.startswith(f"{above.label}.") and definition.digest.startswith(ATTRIBUTE)
            name = mine.rpartition(".")[2]
            relied = made and _in_constructor(ours, above, definition) and _reads(ours, above, name)
            if relied and name not in own.leaves:
                yield clash_at(
                    ours,
                    theirs,
                    mine,
                    proven=False,
                    does=f"sets `{mine}` in the constructor, and relies on it",
                    other=f"adds `{cls.name}`, whose constructor does not call that one",
                    at=label,
                    note="the attribute is missing there",
                )


def _in_constructor(ours: Touch, cls: Symbol, attribute: Definition) -> bool:
    module = ours.view.module(cls.module)
    made = module.definitions.get(f"{cls.name}.__init__") if module is not None else None
    return made is not None and made.line <= attribute.line <= made.end


def _reads(ours: Touch, cls: Symbol, name: str) -> bool:
    """Whether a method of the class other than its constructor newly reads the attribute."""
    return any(
        file.module == cls.module
        and use.path[-1] == name
        and not use.store
        and use.scope.startswith(f"{cls.name}.")
        and not use.scope.endswith(".__init__")
        for file in ours.files
        for use in file.fresh
    )


def _unlike(ours: Touch, theirs: Touch, both: View, label: str) -> Iterator[Clash]:
    """A new class beside others to each of which a member is added that is newly asked of them."""
    cls = class_in(both, label)
    if cls is None or label not in theirs.added:
        return
    above = both.lineage(cls, set())[0][1:]
    for mine, definition in ours.added.items():
        owner, _, name = mine.rpartition(".")
        beside = class_in(both, owner) if ":" in owner else None
        if beside is None or name.startswith("__") or definition.digest.startswith(ATTRIBUTE):
            continue
        shared = {each.label for each in above} & {e.label for e in both.lineage(beside, set())[0][1:]}
        if not shared or not lacks(both, cls, name):
            continue
        if _demanded(ours, name) and _in_each(ours, both, shared, name):
            yield clash_at(
                ours,
                theirs,
                mine,
                proven=False,
                does=f"adds `{name}` to each class below `{min(shared)}`, and asks for it",
                other=f"adds `{cls.name}` there without it",
                at=label,
            )
            return


def _demanded(ours: Touch, name: str) -> bool:
    return any(use.path[-1] == name and not use.store for file in ours.files for use in file.fresh)


def _in_each(ours: Touch, both: View, shared: set[str], name: str) -> bool:
    """Whether all classes below the shared ones, of the files that the candidate touches, have the member."""
    for file in ours.files:
        for definition in file.new.definitions.values():
            if definition.kind is Kind.CLASS and file.module:
                each = Symbol(file.module, definition.name, definition)
                below = {e.label for e in both.lineage(each, set())[0][1:]} & shared
                if below and lacks(both, each, name):
                    return False
    return True
