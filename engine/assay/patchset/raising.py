"""Exceptions that come out of a call from further in: raised by what is called by what is called.

Promises: pure but for reading blobs. A call that cannot be followed adds nothing; what is caught on the way
does not come out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.patchset.exceptions import above
from assay.patchset.facts.library import Span
from assay.patchset.facts.records import Definition, Kind
from assay.patchset.results import EVERYTHING, Verdict
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol, Trail, View

_STEPS = 3
_MOST = 30
"""Functions that are looked into for one call."""


def looked_out_for(place: Place) -> frozenset[str]:
    """The exceptions of certain kinds that are caught around a call."""
    return frozenset(place.use.catches) - EVERYTHING if place.use.call is not None else frozenset()


def coming_out(view: View, function: Symbol, trail: Trail) -> dict[str, set[str]]:
    """By the name of each kind of exception that a call may raise, the symbols of those who raise it, where
    they are called by the function and not itself."""
    found: dict[str, set[str]] = defaultdict(set)
    todo: list[tuple[Symbol, frozenset[str], int]] = [(function, frozenset(), 0)]
    seen: set[str] = set()
    while todo and len(seen) < _MOST:
        here, caught, depth = todo.pop(0)
        if here.label in seen or here.definition.kind is not Kind.FUNCTION:
            continue
        seen.add(here.label)
        trail.add(here.label)
        for raised in here.definition.raises if depth else ():
            kinds = above(view, here.module, raised)
            if not kinds & caught:
                for kind in kinds:
                    found[kind].add(here.label)
        if depth < _STEPS:
            todo += [(called, caught | more, depth + 1) for called, more in _calls(view, here)]
    return found


def _calls(view: View, function: Symbol) -> Iterator[tuple[Symbol, frozenset[str]]]:
    """(function, what is caught around the call) of each call of a function of the project in another."""
    path = view.modules.path_of.get(function.module, "")
    definition: Definition = function.definition
    uses = view.library.uses(view.blob(path), [Span(definition.line, definition.end)]).uses if path else ()
    for use in uses:
        if use.call is not None and use.scope == definition.name:
            found = view.resolve(function.module, use.path, set())
            if isinstance(found, Symbol):
                yield found, frozenset(use.catches)


def stopped(
    ours: Touch, view: View, both: View, place: Place, function: Symbol
) -> Iterator[tuple[Symbol, Verdict]]:
    """The functions further in that raise no more what is caught around a call."""
    caught = looked_out_for(place)
    if not caught or function.definition.kind is not Kind.FUNCTION:
        return
    before = coming_out(view, function, set())
    lost = caught & before.keys()
    if not lost or ours.changed.keys().isdisjoint(label for name in lost for label in before[name]):
        return
    now = both.resolve(function.module, tuple(function.name.split(".")), set())
    after = coming_out(both, now, set()) if isinstance(now, Symbol) else before
    own = set(now.definition.raises) if isinstance(now, Symbol) else set()
    if caught & (after.keys() - before.keys()) or caught & own:
        return
    for name in sorted(lost - after.keys()):
        for label in sorted(before[name] & ours.changed.keys()):
            module, _, qualified = label.partition(":")
            symbol = Symbol(module, qualified, ours.changed[label].old)
            yield (
                symbol,
                Verdict(False, f"makes it raise no {name} any more", "that is what is caught, further out"),
            )
