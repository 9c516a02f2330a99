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
from assay.patchset.facts.records import Use
from assay.patchset.facts.signature import Signature, default_changed
from assay.patchset.touch import FileTouch, Place, Touch
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
    places = tuple(
        At(file.path, use.line)
        for file in ours.files
        if file.module and file.module == file.old_module
        for use in _newly_given(ours, file, label, name)
        if (tree := census.tree(file.path)) is not None and _given(tree, use, name) == old
    )
    whole = not any(
        use.call is not None and default_changed(was, now, use.call) == name
        for _, _, use in census.old_uses(label)
    )
    does = f"changes the default of `{name}` of `{label}` and gives the old one"
    return Adapted(label, does, places, whole)


def _newly_given(ours: Touch, file: FileTouch, label: str, name: str) -> Iterator[Use]:
    """The calls of a function that newly give a parameter by its name, in functions that called it before
    without. Told by functions, for lines of calls that look alike are anybody's."""
    library = ours.view.library
    before = {
        (use.scope, use.path)
        for use in library.every(file.old_blob).uses
        if use.call is not None and name not in use.call.keywords
    }
    for use in library.every(ours.view.blob(file.path)).uses:
        if use.call is not None and name in use.call.keywords and (use.scope, use.path) in before:
            target = ours.view.resolve(file.module, use.path, set())
            if isinstance(target, Symbol) and target.label == label:
                yield use


def _given(tree: ast.Module, use: Use, name: str) -> str:
    """What a call gives by a keyword, in normal form."""
    called = use.path[-1].rpartition(":")[2]
    for node in nodes_in([tree]):
        if isinstance(node, ast.Call) and node.func.end_lineno == use.line and last_name(node) == called:
            for keyword in node.keywords:
                if keyword.arg == name:
                    return ast.dump(keyword.value)[:400]
    return ""
