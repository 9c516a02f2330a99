"""What one candidate newly uses and another takes away or changes: names, attributes, calls, results.

Promises: pure. A clash is proven only if the use is in order with its own candidate alone, is not once both
are in, and nothing guards it: the interpreter would say so on reaching the line. What changes meaning but not
form (a default, a constant's value) is suspected.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Binding, Definition, Kind, Path
from assay.patchset.facts.signature import Signature, astray, default_changed, refusal
from assay.patchset.touch import Place, Touch, origin
from assay.patchset.view import Instance, Missing, Outside, Symbol, Target, Unknown, View, Whole

_SEQUENCE = frozenset({contexts.INDEX, contexts.LENGTH, contexts.COMPARE})
_GENERATOR_ONLY = frozenset({"send", "close", "throw", "__next__"})
_COMMON = frozenset(
    name for kind in (str, bytes, int, float, list, dict, set, tuple, frozenset) for name in dir(kind)
) | {
    "read",
    "write",
    "close",
    "open",
    "name",
    "run",
    "main",
    "value",
    "path",
    "data",
    "result",
    "args",
    "kwargs",
}


_EVERYTHING = frozenset({"", "Exception", "BaseException"})


class Verdict(NamedTuple):
    """What is wrong with one use: whether for certain, and the words for it."""

    proven: bool
    does: str
    """What the other candidate does."""
    note: str = ""


def broken(ours: Touch, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
    """What `ours` breaks at one new use of `theirs`; `both` is the tree with both in it."""
    path = place.use.path
    here = place.module
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
    if isinstance(before, Symbol) and isinstance(after, Symbol):
        yield from _caught(ours, theirs, place, both, before)
        for found in _changed(theirs.view, both, place, before, after):
            if _touches(ours, before, after):
                yield _clash(ours, theirs, place, before, found)


def suspected(ours: Touch, theirs: Touch, place: Place, label: str) -> Iterator[Clash]:
    """What `ours` may break at a use of an attribute of who knows what: `label` is a member of that name
    that it removes or changes."""
    name = label.rpartition(".")[2]
    if name in _COMMON or name.startswith("__"):
        return
    if label in ours.removed:
        if any(added.rpartition(".")[2] == name for added in ours.added if "." in added.partition(":")[2]):
            return
        yield _unknown(ours, theirs, place, label, f"removes `{label}`")
    elif label in ours.changed and place.use.call is not None:
        old, new = ours.changed[label]
        if old.signature is None or new.signature is None or old.binding is not new.binding:
            return
        wants = [
            s if old.binding is Binding.STATIC else s.without_first() for s in (old.signature, new.signature)
        ]
        why = refusal(wants[1], place.use.call)
        if why and not refusal(wants[0], place.use.call):
            yield _unknown(ours, theirs, place, label, f"changes `{label}` ({why})")


def where_of(touch: Touch, label: str) -> tuple[str, int]:
    """The file of a symbol that a candidate touches, and its line there: in the base if it is gone."""
    module, _, name = label.partition(":")
    for file in touch.files:
        if module in (file.old_module, file.module):
            held = file.new.definitions.get(name) if file.module == module else None
            held = held or file.old.definitions.get(name)
            return (file.path if file.module == module else file.old_path), held.line if held else 0
    path = touch.view.modules.path_of.get(module, "")
    found = touch.view.module(module)
    line = found.definitions[name].line if found is not None and name in found.definitions else 0
    return path, line


def place_of(touch: Touch, label: str) -> str:
    """`path:symbol` of a symbol, for people."""
    path, _ = where_of(touch, label)
    name = label.partition(":")[2]
    return f"{path}:{name}" if name else path or label


def label_of(target: Target) -> str:
    """`module:name` of what a target is; '' where it has none."""
    match target:
        case Symbol():
            return target.label
        case Instance(of=cls):
            return cls.label
        case Whole(name):
            return f"{name}:"
    return ""


def _removed(ours: Touch, theirs: Touch, place: Place, before: Target, after: Missing) -> Clash:
    label = label_of(before)
    if isinstance(before, Outside) or not label:
        label = after.label
    elif not (label in ours.removed or label in ours.unlisted) and after.label in ours.removed:
        label = after.label  # a re-export: what it stands for is still there
    path, line = where_of(ours, label)
    moved = _whither(ours, label)
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


def _whither(ours: Touch, label: str) -> tuple[str, str]:
    """The verb for what became of a definition, and where it is now."""
    module, _, name = label.partition(":")
    if not name:
        new = next((f.module for f in ours.files if f.old_module == module and f.module), "")
        return ("moves", f" to `{new}`") if new else ("removes", "")
    old = ours.removed.get(label)
    last = name.rpartition(".")[2]
    owner = label[: len(label) - len(last)]
    same = [
        n for n in ours.added if n.partition(":")[2] == name and n != label and not _is_import(ours.added[n])
    ]
    if same:
        return "moves", f" to `{same[0]}`"
    if old is not None:
        for other, added in ours.added.items():
            sibling = other.startswith(owner) and "." not in other[len(owner) :]
            if sibling and added.kind is old.kind and _alike(old, added):
                return "renames", f" to `{other[len(owner) :]}`"
    return "removes", ""


def _alike(old: Definition, new: Definition) -> bool:
    if old.kind is Kind.FUNCTION:
        return old.signature == new.signature or abs(old.end - old.line - new.end + new.line) <= 2
    return old.kind is not Kind.IMPORT


def _is_import(definition: Definition) -> bool:
    return definition.kind is Kind.IMPORT


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
    if old.kind is new.kind is Kind.FUNCTION:
        yield from _access(place, old, new, bound=before.bound)
        if use.call is not None:
            yield from _result(place, old, new)
    if old.kind is new.kind is Kind.VARIABLE and not use.store:
        if old.literal and new.literal and old.literal != new.literal and not (old.several or new.several):
            yield Verdict(
                False, f"changes it from {old.literal[:60]} to {new.literal[:60]}", "the value may matter"
            )
    elif old.kind is not new.kind and Kind.VARIABLE in (old.kind, new.kind) and use.call is not None:
        yield Verdict(False, f"makes a {new.kind} of what was a {old.kind}")


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
    elif name := default_changed(was, now, shape):
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


def _access(place: Place, old: Definition, new: Definition, *, bound: bool) -> Iterator[Verdict]:
    was, now = (d.binding is Binding.PROPERTY for d in (old, new))
    if was == now or not bound or place.use.store or old.several or new.several:
        return
    called = place.use.call is not None
    if now and called:
        yield Verdict(not place.use.guarded, "makes a property of it", "it is called like a method")
    elif was and not called:
        yield Verdict(not place.use.guarded, "makes a method of it", "it is read like a property")


def _result(place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether what the call gives is still of use in the way it is used."""
    use = place.use
    clear = not (old.several or new.several or old.decorated or new.decorated)
    words = set(use.contexts)
    if old.is_async != new.is_async:
        if new.is_async and contexts.AWAIT not in words:
            yield Verdict(clear and not old.hands_on, "makes it async", "the call is not awaited")
        elif old.is_async and contexts.AWAIT in words:
            yield Verdict(clear and not new.hands_on, "makes it no longer async", "the call is awaited")
        return
    if old.generator != new.generator:
        yield from _generated(words, new, clear)
        return
    if old.arity != new.arity:
        yield from _unpacked(words, old, new, clear)
    elif old.gives and new.gives and old.gives != new.gives and words - {contexts.DISCARD, contexts.ITER}:
        yield Verdict(
            False, f"makes it return a {new.gives}, not a {old.gives}", "the result is used as before"
        )


