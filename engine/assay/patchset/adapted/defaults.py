"""Calls that pin what was the default, and a new call that leaves it.

Promises: pure. The value that is given is compared to the old default as syntax.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.gates.syntax import last_name, nodes_in
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts.signature import Signature, default_changed
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol, View


def unpinned(ours: Touch, census: Census, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
    """A new call that leaves a parameter to a default that `ours` changed, and pinned where it is called."""
    before = theirs.view.resolve(place.module, place.use.path, set())
    after = both.resolve(place.module, place.use.path, set())
    was, now = theirs.view.signature(before, set()), both.signature(after, set())
    if place.use.call is None or place.use.handed or was is None or now is None:
        return
    name = default_changed(was, now, place.use.call)
    if name and isinstance(before, Symbol) and before.label in ours.changed:
        adapted = _pinned(ours, census, before.label, name, was, now)
        if len(adapted.places) >= FEWEST:
            does = f"newly calls `{before.label}`, which leaves `{name}` to the default"
            yield adapted.left(ours, At(place.path, place.use.line), does, sure=not place.use.guarded)


def _pinned(ours: Touch, census: Census, label: str, name: str, was: Signature, now: Signature) -> Adapted:
    old = next(p.default for p in (*was.only, *was.plain, *was.keyword) if p.name == name)
    places = []
    for place in ours.fresh():
        if place.use.call is not None and name in place.use.call.keywords:
            target = ours.view.resolve(place.module, place.use.path, set())
            if isinstance(target, Symbol) and target.label == label:
                tree = census.tree(place.path)
                if tree is not None and _given(tree, place, name) == old and _was_there(ours, place):
                    places.append(At(place.path, place.use.line))
    whole = not any(
        use.call is not None and default_changed(was, now, use.call) == name
        for _, _, use in census.old_uses(label)
    )
    does = f"changes the default of `{name}` of `{label}` and gives the old one"
    return Adapted(label, does, tuple(places), whole)


def _given(tree: ast.Module, place: Place, name: str) -> str:
    """What a call gives by a keyword, in normal form."""
    called = place.use.path[-1].rpartition(":")[2]
    for node in nodes_in([tree]):
        if (
            isinstance(node, ast.Call)
            and node.func.end_lineno == place.use.line
            and last_name(node) == called
        ):
            for keyword in node.keywords:
                if keyword.arg == name:
                    return ast.dump(keyword.value)[:400]
    return ""


def _was_there(ours: Touch, place: Place) -> bool:
    """Whether the same function called the same thing before, in another way."""
    file = ours.by_path[place.path]
    return any(
        use.scope == place.use.scope and use.path == place.use.path and use.call != place.use.call
        for use in file.gone.uses
    )
