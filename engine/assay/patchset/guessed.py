"""Members of who knows what: an attribute of that name, of something that bears the name of the class or not.

Promises: pure but for reading blobs; nothing here is proven. What is more than a like name is called
followed: the name of the receiver is that of the class, the class is spoken of beside the use, or the name is
a telling one that nothing else in the project has.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from assay.model.expressions import expression
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, UNKNOWN, Binding, Definition, Kind
from assay.patchset.facts.signature import Signature, refusal
from assay.patchset.places import place_of, where_of
from assay.patchset.results import Verdict, about, access, nothing, remade, result
from assay.patchset.touch import Place, Touch
from assay.patchset.values import frozen, held
from assay.patchset.view import Symbol

_LONGER = 3
_SHORTEST_NAME, _SHORTEST_CLASS = 4, 3
_TELLING = expression(r"[a-z0-9]_+[a-z0-9]|[a-z][A-Z]")
"""Names of more than one word: others are had by anything."""
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


def first_step(place: Place) -> Place | None:
    """What a longer chain first asks of a name that nobody knows: `job.tags` of `job.tags.append(x)`."""
    use = place.use
    if use.path[0] != UNKNOWN or len(use.path) < _LONGER or CALL in use.path[1:3] or not use.root:
        return None
    asked = (f"{contexts.ATTRIBUTE}{use.path[2]}",)
    inner = replace(
        use, path=use.path[:2], call=None, contexts=asked, receiver=use.root, store=False, given=()
    )
    return place._replace(use=inner)


def suspected(ours: Touch, theirs: Touch, place: Place, label: str) -> Iterator[Clash]:
    """What `ours` may break at a use of an attribute of who knows what: `label` is a member of that name
    that it removes or changes."""
    name = label.rpartition(".")[2]
    named = is_named_for(place.use.receiver, label)
    if name.startswith("__"):
        return
    if label in ours.changed and (named or _is_alone(ours, theirs, label)):
        yield from _likely(ours, theirs, place, label)
        return
    if name in _COMMON and not named:
        return
    if label in ours.removed:
        if any(added.rpartition(".")[2] == name for added in ours.added if "." in added.partition(":")[2]):
            return
        clash = _unknown(ours, theirs, place, label, f"removes `{label}`")
        if not clash.followed and (named or _is_alone(ours, theirs, label)):
            note = (
                f"`{place.use.receiver}` bears its name"
                if named
                else "nothing else has a member of that name"
            )
            clash = clash._replace(note=note, followed=True)
        yield clash
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
    if use.store:
        return
    found: list[Verdict] = list(remade(place, old, new))
    if old.kind is not new.kind and not found:
        return
    if old.kind is not new.kind:
        pass
    elif old.kind is Kind.VARIABLE:
        found += [*held(place, old, new), *nothing(place, old, new)]
        steps = [
            word.removeprefix(contexts.ATTRIBUTE)
            for word in use.contexts
            if word.startswith(contexts.ATTRIBUTE)
        ]
        found += [lacks for step in steps if (lacks := frozen(place, *_symbols(old, new), step)) is not None]
    elif old.binding is not new.binding:
        found += access(place, old, new, bound=True)
    elif old.kind is Kind.FUNCTION and (use.call is not None) == (old.binding is not Binding.PROPERTY):
        before, after = _symbols(old, new)
        if use.call is not None and not old.decorated:
            was, now = (_left_to_give(symbol) for symbol in (before, after))
            why = refusal(now, use.call) if was and now and not refusal(was, use.call) else ""
            found += [Verdict(False, f"changes its signature ({why})")] if why else []
        found += result(place, old, new)
    for verdict in found:
        clash = _unknown(ours, theirs, place, label, about(verdict.does, label))
        note = verdict.note or "the call does not fit any more"
        owner = f"`{use.receiver}`" if use.receiver else "it"
        yield clash._replace(note=f"{note}, if {owner} is one", followed=True)


def _symbols(old: Definition, new: Definition) -> tuple[Symbol, Symbol]:
    """Two versions of a member, as got at through an object."""
    before, after = (Symbol("", "", each, bound=each.binding is not Binding.STATIC) for each in (old, new))
    return before, after


def _left_to_give(symbol: Symbol) -> Signature | None:
    signature = symbol.definition.signature
    return signature.without_first() if signature is not None and symbol.bound else signature


def is_named_for(receiver: str, label: str) -> bool:
    """Whether a name is that of the class of a member, in the way that variables are named: `file_io` of
    `FileIO`, `tasks` of `BackgroundTasks`."""
    cls = label.partition(":")[2].rpartition(".")[0].rpartition(".")[2].strip("_").lower()
    words = receiver.strip("_").lower().split("_")
    name = "".join(words)
    if len(name) >= _SHORTEST_NAME and cls.endswith(name):
        return True
    return len(cls) >= _SHORTEST_CLASS and any("".join(words[at:]) == cls for at in range(len(words)))


def is_telling(name: str) -> bool:
    """Whether a name is of more than one word, and so is hardly had by chance."""
    return bool(_TELLING.search(name))


def _is_alone(ours: Touch, theirs: Touch, label: str) -> bool:
    """Whether a member has a telling name that all other definitions of the project, if there are any, have
    changed or lost alike, so that whoever is asked for it can hardly be anything else."""
    name = label.rpartition(".")[2]
    if not is_telling(name) or any(added.rpartition(".")[2] == name for added in theirs.added):
        return False
    view = ours.view
    for path in sorted({*view.modules.path_of.values()}):
        blob = view.blob(path)
        if blob and name.encode() in view.source(blob) and (module := view.at(path)) is not None:
            for each, definition in module.definitions.items():
                known = f"{view.modules.name_of(path)}:{each}" in ours.changed
                if each.rpartition(".")[2] == name and not known and definition.kind is not Kind.IMPORT:
                    return False
    return True


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