def _generated(words: set[str], new: Definition, clear: bool) -> Iterator[Verdict]:
    attributes = {
        word.removeprefix(contexts.ATTRIBUTE) for word in words if word.startswith(contexts.ATTRIBUTE)
    }
    if new.generator:
        does = "makes a generator of it"
        if words & _SEQUENCE or attributes - _GENERATOR_ONLY:
            yield Verdict(clear, does, "the result is used as a sequence")
        elif contexts.OTHER in words:
            yield Verdict(False, does, "the result may be used as a sequence")
    elif contexts.NEXT in words or attributes & _GENERATOR_ONLY:
        yield Verdict(
            clear and not new.hands_on, "makes it no generator any more", "the result is used as one"
        )


def _unpacked(words: set[str], old: Definition, new: Definition, clear: bool) -> Iterator[Verdict]:
    counts = {int(word.removeprefix(contexts.UNPACK)) for word in words if word.startswith(contexts.UNPACK)}
    if old.arity and new.arity:
        does = f"makes it return {new.arity} values, not {old.arity}"
        if old.arity in counts:
            yield Verdict(clear, does, "the call is unpacked as before")
        elif words - {contexts.DISCARD} and not (words == {contexts.INDEX} and new.arity > old.arity):
            yield Verdict(False, does)
    elif old.arity in counts:
        yield Verdict(
            False, f"makes it no longer return {old.arity} values", "the call is unpacked as before"
        )
    elif new.arity and words - {contexts.DISCARD} and not counts:
        attributes = {w for w in words if w.startswith(contexts.ATTRIBUTE)}
        yield Verdict(
            clear and bool(attributes), f"makes it return {new.arity} values", "the call expects one"
        )


