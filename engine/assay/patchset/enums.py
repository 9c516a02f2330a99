"""Enumerations whose members are looked up by what they stand for: `State("done")`, `State["DONE"]`.

Promises: pure. Said only of classes that are an enumeration by their known bases, and whose values are
literals.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts.records import Kind
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Symbol, View


def unvalued(view: View, both: View, place: Place, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    """Whether a member is looked up by a value that none has any more, once both are in."""
    if before.definition.kind is not Kind.CLASS or after.definition.kind is not Kind.CLASS:
        return
    text = next((one.text for one in place.use.given if one.slot == "0"), None)
    if text is None or not _is_enumeration(view, before):
        return
    was, now = _values(view, before), _values(both, after)
    if repr(text) in was and now and repr(text) not in now:
        does = f"gives none of its members the value {text!r} any more"
        yield Verdict(all(now) and not place.use.guarded, does, "one is looked up by it")


def _is_enumeration(view: View, cls: Symbol) -> bool:
    _, others, _ = view.lineage(cls, set())
    return any(other.module == "enum" for other in others)


def _values(view: View, cls: Symbol) -> set[str]:
    """The values of the members as text, '' for one that is computed."""
    here = view.module(cls.module)
    prefix = f"{cls.name}."
    return {
        definition.literal
        for name, definition in (here.definitions if here is not None else {}).items()
        if definition.kind is Kind.VARIABLE and name.startswith(prefix) and not definition.field
    }
