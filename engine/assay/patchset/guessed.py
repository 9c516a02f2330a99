"""Members of who knows what: an attribute of that name, of something that bears the name of the class or not.

Promises: pure; nothing here is proven. What is more than a like name is called followed: the name of the
receiver is that of the class, or the class is spoken of beside the use.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import CALL, Binding, Kind
from assay.patchset.facts.signature import Signature, refusal
from assay.patchset.places import place_of, where_of
from assay.patchset.results import Verdict, about, nothing, result
from assay.patchset.touch import Place, Touch
from assay.patchset.values import held
from assay.patchset.view import Symbol

_SHORTEST_NAME = 4
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


def suspected(ours: Touch, theirs: Touch, place: Place, label: str) -> Iterator[Clash]:
    """What `ours` may break at a use of an attribute of who knows what: `label` is a member of that name
    that it removes or changes."""
    name = label.rpartition(".")[2]
    if label in ours.changed and _is_named_for(place.use.receiver, label):
        yield from _likely(ours, theirs, place, label)
        return
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


def _likely(ours: Touch, theirs: Touch, place: Place, label: str) -> Iterator[Clash]:
    """What `ours` may break at a use of a member of something that bears the name of the class."""
    old, new = ours.changed[label]
    use = place.use
    if old.kind is not new.kind or old.binding is not new.binding or use.store:
        return
    found: list[Verdict] = []
    if old.kind is Kind.VARIABLE:
        found += [*held(place, old, new), *nothing(place, old, new)]
    elif old.kind is Kind.FUNCTION and (use.call is not None) == (old.binding is not Binding.PROPERTY):
        before, after = (Symbol("", "", d, bound=d.binding is not Binding.STATIC) for d in (old, new))
        if use.call is not None and not old.decorated:
            was, now = (_left_to_give(symbol) for symbol in (before, after))
            why = refusal(now, use.call) if was and now and not refusal(was, use.call) else ""
            found += [Verdict(False, f"changes its signature ({why})")] if why else []
        found += result(place, old, new)
    for verdict in found:
        clash = _unknown(ours, theirs, place, label, about(verdict.does, label))
        note = verdict.note or "the call does not fit any more"
        yield clash._replace(note=f"{note}, if `{use.receiver}` is one", followed=True)


def _left_to_give(symbol: Symbol) -> Signature | None:
    signature = symbol.definition.signature
    return signature.without_first() if signature is not None and symbol.bound else signature


def _is_named_for(receiver: str, label: str) -> bool:
    """Whether a name is that of the class of a member, in the way that variables are named: `file_io` of
    `FileIO`, `tasks` of `BackgroundTasks`."""
    cls = label.partition(":")[2].rpartition(".")[0].rpartition(".")[2].strip("_").lower()
    name = receiver.strip("_").replace("_", "").lower()
    return len(name) >= _SHORTEST_NAME and cls.endswith(name)


def _unknown(ours: Touch, theirs: Touch, place: Place, label: str, does: str) -> Clash:
    path, line = where_of(ours, label)
    name = label.rpartition(".")[2]
    spoken = _speaks_of(theirs, place, label.rpartition(".")[0])
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=False,
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=does),
        theirs=Witness(
            path=place.path,
            line=place.use.line,
            does=f"newly uses `.{name}` of something" + ("" if spoken else " unknown"),
        ),
        note="the class is spoken of beside it" if spoken else "whether of that class cannot be told",
        followed=spoken,
    )


def _speaks_of(theirs: Touch, place: Place, cls: str) -> bool:
    """Whether the function that a use stands in newly names the class, as `isinstance` does."""
    file = theirs.by_path.get(place.path)
    for use in file.fresh if file is not None and place.use.scope else ():
        if use.scope == place.use.scope and CALL not in use.path:
            found = theirs.view.resolve(place.module, use.path, set())
            if isinstance(found, Symbol) and found.label == cls:
                return True
    return False
