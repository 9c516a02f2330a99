"""Something that has to be done first: `index(jobs)` before every `pick(jobs, name)`.

Who makes a function rely on what another one leaves behind calls that one wherever the first is called; a new
caller does not know of it.

Promises: pure. Suspected only, and only where the one visibly reads what the other writes: a call that was
merely added to all callers of something is nobody's condition.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from assay.gates.syntax import Function, last_name, own_nodes
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.functions import functions, holder
from assay.patchset.adapted.pairs import edited
from assay.patchset.adapted.record import Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts.bodies import CHANGERS
from assay.patchset.facts.paths import own_names
from assay.patchset.facts.records import Kind
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol


class Companion(NamedTuple):
    """Whoever calls `needs` (a symbol that a candidate changes) newly calls `first` (by its bare name) as
    well."""

    needs: str
    first: str
    places: tuple[At, ...]


def companions(touch: Touch) -> tuple[Companion, ...]:
    """What a candidate newly calls wherever it calls something that it changes to rely on that."""
    makers = {
        label.partition(":")[2].rpartition(".")[2]: label
        for label in touch.added
        if _is_function(touch, label)
    }
    changed = {
        label.partition(":")[2].rpartition(".")[2]: label
        for label, each in touch.changed.items()
        if each.new.kind is Kind.FUNCTION and not each.new.name.rpartition(".")[2].startswith("__")
    }
    if not makers or not changed:
        return ()
    found: dict[tuple[str, str], list[At]] = {}
    for file, _, old, new in edited(touch, makers):
        before, after = _called(old), _called(new)
        for first in sorted((after - before) & makers.keys()):
            for needs in sorted(before & after & changed.keys()):
                found.setdefault((needs, first), []).append(At(file.path, new.lineno))
    return tuple(
        Companion(changed[needs], first, tuple(places))
        for (needs, first), places in found.items()
        if _relies(touch, changed[needs], makers[first])
    )


def _is_function(touch: Touch, label: str) -> bool:
    name = label.rpartition(".")[2].rpartition(":")[2]
    return touch.added[label].kind is Kind.FUNCTION and not name.startswith("__")


def _called(function: Function) -> set[str]:
    return {last_name(node) for node in own_nodes(function) if isinstance(node, ast.Call)}


def _relies(touch: Touch, needs: str, first: str) -> bool:
    """Whether a function reads something that another one writes and that is neither's own."""
    reader, writer = (_body(touch, label) for label in (needs, first))
    if reader is None or writer is None:
        return False
    return bool(_written(writer) & {_name(node) for node in own_nodes(reader)} - own_names(reader).keys())


def _body(touch: Touch, label: str) -> Function | None:
    module, _, name = label.partition(":")
    path = touch.view.modules.path_of.get(module, "")
    tree = touch.view.library.tree(touch.view.blob(path)) if path else None
    return dict(functions(tree)).get(name) if tree is not None else None


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _written(function: Function) -> set[str]:
    """The names and attributes that outlast a function and that it sets, or changes in place."""
    found: set[str] = set()
    outer: set[str] = set()
    for node in own_nodes(function):
        match node:
            case ast.Global(names=names):
                outer.update(names)
            case ast.Attribute(attr=attr, ctx=ast.Store()):
                found.add(attr)
            case ast.Subscript(value=value, ctx=ast.Store()):
                found.add(_name(value))
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in CHANGERS:
                found.add(_name(value))
    return (found - own_names(function).keys() - {""}) | outer


def unaccompanied(
    ours: Touch, census: Census, found: tuple[Companion, ...], theirs: Touch, place: Place
) -> Iterator[Clash]:
    """A new call of what relies on something else being called first, in a function that does not."""
    if place.use.call is None or not place.use.scope:
        return
    target = theirs.view.resolve(place.module, place.use.path, set())
    needed = [each for each in found if isinstance(target, Symbol) and each.needs == target.label]
    tree = theirs.view.library.tree(theirs.view.blob(place.path)) if needed else None
    caller = holder(tree, place.use)
    for each in needed:
        if caller is not None and each.first not in _called(caller) and _is_whole(census, each):
            does = f"makes `{each.needs}` rely on `{each.first}`, and calls that first,"
            yield Adapted(each.needs, does, each.places, whole=True).left(
                ours, At(place.path, place.use.line), f"newly calls `{each.needs}` without", sure=False
            )


def _is_whole(census: Census, each: Companion) -> bool:
    """Whether all other callers outside of tests call the one first."""
    for path, _, use in census.old_uses(each.needs):
        tree = census.tree(path) if use.call is not None and use.scope and "test" not in path else None
        caller = holder(tree, use)
        if caller is not None and each.first not in _called(caller):
            return False
    return True
