"""Named tuples that get another number of fields, and are newly taken apart.

Promises: pure. Said only of classes of the project whose bases are all known, `NamedTuple` among them.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Path, Use
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Instance, Symbol, Trail, View

_NAMED = "NamedTuple"


def taken_apart(use: Use) -> Path:
    """The path of the value that a use unpacks into so many names; () where it does not."""
    if not any(word.startswith(contexts.UNPACK) for word in use.contexts):
        return ()
    return (*use.path, CALL) if use.call is not None else use.path


def fields(view: View, module: str, path: Path, trail: Trail) -> tuple[Symbol, int] | None:
    """The class that gives a named tuple its fields, and how many, of the tuple that a path stands for."""
    found = view.resolve(module, path, trail)
    if not isinstance(found, Instance):
        return None
    classes, others, known = view.lineage(found.of, trail)
    if not known or not any(other.name.rpartition(".")[2] == _NAMED for other in others):
        return None
    for cls in reversed(classes):
        here = view.module(cls.module)
        prefix = f"{cls.name}."
        own = [d for d in here.definitions.values() if d.field] if here is not None else []
        count = sum(d.name.startswith(prefix) and "." not in d.name[len(prefix) :] for d in own)
        if count:
            return cls, count
    return None


def unpacked(view: View, both: View, place: Place) -> Iterator[tuple[Symbol, Verdict]]:
    """Whether a named tuple that is unpacked has another number of fields once both are in."""
    path = taken_apart(place.use)
    before = fields(view, place.module, path, set()) if path else None
    after = fields(both, place.module, path, set()) if path else None
    if before is None or after is None or before[1] == after[1]:
        return
    if f"{contexts.UNPACK}{before[1]}" in place.use.contexts:
        does = f"makes it a tuple of {after[1]} fields, not {before[1]}"
        yield after[0], Verdict(not place.use.guarded, does, "it is unpacked as before")
