"""Classes that no longer take an attribute which another candidate newly sets on their instances.

Promises: pure. Proven only of a class that is known whole, above it too: a store there is refused as soon as
it is reached.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts.records import CALL, Binding
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Instance, Outside, Symbol, View

_WITHOUT_ROOM = frozenset({"object", "ABC", "Generic", "Protocol"})
"""Classes of others that add no room for attributes of any name."""


def refused(view: View, both: View, place: Place) -> Iterator[tuple[Symbol, Verdict]]:
    """What is wrong with a new store to an attribute of an instance, once both are in: `view` is the tree
    with the one who stores alone."""
    path = place.use.path
    if not place.use.store or len(path) < 2 or path[-1] == CALL or not place.module:
        return
    before = view.resolve(place.module, path[:-1], set())
    after = both.resolve(place.module, path[:-1], set())
    if not isinstance(before, Instance) or not isinstance(after, Instance):
        return
    if before.of.label != after.of.label or _shut(view, before.of, path[-1]):
        return
    if why := _shut(both, after.of, path[-1]):
        yield after.of, Verdict(not place.use.guarded, why, f"`{path[-1]}` is set on an instance")


def _shut(view: View, cls: Symbol, name: str) -> str:
    """Why instances of a class refuse an attribute; '' if they may take it."""
    classes, others, known = view.lineage(cls, set())
    if not known or _is_handled(view, cls, name) or _is_handled(view, cls, "__setattr__"):
        return ""
    if any(each.definition.frozen for each in classes):
        return "freezes it"
    if not all(map(_roomless, others)):
        return ""
    slots = [each.definition.slots for each in classes]
    if None in slots or any(name in each for each in slots if each is not None):
        return ""
    return "gives it `__slots__`"


def _roomless(other: Outside) -> bool:
    return other.name in _WITHOUT_ROOM and other.module in ("builtins", "abc", "typing", "typing_extensions")


def _is_handled(view: View, cls: Symbol, name: str) -> bool:
    """Whether the class says itself what becomes of a store to this name."""
    found = view.member(cls, name, set(), bound=True)
    if not isinstance(found, Symbol):
        return False
    return name == "__setattr__" or found.definition.binding is Binding.PROPERTY
