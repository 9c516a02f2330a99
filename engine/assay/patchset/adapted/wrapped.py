"""Values that are taken in another form wherever they are used, or given in another form wherever they are
asked for: `read(x).decode()`, `str(path_of(x))`, `with connect() as c`, `Store(Path(x))`.

Who changes what something is rewrites the places that use it, each alike; a new place in the old form was
written for what it was.

Promises: pure. Proven is only what was converted to another type at all places, two at least. One place says
enough if no other was left and the form is that of a conversion; otherwise it takes two. A place that asks
nothing of the value is in order in any form.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.patchset.adapted.census import Census
from assay.patchset.adapted.functions import functions, holder
from assay.patchset.adapted.pairs import Spot, Twice, adapted_spots, sought, spots
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.adapted.shape import (
    DISCARDED,
    OTHER,
    RETURNED,
    SHOWN,
    Steps,
    around,
    keeps_end,
    outermost,
    wrapping,
)
from assay.patchset.clash import Clash
from assay.patchset.touch import Place, Touch

_ASKING = ("#.", "#[", "# compared", "for #", "*#")
_ARITHMETIC = ("# Add ", "# Sub ", "# Mult ", "# Div ", "# FloorDiv ", "# Mod ")
_IDEMPOTENT = frozenset(
    f"{name}(#)" for name in ("str", "list", "tuple", "set", "dict", "int", "float", "bool", "sorted", "Path")
)
_CONVERTERS = _IDEMPOTENT | {
    f"{name}(#)"
    for name in ("bytes", "len", "next", "iter", "frozenset", "repr", "Decimal", "vars", "asdict")
}
_NO_FORM = frozenset({"bool(#)", "# is", "# or", "# and", OTHER, RETURNED, DISCARDED, SHOWN})
"""What says nothing of a value; that there is one is asked in ways that others look at."""
_GATHERED = frozenset({"*#", "list(#)", "tuple(#)", "sorted(#)", "set(#)"})
_ONCE = _GATHERED | {
    "for #",
    *(f"{name}(#)" for name in ("join", "sum", "any", "all", "max", "min", "dict", "zip")),
}
"""What goes through things once, and is as good for those that come one by one."""
_WRITTEN = (ast.Constant, ast.JoinedStr, ast.BinOp)


class Form(NamedTuple):
    """How places of one symbol were changed alike: `step` is newly around them, or was and is no more. `slot`
    says which argument of calls it is, '' for what is given back."""

    label: str
    step: str
    gained: bool
    slot: str = ""


class Changed(NamedTuple):
    """The places of one form."""

    places: tuple[At, ...]
    before: frozenset[Steps]
    """What stood around them; of arguments, the type of the expression."""


Forms = Mapping[Form, Changed]


def wrapped(touch: Touch, names: Mapping[str, tuple[str, ...]]) -> dict[Form, Changed]:
    """The forms that a candidate changes at places of what it changes itself."""
    found: dict[Form, list[tuple[At, Steps]]] = defaultdict(list)
    for label, twice in adapted_spots(touch, names) if names else ():
        at = At(twice.path, twice.new.node.lineno)
        for form, before in (*_of_values(label, twice), *_of_arguments(label, twice)):
            found[form].append((at, before))
    return {
        form: Changed(tuple(dict.fromkeys(at for at, _ in every)), frozenset(before for _, before in every))
        for form, every in found.items()
    }


def _of_values(label: str, twice: Twice) -> Iterator[tuple[Form, Steps]]:
    old, new = (around(spot.node, spot.parents) for spot in (twice.old, twice.new))
    heads = {steps[0] for steps in old}, {steps[0] for steps in new}
    gained, lost = heads[1] - heads[0] - _NO_FORM, heads[0] - heads[1] - _NO_FORM - _IDEMPOTENT
    if len(gained) == 1 and any(_grown(o, n) for o in old for n in new if n[0] in gained):
        yield from ((Form(label, gained.copy().pop(), gained=True), steps) for steps in old)
    elif len(lost) == 1 and any(_grown(n, o) for o in old for n in new):
        yield from ((Form(label, lost.copy().pop(), gained=False), steps) for steps in old)


def _grown(less: Steps, more: Steps) -> bool:
    """Whether more stands around a value than did, nearer to it than what did."""
    if more[0] == "with #":
        return True
    rest = less if less != (OTHER,) else ()
    return any(
        more[at:] == rest[: len(more) - at] for at in range(1, len(more) + 1) if rest or at == len(more)
    )


def _of_arguments(label: str, twice: Twice) -> Iterator[tuple[Form, Steps]]:
    old, new = (_arguments(spot) for spot in (twice.old, twice.new))
    for slot in sorted(old.keys() & new.keys()):
        if step := wrapping(old[slot], new[slot]):
            yield Form(label, step, gained=True, slot=slot), (type(old[slot]).__name__,)


def _arguments(spot: Spot) -> dict[str, ast.expr]:
    if not isinstance(spot.node, ast.Call) or any(isinstance(a, ast.Starred) for a in spot.node.args):
        return {}
    by_place = {str(place): arg for place, arg in enumerate(spot.node.args)}
    return by_place | {keyword.arg: keyword.value for keyword in spot.node.keywords if keyword.arg}


def unwrapped(ours: Touch, census: Census, forms: Forms, theirs: Touch, place: Place) -> Iterator[Clash]:
    """A new place in the old form of what `ours` takes, or gives, in another wherever it did."""
    labels = {form.label for form in forms}
    names = {
        name: own
        for name, known in sought(ours).items()
        if (own := tuple(sorted(labels.intersection(known))))
    }
    tree = theirs.view.library.tree(theirs.view.blob(place.path)) if names else None
    function = holder(tree, place.use)
    if function is None:
        return
    for label, spot in spots(theirs.view, place.module, place.use.scope, function, names):
        if spot.node.lineno <= place.use.line <= (spot.node.end_lineno or spot.node.lineno):
            for form, changed in forms.items():
                if form.label == label and _is_in_old_form(form, changed, spot):
                    adapted = _adapted(ours, census, form, changed)
                    if adapted is not None:
                        what = f"newly gives `{form.slot}` of" if form.slot else "newly takes"
                        yield adapted.left(
                            ours,
                            At(place.path, place.use.line),
                            f"{what} `{label}` in the old form",
                            sure=_tells_type(form) and not place.use.guarded,
                        )


def _is_in_old_form(form: Form, changed: Changed, spot: Spot) -> bool:
    if form.slot:
        given = _arguments(spot).get(form.slot)
        if isinstance(given, ast.Name):
            held = [
                n.value for n in spot.parents if isinstance(n, ast.Assign) and _is_name(n.targets, given.id)
            ]
            given = held[0] if len(held) == 1 else None
        if form.step.startswith("# without "):
            return isinstance(given, ast.Constant) and keeps_end(str(given.value), form.step)
        return isinstance(given, _WRITTEN) and outermost(given) != form.step
    found = around(spot.node, spot.parents)
    heads = {steps[0] for steps in found}
    if not form.gained:
        return form.step in heads
    if form.step in _GATHERED:
        found = tuple(steps for steps in found if steps[0] not in _ONCE)
    return form.step not in heads and any(_asks(steps, changed.before) for steps in found)


def _is_name(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _asks(steps: Steps, before: frozenset[Steps]) -> bool:
    """Whether something is asked of a value that not every value can do, or what was asked where it
    changed."""
    head = steps[0]
    return head.startswith((*_ASKING, *_ARITHMETIC)) or (
        head.endswith("(#)") and any(head == b[0] for b in before)
    )


def _adapted(ours: Touch, census: Census, form: Form, changed: Changed) -> Adapted | None:
    left = 0 if form.slot else _left(census, form, changed)
    count = len(changed.places)
    if left >= count or (count < FEWEST and (left or not _converts(form.step))):
        return None
    takes = (
        f"gives `{form.slot}` as" if form.slot else "takes it as" if form.gained else "takes it no longer as"
    )
    return Adapted(form.label, f"changes `{form.label}` and {takes} `{form.step}`", changed.places, left == 0)


def _tells_type(form: Form) -> bool:
    """Whether a form is of use for what a value is by now, and for nothing that it was."""
    tells = _converts(form.step) and not form.step.startswith("#.")
    return not form.slot and form.gained and (tells or form.step in ("#.decode", "#.encode"))


def _converts(step: str) -> bool:
    name = step.partition("(")[0]
    return (
        step in _CONVERTERS
        or step.startswith(("#.", "#[", "with", "await", "# times", "# without"))
        or (step.startswith(_ARITHMETIC) and not step.endswith(" "))
        or (step.endswith("(#)") and name[:1].isupper())
    )


def _left(census: Census, form: Form, changed: Changed) -> int:
    """How many places outside of tests are still in the old form."""
    name = form.label.partition(":")[2].rpartition(".")[2]
    count = 0
    for path in census.mentioning(name):
        tree = census.tree(path) if "test" not in path else None
        for scope, function in functions(tree) if tree is not None else ():
            module = census.view.modules.name_of(path)
            for _, spot in spots(census.view, module, scope, function, {name: (form.label,)}):
                count += _is_in_old_form(form, changed, spot)
    return count
