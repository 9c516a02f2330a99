"""A method that every class of a kind is given and is asked for, and a new class of the kind without it.

Classes are of a kind if they are below one base of the project, or have the same methods (two at least that
are not those of every object): who is asked for a method without a base to say so is known by its others.

Promises: pure. A class that may get the method in a way that cannot be seen is not spoken of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.patchset.adapted.census import Census, methods
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import SUPER, Kind
from assay.patchset.heirs import class_in
from assay.patchset.touch import Touch
from assay.patchset.view import Missing, Symbol, View

_DISTINCT = 3
"""So many methods in common are no chance."""


class Grown(NamedTuple):
    """Classes (`module:name`) that a candidate gives a method, with the others that each has."""

    given: Mapping[str, frozenset[str]]


class _Group(NamedTuple):
    members: tuple[tuple[str, Symbol], ...]
    """(path, class) of the tree in which the method is."""
    sure: bool
    above: str = ""
    """The base in common, '' for classes that only have the same methods."""


def grown(touch: Touch) -> dict[str, Grown]:
    """By the bare name of a method, the classes that were there before and newly have it; only of those that
    are newly asked for it."""
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for label, definition in touch.added.items():
        owner, _, name = label.rpartition(".")
        written = definition.kind is Kind.FUNCTION and not (definition.unwritten or definition.abstract)
        if written and ":" in owner and not name.startswith("__"):
            cls = class_in(touch.view, owner)
            if cls is not None and owner not in touch.added:
                found[name][owner] = frozenset(methods(touch.view, cls)) - {name}
    several = {name: Grown(given) for name, given in found.items() if len(given) >= FEWEST}
    return {name: each for name, each in several.items() if _asked(touch, name, each) is not None}


def _asked(touch: Touch, name: str, each: Grown) -> At | None:
    """Where a candidate newly calls a method of who knows which class, outside of tests. What one of the
    classes does with a method of its own says nothing of others."""
    for file in touch.files:
        for use in file.fresh if file.module and "test" not in file.path else ():
            if use.path[-1] == name and use.call is not None and len(use.path) > 1 and not use.guarded:
                found = touch.view.resolve(file.module, use.path, set())
                own = isinstance(found, Symbol) and found.label.rpartition(".")[0] in each.given
                if not own and not use.path[0].startswith(SUPER):
                    return At(file.path, use.line)
    return None


def joining(touch: Touch) -> dict[str, frozenset[str]]:
    """The methods of each class that a candidate adds, by its symbol."""
    return {
        label: frozenset(methods(touch.view, Symbol(*_split(label), definition)))
        for label, definition in touch.added.items()
        if definition.kind is Kind.CLASS
    }


def _split(label: str) -> tuple[str, str]:
    module, _, name = label.partition(":")
    return module, name


def alike(grown_: Mapping[str, Grown], names: frozenset[str]) -> bool:
    """Whether a class with these methods may be of a kind that grew."""
    return any(
        sum(len(had & names) >= FEWEST for had in each.given.values()) >= FEWEST for each in grown_.values()
    )


def ungrown(
    ours: Touch, census: Census, grown_: Mapping[str, Grown], theirs: Touch, both: View
) -> Iterator[Clash]:
    """The new classes of `theirs` that lack what `ours` gives to all of their kind."""
    for label in joining(theirs):
        cls = class_in(both, label)
        if cls is None or "test" in theirs.view.modules.path_of.get(cls.module, ""):
            continue
        for name, each in grown_.items():
            if (lack := _lacks(ours, both, cls, name)) is not None:
                yield from _left(ours, census, theirs, both, cls, name, each, lack)


def _lacks(ours: Touch, both: View, cls: Symbol, name: str) -> str | None:
    """The label of the unwritten method that a class inherits, '' if it has none at all, None if it has
    it."""
    found = both.member(cls, name, set())
    if isinstance(found, Missing):
        return "" if found.sure else None
    unwritten = isinstance(found, Symbol) and (found.definition.unwritten or found.definition.abstract)
    return found.label if unwritten and isinstance(found, Symbol) and found.label in ours.added else None


def _left(
    ours: Touch, census: Census, theirs: Touch, both: View, cls: Symbol, name: str, each: Grown, lack: str
) -> Iterator[Clash]:
    group = _below(ours, census, both, cls, name, lack) or _with_methods(ours, census, both, cls, name, each)
    if group is None:
        return
    given = [(path, one) for path, one in group.members if one.label in each.given]
    whole = all(_has(ours.view, one, name) for _, one in group.members)
    asked = _asked(ours, name, each)
    if len(given) < FEWEST or not whole or asked is None:
        return
    places = tuple(At(path, _line(ours, one, name)) for path, one in given)
    label = lack or f"{given[0][1].label}.{name}"
    does = f"asks for `{name}` ({asked.path}:{asked.line}) and writes it"
    path = theirs.view.modules.path_of.get(cls.module, "")
    what = "classes below one base" if group.above else "classes with the same methods"
    yield Adapted(label, does, places, whole).left(
        ours,
        At(path, cls.definition.line),
        f"adds `{cls.name}` without it",
        sure=group.sure and _put_to_use(theirs, cls),
        note=f"these are {what}",
    )


def _below(ours: Touch, census: Census, both: View, cls: Symbol, name: str, lack: str) -> _Group | None:
    """The classes below a base of a new class; the base itself aside where it leaves the method unwritten."""
    classes, others, known = both.lineage(cls, set())
    for above in classes[1:]:
        word = above.name.rpartition(".")[2]
        members = tuple(
            (path, one)
            for path, one in census.definitions(Kind.CLASS, word)
            if one.label != above.label and above.label in {e.label for e in ours.view.lineage(one, set())[0]}
        )
        if len(members) >= FEWEST:
            return _Group(members, known and (bool(lack) or not others), above.label)
    return None


def _with_methods(
    ours: Touch, census: Census, both: View, cls: Symbol, name: str, each: Grown
) -> _Group | None:
    """The classes that have the methods which a new class shares with several that grew."""
    classes, others, known = both.lineage(cls, set())
    if others or not known:
        return None
    own = {method for one in classes for method in methods(both, one)}
    common = {method for method in own if sum(method in had for had in each.given.values()) >= FEWEST}
    if len(common) < FEWEST:
        return None
    members = tuple(
        (path, one)
        for path, one in census.definitions(Kind.CLASS, *(f"def {method}(" for method in sorted(common)))
        if common <= methods(ours.view, one).keys()
    )
    return _Group(members, len(common) >= _DISTINCT) if len(members) >= FEWEST else None


def _has(view: View, cls: Symbol, name: str) -> bool:
    found = view.member(cls, name, set())
    return isinstance(found, Symbol) and not found.definition.unwritten and not found.definition.abstract


def _line(ours: Touch, cls: Symbol, name: str) -> int:
    return ours.added[f"{cls.label}.{name}"].line


def _put_to_use(theirs: Touch, cls: Symbol) -> bool:
    """Whether the candidate makes an object of its class, outside of tests."""
    last = cls.name.rpartition(".")[2]
    return any(
        place.use.path[-1].rpartition(":")[2] == last
        and place.use.call is not None
        and contexts.IMPORT not in place.use.contexts
        and "test" not in place.path
        for place in theirs.fresh()
    )
