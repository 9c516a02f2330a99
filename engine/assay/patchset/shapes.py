"""What is in a variable or an attribute, told by how it is taken apart: `cache[a][b]` that becomes
`cache[a, b]`.

Without annotations nothing says what is in a container but the code that gets at it. Who changes that
rewrites the code in several functions; what another adds meanwhile gets at it as before.

Promises: pure. Suspected only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Kind, Use
from assay.patchset.results import Verdict
from assay.patchset.touch import FileTouch, Place, Touch
from assay.patchset.view import Symbol, View

_SCOPES = 2
"""In so many functions a thing has to be taken apart in another way."""
_GETTING = ("[", ".get(", ".items(", ".values(", ".pop(", ".setdefault(")
_DEEPEST = 4
"""Steps that lead to a variable: `self._client.cache`."""


class Shape(NamedTuple):
    """In which ways a candidate takes something apart no more, and in which it newly does."""

    gone: frozenset[str] = frozenset()
    come: frozenset[str] = frozenset()
    ordered: bool = False
    """It newly relies on what is in it being in order."""


def shapes(touch: Touch) -> dict[str, Shape]:
    """What a candidate takes apart otherwise than before, by its symbol."""
    found: dict[str, dict[str, tuple[set[str], set[str]]]] = defaultdict(dict)
    for file in touch.files:
        if file.module and file.module == file.old_module:
            for index, uses in enumerate((file.gone.uses, file.uses.uses)):
                for use in uses:
                    for label, form in _taken_apart(touch.view, file, use):
                        found[label].setdefault(use.scope, (set(), set()))[index].add(form)
    shaped = {label: shape for label, scopes in found.items() if (shape := _shape(scopes)) is not None}
    for label in _ordered(touch):
        shaped[label] = shaped.get(label, Shape())._replace(ordered=True)
    return shaped


def _ordered(touch: Touch) -> Iterator[str]:
    """What a candidate newly hands to functions for things in order, and did not before."""
    for file in touch.files:
        if file.module and file.module == file.old_module:
            found = [
                {
                    target.label
                    for use in uses
                    if contexts.SORTED in use.contexts
                    and isinstance(target := touch.view.resolve(file.module, use.path, set()), Symbol)
                    and target.definition.kind is Kind.VARIABLE
                }
                for uses in (file.gone.uses, file.fresh)
            ]
            yield from found[1] - found[0]


def _shape(scopes: Mapping[str, tuple[set[str], set[str]]]) -> Shape | None:
    changed = [(old - new, new - old) for old, new in scopes.values() if old and new and not old & new]
    if len(changed) < _SCOPES:
        return None
    gone = frozenset(form for lost, _ in changed for form in lost)
    come = frozenset(form for _, new in scopes.values() for form in new)
    return Shape(gone - come, come) if gone - come else None


def reshaped(shape: Shape | None, place: Place, depth: int) -> Iterator[Verdict]:
    """Whether a place takes the variable at its first `depth` steps apart in a way that is gone."""
    form = _form(place.use, depth) if shape is not None else ""
    if shape is not None and shape.ordered and _disorders(place.use, form):
        yield Verdict(
            False, "relies on the order of what is in it", "something is put in without regard to that"
        )
    if shape is None or not form.startswith(_GETTING) or any(come.startswith(form) for come in shape.come):
        return
    if any(gone.startswith(form) or form.startswith(gone) for gone in shape.gone):
        was, now = (min(forms, key=lambda each: (len(each), each)) for forms in (shape.gone, shape.come))
        yield Verdict(False, f"gets at what is in it by `{now}`, not `{was}`", "it is got at as before")


def _taken_apart(view: View, file: FileTouch, use: Use) -> Iterator[tuple[str, str]]:
    """Every variable on the way of a use, with how it is taken apart there."""
    if not use.scope:
        return
    for depth in range(1, min(len(use.path), _DEEPEST) + 1):
        form = _form(use, depth)
        if form.startswith(_GETTING):
            found = view.resolve(file.module, use.path[:depth], set())
            if isinstance(found, Symbol) and found.definition.kind is Kind.VARIABLE:
                yield found.label, form


def _disorders(use: Use, form: str) -> bool:
    """Whether something is put into a list wherever it comes."""
    return contexts.SET in use.contexts or form.startswith(
        (".append(", ".insert(", ".extend(", ".appendleft(")
    )


def _form(use: Use, depth: int) -> str:
    """How the value at the first steps of a path is taken apart."""
    return "".join(step if step == CALL else f".{step}" for step in use.path[depth:]) + use.form