def _caught(ours: Touch, theirs: Touch, place: Place, both: View, function: Symbol) -> Iterator[Clash]:
    """Whether an exception that is caught around the call is another kind of exception now."""
    caught = set(place.use.catches) - _EVERYTHING
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
        if lost:
            words = f"makes it raise no {', '.join(sorted(lost))} any more"
            yield _clash(ours, theirs, place, function, Verdict(False, words, "that is what is caught"))


def uncaught(ours: Touch, place: Place, cls: Symbol, lost: set[str], *, proven: bool) -> Clash:
    """An exception class that is none of the `lost` kinds any more, one of which is newly caught."""
    path, line = where_of(ours, cls.label)
    names = ", ".join(sorted(lost))
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=cls.label,
        where=place_of(ours, cls.label),
        mine=Witness(path=path, line=line, does=f"makes `{cls.label}` no {names} any more"),
        theirs=Witness(path=place.path, line=place.use.line, does=f"newly catches {names}"),
        note="it goes through" if proven else "it may be meant",
    )


def kinds(view: View, module: str, path: Path) -> set[str]:
    """The names of an exception class and of all classes above it."""
    found = view.resolve(module, path, set())
    if not isinstance(found, Symbol) or found.definition.kind is not Kind.CLASS:
        return set()
    classes, others, known = view.lineage(found, set())
    names = {cls.name for cls in classes} | {other.name for other in others}
    for other in others:
        kind = getattr(builtins, other.name, None)
        names |= {each.__name__ for each in getattr(kind, "__mro__", ())}
    return names if known else set()


def _clash(ours: Touch, theirs: Touch, place: Place, symbol: Symbol, found: Verdict) -> Clash:
    path, line = where_of(ours, symbol.label)
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=found.proven and not _rewrites(ours, theirs, place) and not _shared(ours, theirs, symbol),
        label=symbol.label,
        where=place_of(ours, symbol.label),
        mine=Witness(path=path, line=line, does=_about(found.does, symbol.label)),
        theirs=_used(place, symbol.label),
        note=found.note,
    )


def _about(words: str, label: str) -> str:
    """The words of a verdict, with the symbol in the place of its first `it` or `its`."""
    parts = words.split(" ")
    for index, part in enumerate(parts):
        if part in ("it", "its"):
            parts[index] = f"`{label}`" + ("'s" if part == "its" else "")
            break
    return " ".join(parts)


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


def _unknown(ours: Touch, theirs: Touch, place: Place, label: str, does: str) -> Clash:
    path, line = where_of(ours, label)
    name = label.rpartition(".")[2]
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=False,
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=does),
        theirs=Witness(
            path=place.path, line=place.use.line, does=f"newly uses `.{name}` of something unknown"
        ),
        note="whether of that class cannot be told",
    )
