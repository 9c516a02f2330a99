"""Overrides of a method whose result is used in another way by now.

Who changes what a method gives, and the one place that calls it, also changes what every override has to
give. An override that another candidate adds meanwhile gives what was asked for before.

Promises: pure. The override is judged at the new calls of the method as if it were the method, and only where
it would have been in order at the old ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import SUPER, Definition, Kind, Use
from assay.patchset.places import place_of, where_of
from assay.patchset.results import Verdict, access, result
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol, View


def standing_in(
    ours: Touch, theirs: Touch, both: View, method: Symbol, own: Definition, label: str
) -> Iterator[Clash]:
    """What is wrong with the override `own`, of the class `label` of `theirs`, where `ours` newly uses the
    `method` above, which it changes."""
    changed = ours.changed[method.label]
    name = method.name.rpartition(".")[2]
    if own.kind is not Kind.FUNCTION or own.several or own.decorated or _goes_above(theirs, own, name):
        return
    for place in _new_uses(ours, both, method, name):
        found = next(_judged(ours, place, changed.old, changed.new, own), None)
        if found is not None:
            path, line = where_of(ours, method.label)
            there, row = where_of(theirs, f"{label}.{name}")
            yield Clash(
                kind=ConflictKind.SEMANTIC,
                proven=found.proven and not changed.new.decorated,
                label=method.label,
                where=place_of(ours, method.label),
                mine=Witness(
                    path=path,
                    line=line,
                    does=f"changes what `{method.label}` gives and how it is used "
                    f"({place.path}:{place.use.line})",
                ),
                theirs=Witness(
                    path=there,
                    line=row,
                    does=f"overrides it in `{label.partition(':')[2]}` as it was",
                ),
                note="what it gives does not go with that use",
            )
            return


def _new_uses(ours: Touch, both: View, method: Symbol, name: str) -> Iterator[Place]:
    for place in ours.fresh():
        if place.module and place.use.path[-1] == name and not place.use.path[0].startswith(SUPER):
            target = both.resolve(place.module, place.use.path, set())
            if isinstance(target, Symbol) and target.label == method.label:
                yield place


def _judged(
    ours: Touch, place: Place, old: Definition, new: Definition, own: Definition
) -> Iterator[Verdict]:
    """What would be wrong with the override at a new use, and was not as long as the method was the old
    one."""
    if old.binding is own.binding is not new.binding:
        yield from access(place, new, own, bound=True)
    elif place.use.call is not None and old.binding is own.binding:
        before = {verdict.note for verdict in result(place, old, own)}
        yield from (verdict for verdict in result(place, new, own) if verdict.note not in before)
        if _keeps_form(old, new, own) and _used_otherwise(ours, place.use):
            yield Verdict(False, "", "it gives what was asked for before")


def _keeps_form(old: Definition, new: Definition, own: Definition) -> bool:
    """Whether all that the override visibly gives is of a type that the old method gave, and the new does
    not."""
    kinds = set(own.kinds)
    return bool(kinds) and kinds <= set(old.kinds) and not kinds & set(new.kinds)


def _used_otherwise(ours: Touch, use: Use) -> bool:
    """Whether what a method gives is used in other ways than on the lines that are gone."""
    name = use.path[-1]
    gone = [u for f in ours.files for u in f.gone.uses if u.path[-1] == name and u.call is not None]
    words = {word for each in gone for word in each.contexts}
    return (
        bool(gone) and words.isdisjoint(set(use.contexts) - {contexts.OTHER}) and words != set(use.contexts)
    )


def _goes_above(theirs: Touch, own: Definition, name: str) -> bool:
    """Whether the override asks the method above for what it gives."""
    return any(
        use.scope == own.name and use.path[0].startswith(SUPER) and use.path[-1] == name
        for file in theirs.files
        for use in file.uses.uses
    )
