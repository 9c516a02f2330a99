"""The functions of a candidate before and after, and where they get at what it changes.

Promises: pure. Functions are told apart by their qualified names, and places in one by their order: if there
are more or fewer than before, nothing is said of them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from assay.gates.syntax import Function, last_name, own_nodes
from assay.patchset.adapted.functions import changed
from assay.patchset.adapted.shape import Parents, parents_in
from assay.patchset.facts.paths import own_names, path_of, values_settled
from assay.patchset.facts.records import CALL, Binding, Kind, Path
from assay.patchset.guessed import is_named_for, is_telling
from assay.patchset.touch import FileTouch, Touch
from assay.patchset.view import Instance, Symbol, Unknown, View

_CONSTRUCTORS = ("__init__", "__new__")


class Spot(NamedTuple):
    """One expression of a function that gets at a symbol: the call of it, or its name."""

    node: ast.expr
    function: Function
    scope: str
    parents: Parents


class Twice(NamedTuple):
    """The same spot before and after."""

    path: str
    old: Spot
    new: Spot


def sought(touch: Touch) -> dict[str, tuple[str, ...]]:
    """What a candidate changes, by the name that it is got at by: a class is changed with its constructor,
    and a function beside it with what it gives."""
    found: dict[str, set[str]] = defaultdict(set)
    for label in touch.changed:
        owner, _, name = label.partition(":")[2].rpartition(".")
        if name in _CONSTRUCTORS and owner:
            found[owner.rpartition(".")[2]].add(label.rpartition(".")[0])
        elif not name.startswith("__"):
            found[name].add(label)
    for file in touch.files if found else ():
        for name, each in file.new.definitions.items():
            made = [step for step in each.passes if step != CALL][-1:]
            if each.kind is Kind.FUNCTION and made and made[0] in found:
                found[name.rpartition(".")[2]].add(f"{file.module}:{name}")
    return {name: tuple(sorted(labels)) for name, labels in found.items()}


def adapted_spots(touch: Touch, names: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Twice]]:
    """(symbol, spot before and after) of all spots in functions that a candidate edits, tests aside."""
    for file, name, old, new in edited(touch, names):
        before, after = (_by_label(spots(touch.view, file.module, name, each, names)) for each in (old, new))
        for label in sorted(before.keys() & after.keys()):
            if len(before[label]) == len(after[label]):
                for pair in zip(before[label], after[label], strict=True):
                    yield label, Twice(file.path, *pair)


def edited(touch: Touch, names: Iterable[str]) -> Iterator[tuple[FileTouch, str, Function, Function]]:
    """(file, qualified name, before, after) of each function that a candidate edits, tests aside, in files
    where it newly writes one of the names."""
    words = [name.encode() for name in names]
    for file in touch.files:
        if not file.module or file.module != file.old_module or "test" in file.path:
            continue
        if any(word in hunk.text for hunk in file.hunks for word in words):
            for name, old, new in changed(touch, file):
                yield file, name, old, new


def _by_label(found: Iterator[tuple[str, Spot]]) -> dict[str, list[Spot]]:
    every: dict[str, list[Spot]] = defaultdict(list)
    for label, spot in found:
        every[label].append(spot)
    for several in every.values():
        several.sort(key=lambda spot: (spot.node.lineno, spot.node.col_offset))
    return every


def spots(
    view: View, module: str, scope: str, function: Function, names: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, Spot]]:
    """(symbol, where) of everything in a function that gets at one of the symbols, by their names."""
    parents: dict[ast.AST, ast.AST] = {}
    known: dict[str, Path] = {}
    for node in own_nodes(function):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        if (labels := names.get(last_name(node))) is None:
            continue
        if not parents:
            parents = parents_in(function)
            known = _known(function, scope, view, module)
        if (label := _meant(view, module, path_of(node, known), node, labels)) is not None:
            call = parents.get(node)
            called = isinstance(call, ast.Call) and call.func is node
            yield (
                label,
                Spot(call if called and isinstance(call, ast.Call) else node, function, scope, parents),
            )


def _known(function: Function, scope: str, view: View, module: str) -> dict[str, Path]:
    """What the names of a function hold, its object included."""
    names = own_names(function)
    here = view.module(module)
    method = here.definitions.get(scope) if here is not None else None
    owner = scope.rpartition(".")[0]
    if method is not None and owner and function.args.args and method.binding is not Binding.STATIC:
        itself = tuple(owner.split("."))
        names[function.args.args[0].arg] = itself if method.binding is Binding.CLASS else (*itself, CALL)
    return values_settled(names)


def _meant(view: View, module: str, path: Path, node: ast.expr, labels: tuple[str, ...]) -> str | None:
    """Which of the symbols a path stands for; of who knows what, the one that is named so, if there is
    one."""
    found = view.resolve(module, path, set()) if path else None
    if isinstance(found, Instance):
        found = found.of
    if isinstance(found, Symbol):
        return found.label if found.label in labels else None
    if not isinstance(found, Unknown) or not isinstance(node, ast.Attribute) or len(labels) > 1:
        return None
    label, receiver = labels[0], last_name(node.value)
    return label if is_telling(node.attr) or is_named_for(receiver, label) else None
