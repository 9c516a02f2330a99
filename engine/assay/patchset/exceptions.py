"""Exceptions that are newly caught and are no longer of the kind that is caught.

Promises: pure; of a class whose bases cannot all be followed nothing is said.
"""

from __future__ import annotations

import builtins

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import Kind, Path
from assay.patchset.places import place_of, where_of
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol, View


def uncaught(ours: Touch, place: Place, cls: Symbol, lost: set[str], *, proven: bool) -> Clash:
    """An exception class that is none of the `lost` kinds any more, one of which is newly caught."""
    path, line = where_of(ours, cls.label)
    names = ", ".join(sorted(lost))
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=cls.label,
        where=place_of(ours, cls.label),
        mine=Witness(path=path, line=line, does=f"makes `{cls.label}` no {names} any more"),
        theirs=Witness(path=place.path, line=place.use.line, does=f"newly catches {names}"),
        note="it goes through" if proven else "it may be meant",
    )


def kinds(view: View, module: str, path: Path) -> set[str]:
    """The names of an exception class and of all classes above it."""
    found = view.resolve(module, path, set())
    if not isinstance(found, Symbol) or found.definition.kind is not Kind.CLASS:
        return set()
    classes, others, known = view.lineage(found, set())
    names = {cls.name for cls in classes} | {other.name for other in others}
    for other in others:
        kind = getattr(builtins, other.name, None)
        names |= {each.__name__ for each in getattr(kind, "__mro__", ())}
    return names if known else set()


def above(view: View, module: str, name: str) -> set[str]:
    """The names of an exception class, of the project or built in, and of all classes above it."""
    builtin = getattr(builtins, name, None)
    return kinds(view, module, (name,)) | {each.__name__ for each in getattr(builtin, "__mro__", ())}


def raises(view: View, place: Place, cls: Symbol) -> bool:
    """Whether a place makes an exception of this very class to raise it."""
    if contexts.RAISE not in place.use.contexts:
        return False
    found = view.resolve(place.module, place.use.path, set())
    return isinstance(found, Symbol) and found.label == cls.label
