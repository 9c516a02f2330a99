"""What one candidate newly uses and another takes away or changes: names, attributes, calls, results.

Promises: pure. A clash is proven only if the use is in order with its own candidate alone, is not once both
are in, and nothing guards it: the interpreter would say so on reaching the line. What changes meaning but not
form (a default, a constant's value) is suspected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from assay.model.report import ConflictKind, Witness
from assay.patchset import protocols
from assay.patchset.clash import Clash
from assay.patchset.closed import refused
from assay.patchset.consumers import lacking
from assay.patchset.defaults import agree
from assay.patchset.effects import missed
from assay.patchset.enums import unvalued
from assay.patchset.exceptions import above, kinds, uncaught
from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, SUPER, Binding, Kind
from assay.patchset.facts.signature import Signature, astray, default_changed, refusal, remeasured
from assay.patchset.passed import behind
from assay.patchset.places import label_of, place_of, where_of, whither
from assay.patchset.raising import stopped
from assay.patchset.results import EVERYTHING, Verdict, about, access, nothing, remade, result, unkeyed
from assay.patchset.shapes import Shape, reshaped
from assay.patchset.told import told
from assay.patchset.touch import Place, Touch, origin
from assay.patchset.tuples import fields, unpacked
from assay.patchset.values import elements, frozen, held
from assay.patchset.view import Missing, Outside, Symbol, Target, Unknown, View

_CONSTRUCTORS = (".__init__", ".__new__")


def broken(
    ours: Touch, theirs: Touch, place: Place, both: View, shaped: Mapping[str, Shape] = MappingProxyType({})
) -> Iterator[Clash]:
    """What `ours` breaks at one new use of `theirs`; `both` is the tree with both in it, `shaped` what `ours`
    takes apart otherwise than before."""
    path = place.use.path
    here = place.module
    for cls, shut in refused(theirs.view, both, place):
        yield _clash(ours, theirs, place, cls, shut)
    yield from _objects(ours, theirs, place, both)
    for end in range(1, len(path) + 1):
        if path[end - 1 : end] == (CALL,) and end < len(path):
            continue
        before = theirs.view.resolve(here, path[:end], set())
        after = both.resolve(here, path[:end], set())
        if isinstance(before, Missing):
            return
        if isinstance(after, Missing):
            if not isinstance(before, Unknown):
                yield _removed(ours, theirs, place, before, after)
            return
        if isinstance(before, Symbol) and (held_now := _contained(place, before, after, end, shaped)):
            yield _clash(ours, theirs, place, before, held_now)
            return
    if isinstance(before, Symbol) and isinstance(after, Symbol):
        yield from _exceptions(ours, theirs, place, both, (before, after))
        judged = (
            *_changed(theirs.view, both, place, before, after),
            *missed(theirs, place, before.definition, after.definition),
        ) or tuple(told(ours, place, before, after))
        for found in judged:
            if _touches(ours, before, after):
                yield _clash(ours, theirs, place, before, found)
        if not judged and before.definition == after.definition and place.use.call is not None:
            yield from _behind(ours, theirs, place, both, before)


def _objects(ours: Touch, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
    """What `ours` does to the class of an object that a use gets from somewhere, and takes apart."""
    there = f"newly has such an object in `{place.use.scope or place.module or place.path}`"
    for look in (unpacked, protocols.refused, protocols.rewritten, protocols.rebased):
        for cls, found in look(theirs.view, both, place):
            used = Witness(path=place.path, line=place.use.line, does=there)
            yield _clash(ours, theirs, place, cls, found)._replace(theirs=used)


def _exceptions(
    ours: Touch, theirs: Touch, place: Place, both: View, symbols: tuple[Symbol, Symbol]
) -> Iterator[Clash]:
    """What comes out of a call otherwise than as a result; `symbols` is what is called, before and after."""
    before, after = symbols
    yield from _caught(ours, theirs, place, both, before)
    for found in _newly_raised(ours, place, both, before, after):
        yield _clash(ours, theirs, place, before, found)
    for further, found in stopped(ours, theirs.view, both, place, before):
        yield _clash(ours, theirs, place, further, found)._replace(theirs=_used(place, before.label))


def _contained(
    place: Place, before: Symbol, after: Target, end: int, shaped: Mapping[str, Shape]
) -> Verdict | None:
    """What is wrong with what is in a variable, at the first `end` steps of a path."""
    step = place.use.path[end] if end < len(place.use.path) else ""
    found = frozen(place, before, after, step) if step else None
    found = found or elements(place, before, after, step)
    return found or next(reshaped(shaped.get(before.label), place, end), None)


def _behind(ours: Touch, theirs: Touch, place: Place, both: View, function: Symbol) -> Iterator[Clash]:
    """What `ours` does to a function whose result the one that is called gives."""
    others = zip(behind(theirs.view, function, set()), behind(both, function, set()), strict=False)
    for before, after in others:
        old, new = before.definition, after.definition
        if before.label != after.label or old == new or place.use.handed:
            continue
        for found in tuple(result(place, old, new)) or tuple(told(ours, place, before, after)):
            clash = _clash(ours, theirs, place, before, found._replace(proven=False))
            yield clash._replace(theirs=_used(place, function.label), note=f"{found.note}, through the other")


def _removed(ours: Touch, theirs: Touch, place: Place, before: Target, after: Missing) -> Clash:
    label = label_of(before)
    if isinstance(before, Outside) or not label:
        label = after.label
    elif not (label in ours.removed or label in ours.unlisted) and after.label in ours.removed:
        label = after.label  # a re-export: what it stands for is still there
    path, line = where_of(ours, label)
    hidden = label in ours.unlisted and label not in ours.removed
    moved = ("leaves", " out of what `import *` brings") if hidden else whither(ours, label)
    proven = after.sure and not place.use.guarded and not place.use.store
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=f"{moved[0]} `{label.rstrip(':')}`{moved[1]}"),
        theirs=_used(place, label),
        note="" if proven else "the name may still be there in a way that cannot be followed",
    )


def _touches(ours: Touch, before: Symbol, after: Symbol) -> bool:
    """Whether `ours` changed what the name stands for."""
    return before.definition != after.definition or _constructor_changed(ours, after)


def _constructor_changed(ours: Touch, cls: Symbol) -> bool:
    return cls.definition.kind is Kind.CLASS and bool(ours.symbols)


def _changed(view: View, both: View, place: Place, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    use = place.use
    old, new = before.definition, after.definition
    if contexts.IMPORT in use.contexts:
        return
    if use.call is not None:
        yield from _call(view, both, place, before, after)
        yield from lacking(view, both, place, before, after)
        yield from unvalued(view, both, place, before, after)
    if old.kind is new.kind is Kind.FUNCTION:
        yield from access(place, old, new, bound=before.bound)
        read = old.binding is new.binding is Binding.PROPERTY and not use.store
        given = (use.call is not None and not use.handed) or (use.call is None and read)
        if use.handed and old.is_async != new.is_async and not old.decorated and not new.decorated:
            does = "makes it async" if new.is_async else "makes it no longer async"
            yield Verdict(False, does, "it is handed to a function that calls it as before")
        if given and not _still_a_tuple(both, after, old.arity) and not _goes_above(place):
            yield from result(place, old, new)
    if old.kind is new.kind is Kind.VARIABLE and not use.store:
        yield from held(place, old, new)
        yield from nothing(place, old, new)
        yield from unkeyed(use.contexts, old, new)
    yield from remade(place, old, new)


def _goes_above(place: Place) -> bool:
    """Whether an override hands on what the method above gives, whatever that is."""
    path, scope = place.use.path, place.use.scope
    within = path[0].startswith(SUPER) and path[-1] == scope.rpartition(".")[2]
    return within and set(place.use.contexts) <= {contexts.OTHER, contexts.AWAIT}


def _still_a_tuple(both: View, function: Symbol, arity: int) -> bool:
    """Whether what was given as a tuple is given as a named one of as many fields."""
    made = function.definition.gives
    found = fields(both, function.module, (made, CALL), set()) if arity and made else None
    return found is not None and found[1] == arity


def _call(view: View, both: View, place: Place, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    shape = place.use.call
    assert shape is not None
    was, now = view.signature(before, set()), both.signature(after, set())
    sure = True
    if was is None or now is None:
        was, now = _spelled(before), _spelled(after)
        sure = False
    if was is None or now is None or was == now or refusal(was, shape):
        return
    if why := refusal(now, shape):
        yield Verdict(sure and not place.use.guarded, f"changes its signature ({why})")
    elif name := astray(was, now, shape):
        yield Verdict(sure, f"moves its parameter `{name}`", "a positional argument goes elsewhere")
    elif names := remeasured(was, now, shape):
        does = f"makes `{names[1]}` of its parameter `{names[0]}`"
        yield Verdict(False, does, "it is given by its place as before")
    elif (name := default_changed(was, now, shape)) and not agree(
        view, both, before, after, (was, now), name
    ):
        yield Verdict(False, f"changes the default of `{name}`", "the call leaves it to the default")


def _spelled(symbol: Symbol) -> Signature | None:
    """A signature as written, where a decorator may have made another of it."""
    definition = symbol.definition
    if definition.signature is None or not definition.decorated or definition.several:
        return None
    if definition.binding is Binding.PROPERTY:
        return None
    given = symbol.bound or (symbol.owned and definition.binding is Binding.CLASS)
    return definition.signature.without_first() if given else definition.signature


def _caught(ours: Touch, theirs: Touch, place: Place, both: View, function: Symbol) -> Iterator[Clash]:
    """Whether an exception that is caught around the call is another kind of exception now."""
    caught = set(place.use.catches) - EVERYTHING
    if not caught or place.use.call is None:
        return
    for name in function.definition.raises:
        cls = theirs.view.resolve(function.module, (name,), set())
        before, after = (kinds(view, function.module, (name,)) for view in (theirs.view, both))
        lost = caught & before
        if lost and after and not caught & after and isinstance(cls, Symbol):
            yield uncaught(ours, place, cls, lost, proven=True)
    now = both.resolve(function.module, tuple(function.name.split(".")), set())
    if isinstance(now, Symbol) and now.definition.raises:
        lost = caught & set(function.definition.raises) - set(now.definition.raises)
        more = [
            above(both, now.module, name)
            for name in set(now.definition.raises) - set(function.definition.raises)
        ]
        lost -= set().union(*more)
        if lost and not (more and all(caught & each for each in more)):
            words = f"makes it raise no {', '.join(sorted(lost))} any more"
            yield _clash(ours, theirs, place, function, Verdict(False, words, "that is what is caught"))


def _newly_raised(ours: Touch, place: Place, both: View, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    """Whether an exception comes now that `ours` catches at calls that were there, and the new one does
    not."""
    old, new = before.definition, after.definition
    if place.use.call is None or old.kind is not Kind.FUNCTION or before.label not in ours.changed:
        return
    last = before.name.rpartition(".")[2]
    for name in sorted(set(new.raises) - set(old.raises)):
        if {name, *above(both, after.module, name), *EVERYTHING}.intersection(place.use.catches):
            continue
        calls = (
            use
            for file in ours.files
            for use in file.fresh
            if use.call is not None
            and use.path[-1].rpartition(":")[2] == last
            and use.scope in file.old.locals
        )
        if any(name in use.catches for use in calls):
            does = f"makes it raise {name}, and catches that where it is called"
            yield Verdict(False, does, "it is not caught")


def _clash(ours: Touch, theirs: Touch, place: Place, symbol: Symbol, found: Verdict) -> Clash:
    label = _inherited(ours, theirs.view, symbol) or symbol.label
    path, line = where_of(ours, label)
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=found.proven and not _rewrites(ours, theirs, place) and not _shared(ours, theirs, symbol),
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=about(found.does, label)),
        theirs=_used(place, symbol.label),
        note=found.note,
    )


def _inherited(ours: Touch, view: View, symbol: Symbol) -> str:
    """The label of the constructor that `ours` changed, if a class of the other's has it from above."""
    if symbol.definition.kind is not Kind.CLASS or symbol.label in ours.changed:
        return ""
    trail: set[str] = set()
    view.constructor(symbol, trail)
    found = sorted(label for label in trail & ours.changed.keys() if label.endswith(_CONSTRUCTORS))
    return "" if any(label.startswith(f"{symbol.label}.") for label in found) else next(iter(found), "")


def _shared(ours: Touch, theirs: Touch, symbol: Symbol) -> bool:
    """Whether both change the definition itself, so that what it is with both in it is not known."""
    every = {symbol.label, f"{symbol.label}.__init__", f"{symbol.label}.__new__"}
    mine, other = (touch.changed.keys() | touch.added.keys() for touch in (ours, theirs))
    return any(label in mine and label in other for label in every)


def _rewrites(ours: Touch, theirs: Touch, place: Place) -> bool:
    """Whether `ours` edits other lines of the same call, which then is neither's once both are in."""
    mine, other = ours.by_path.get(place.path), theirs.by_path.get(place.path)
    if mine is None or other is None or place.use.end == place.use.line:
        return False
    first, last = (origin(other.hunks, line) for line in (place.use.line, place.use.end))
    return any(hunk.start <= last and first <= hunk.end for hunk in mine.hunks)


def _used(place: Place, label: str) -> Witness:
    verb = (
        "calls"
        if place.use.call is not None
        else "imports"
        if contexts.IMPORT in place.use.contexts
        else "uses"
    )
    return Witness(path=place.path, line=place.use.line, does=f"newly {verb} `{label.rstrip(':')}`")
