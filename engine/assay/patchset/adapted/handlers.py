"""A parameter that every function with one list of parameters is given, and a new function with the old list.

Functions that are handed to others are of a kind by what they take: who adds a parameter to all of them, and
gives it where they are called, leaves a new one behind that was written for the old call.

Promises: pure. Lists of fewer than `_SHORTEST` parameters say too little.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.gates.syntax import nodes_in
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import Binding, Definition, Kind
from assay.patchset.facts.signature import Shape, Signature, refusal, shape_of
from assay.patchset.touch import Touch, written
from assay.patchset.view import Symbol

_SHORTEST, _TELLING = 3, 4
"""Fewer parameters are any function's; so many are hardly had by chance."""

Taken = tuple[tuple[str, ...], tuple[str, ...]]
"""The names of parameters: those that may be given by their place, and the others."""


class Extended(NamedTuple):
    """Functions (`module:name`) that had the same parameters and get the same one more."""

    parameter: str
    functions: tuple[str, ...]


def extended(touch: Touch) -> dict[Taken, Extended]:
    """The lists of parameters that a candidate gives one more, in several functions alike."""
    found: dict[tuple[Taken, str], list[str]] = defaultdict(list)
    for label, changed in touch.changed.items():
        old, new = taken(label, changed.old), taken(label, changed.new)
        if old is not None and new is not None and sum(map(len, old)) >= _SHORTEST:
            more = {*new[0], *new[1]} - {*old[0], *old[1]}
            if len(more) == 1 and sum(map(len, new)) == sum(map(len, old)) + 1:
                found[old, more.pop()].append(label)
    return {
        old: Extended(name, tuple(labels)) for (old, name), labels in found.items() if len(labels) >= FEWEST
    }


def taken(label: str, definition: Definition) -> Taken | None:
    """What a function takes, its object aside; None if it takes anything."""
    signature = _bound(label, definition)
    if signature is None or signature.star or signature.double:
        return None
    return tuple(p.name for p in (*signature.only, *signature.plain)), tuple(
        p.name for p in signature.keyword
    )


def _bound(label: str, definition: Definition) -> Signature | None:
    signature = definition.signature
    if signature is None or definition.kind is not Kind.FUNCTION or definition.binding is Binding.PROPERTY:
        return None
    in_class = "." in label.partition(":")[2] and definition.binding is not Binding.STATIC
    return signature.without_first() if in_class else signature


def added(touch: Touch) -> Iterator[Taken]:
    """The lists of parameters of the functions that a candidate adds at the top of its modules."""
    for label, definition in touch.added.items():
        if "." not in label.partition(":")[2] and (names := taken(label, definition)) is not None:
            yield names


def unextended(
    ours: Touch, census: Census, found: Mapping[Taken, Extended], theirs: Touch
) -> Iterator[Clash]:
    """The functions that `theirs` adds with a list of parameters that `ours` extends wherever it is."""
    for label, definition in theirs.added.items():
        names = taken(label, definition)
        if names not in found or names is None or "." in label.partition(":")[2]:
            continue
        path = theirs.view.modules.path_of.get(label.partition(":")[0], "")
        extension = found[names]
        calls = tuple(_given(ours, definition, extension.parameter))
        if not calls or "test" in path or definition.decorated:
            continue
        whole = not any(
            taken(one.label, one.definition) == names
            for _, one in census.definitions(Kind.FUNCTION, *sorted({*names[0], *names[1]}))
        )
        places = tuple(_at(ours, one) for one in extension.functions)
        first, name = extension.functions[0], extension.parameter
        does = f"gives `{name}` to each `{first.rpartition('.')[2]}` ({_where(calls)}) and takes it"
        yield Adapted(first, does, places, whole).left(
            ours,
            At(path, definition.line),
            f"adds `{label}`, which takes what these took",
            sure=sum(map(len, names)) >= _TELLING and _handed(theirs, label),
        )


def _given(ours: Touch, function: Definition, parameter: str) -> Iterator[At]:
    """New calls that a function refuses for this parameter alone."""
    assert function.signature is not None
    for file in ours.files:
        spans = written(file.hunks)
        if "test" in file.path or not any(parameter.encode() in hunk.text for hunk in file.hunks):
            continue
        tree = ours.view.library.tree(ours.view.blob(file.path))
        for node in nodes_in([tree]) if tree is not None else ():
            if isinstance(node, ast.Call) and any(
                span.first <= (node.end_lineno or 0) and node.lineno <= span.last for span in spans
            ):
                shape = shape_of(node)
                if (
                    parameter in shape.keywords
                    and not shape.star
                    and _only(function.signature, shape, parameter)
                ):
                    yield At(file.path, node.lineno)


def _only(signature: Signature, shape: Shape, parameter: str) -> bool:
    rest = Shape(
        positional=shape.positional,
        keywords=tuple(keyword for keyword in shape.keywords if keyword != parameter),
        double=shape.double,
    )
    return bool(refusal(signature, shape)) and not refusal(signature, rest)


def _at(ours: Touch, label: str) -> At:
    module = label.partition(":")[0]
    return At(ours.view.modules.path_of.get(module, ""), ours.changed[label].new.line)


def _where(calls: tuple[At, ...]) -> str:
    return ", ".join(f"{at.path}:{at.line}" for at in sorted(calls)[:2])


def _handed(theirs: Touch, label: str) -> bool:
    """Whether the candidate hands the function to somebody."""
    for place in theirs.fresh():
        if place.use.call is None and contexts.IMPORT not in place.use.contexts and place.module:
            target = theirs.view.resolve(place.module, place.use.path, set())
            if isinstance(target, Symbol) and target.label == label:
                return True
    return False
