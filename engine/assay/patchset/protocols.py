"""Objects that are gone through, measured, indexed, entered, or made a text: what their class says to that.

Promises: pure. That a class no longer allows it is said of classes of the project alone whose bases are all
known. The methods are those of the language reference, "Special method names".
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Kind, Path, Use
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Instance, Symbol, Trail, View

_ASKED: dict[str, tuple[str, ...]] = {
    contexts.ITER: ("__iter__", "__getitem__", "__contains__"),
    contexts.ASYNC_ITER: ("__aiter__",),
    contexts.NEXT: ("__next__",),
    contexts.LENGTH: ("__len__",),
    contexts.INDEX: ("__getitem__", "__class_getitem__"),
    contexts.SET: ("__setitem__",),
    contexts.WITH: ("__enter__",),
    contexts.ASYNC_WITH: ("__aenter__",),
    contexts.AWAIT: ("__await__",),
    f"{contexts.TEXT}str": ("__str__",),
    f"{contexts.TEXT}repr": ("__repr__",),
}
"""By what becomes of a value: any one of these methods allows it."""


def asked(use: Use) -> tuple[tuple[Path, str], ...]:
    """The paths of objects that a use relies on in such a way, with the word for the way."""
    path = (*use.path, CALL) if use.call is not None else use.path
    return tuple((path, word) for word in use.contexts if word in _ASKED)


_BASES = frozenset({"str", "bytes", "int", "float", "list", "tuple", "dict", "set", "frozenset"})
_AS_ONE = frozenset({contexts.COMPARE, contexts.INDEX, contexts.ITER, contexts.LENGTH, contexts.PARSE})
"""What is asked of objects of those."""


def instance_of(view: View, use: Use, module: str, trail: Trail) -> Symbol | None:
    """The class of the object that is used as one of a built-in type may be."""
    if not _AS_ONE.intersection(use.contexts) or contexts.IDENTITY in use.contexts:
        return None
    found = view.resolve(module, (*use.path, CALL) if use.call is not None else use.path, trail)
    if isinstance(found, Symbol) and found.definition.kind is Kind.VARIABLE and found.definition.value:
        found = view.resolve(found.module, found.definition.value, trail)
    if not isinstance(found, Instance):
        return None
    view.lineage(found.of, trail)
    return found.of


def rebased(view: View, both: View, place: Place) -> Iterator[tuple[Symbol, Verdict]]:
    """Objects that are of a built-in type no more once both are in."""
    before, after = (instance_of(each, place.use, place.module, set()) for each in (view, both))
    if before is None or after is None or before.label != after.label:
        return
    was, now = (
        {other.name for other in each.lineage(cls, set())[1]} for each, cls in ((view, before), (both, after))
    )
    for lost in sorted((was - now) & _BASES):
        yield after, Verdict(False, f"makes it no `{lost}` any more", "it is used as one")


def cls_of(view: View, module: str, path: Path, trail: Trail) -> Symbol | None:
    """The class of the object that a path stands for, where all of it is known."""
    found = view.resolve(module, path, trail)
    if not isinstance(found, Instance):
        return None
    _, others, known = view.lineage(found.of, trail)
    plain = all(other.module == "builtins" and other.name == "object" for other in others)
    return found.of if known and plain and not found.of.definition.metaclass else None


def refused(view: View, both: View, place: Place) -> Iterator[tuple[Symbol, Verdict]]:
    """What objects no longer allow once both are in."""
    for path, word in asked(place.use):
        if word.startswith(contexts.TEXT):
            continue  # every object has a text
        before = cls_of(view, place.module, path, set())
        after = cls_of(both, place.module, path, set())
        if (
            before is None
            or after is None
            or not (had := _has(view, before, word))
            or _has(both, after, word)
        ):
            continue
        cls = Symbol(had.module, had.name, had.definition)
        does = f"takes `{had.name.rpartition('.')[2]}` from it"
        yield cls, Verdict(not place.use.guarded, does, "the object is used by it")


def rewritten(view: View, both: View, place: Place) -> Iterator[tuple[Symbol, Verdict]]:
    """Texts of objects that are taken apart, and are written otherwise once both are in."""
    for path, word in asked(place.use):
        if not word.startswith(contexts.TEXT):
            continue
        before, after = (view_.resolve(place.module, path, set()) for view_ in (view, both))
        if isinstance(before, Instance) and isinstance(after, Instance):
            old, new = _has(view, before.of, word), _has(both, after.of, word)
            if old and new and old.definition.template and new.definition.template:
                was, now = old.definition.template, new.definition.template
                if was != now:
                    does = f"has it write {now[:60]}, not {was[:60]}"
                    yield old, Verdict(False, does, "the text of the object is taken apart")


def _has(view: View, cls: Symbol, word: str) -> Symbol | None:
    for here in view.lineage(cls, set())[0]:
        module = view.module(here.module)
        for name in _ASKED[word]:
            found = module.definitions.get(f"{here.name}.{name}") if module is not None else None
            if found is not None and found.kind in (Kind.FUNCTION, Kind.VARIABLE):
                return Symbol(here.module, found.name, found)
    return None
