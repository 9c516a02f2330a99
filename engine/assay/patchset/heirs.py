"""Classes of one candidate below classes of another: abstract methods, overrides, constructors, bases.

Promises: pure. Proven is what cannot be instantiated, or is called in a way that the override refuses, or is
no longer called at all where the call was visibly moved elsewhere; the rest is suspected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.exceptions import kinds, raises, uncaught
from assay.patchset.facts import contexts
from assay.patchset.facts.records import Binding, Definition, Kind, Path
from assay.patchset.facts.signature import Signature, refusal
from assay.patchset.overrides import standing_in
from assay.patchset.places import place_of, where_of
from assay.patchset.results import EVERYTHING
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Missing, Symbol, View


def new_classes(touch: Touch) -> Iterator[str]:
    """The classes that a candidate adds, or whose bases it changes."""
    for label, definition in touch.added.items():
        if definition.kind is Kind.CLASS:
            yield label
    for label, changed in touch.changed.items():
        if changed.new.kind is Kind.CLASS and changed.new.bases != changed.old.bases:
            yield label


def new_members(touch: Touch) -> Iterator[tuple[str, str]]:
    """(class, name) of the members that a candidate adds, or whose signature it changes."""
    changed = [label for label, both in touch.changed.items() if both.old.signature != both.new.signature]
    for label in (*touch.added, *changed):
        module, _, name = label.partition(":")
        owner, _, last = name.rpartition(".")
        if owner:
            yield f"{module}:{owner}", last


def class_in(view: View, label: str) -> Symbol | None:
    """A class of a tree by its label."""
    name, _, qualified = label.partition(":")
    module = view.module(name)
    definition = module.definitions.get(qualified) if module is not None else None
    if definition is None or definition.kind is not Kind.CLASS:
        return None
    return Symbol(name, qualified, definition)


def lost_kinds(touch: Touch) -> dict[str, Symbol]:
    """Classes by the names that they had above them and no longer have."""
    found: dict[str, Symbol] = {}
    for label, changed in touch.changed.items():
        if changed.old.kind is changed.new.kind is Kind.CLASS and changed.old.bases != changed.new.bases:
            module, _, name = label.partition(":")
            path = tuple(name.split("."))
            now = kinds(touch.view, module, path)
            above = {
                each for base in changed.old.bases for each in kinds(touch.view, module, base) | {base[-1]}
            }
            for lost in above - now if now else ():
                found.setdefault(lost, Symbol(module, name, changed.new))
    return found


def catching(touch: Touch) -> dict[str, list[Place]]:
    """Where a candidate newly catches exceptions, by their names."""
    found: dict[str, list[Place]] = defaultdict(list)
    for place in touch.fresh():
        for name in dict.fromkeys(place.use.catches):
            found[name].append(place)
    return found


def _uncaught(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    lost = lost_kinds(ours)
    caught = catching(theirs) if lost else {}
    for name in caught.keys() & lost.keys() - EVERYTHING:
        cls = lost[name]
        # Whoever catches the class under another of its names as well does not miss this one.
        left = kinds(both, cls.module, tuple(cls.name.split("."))) - EVERYTHING
        places = [place for place in caught[name] if not left.intersection(place.use.catches)]
        raised = [place for place in places if raises(theirs.view, place, cls)]
        for place in raised or places[-1:]:
            caught_anyway = EVERYTHING.intersection(place.use.catches)
            yield uncaught(ours, place, cls, {name}, proven=bool(raised) and not caught_anyway)


def heirs(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    """What `ours` does to classes above those that `theirs` adds or adds to, and to exceptions it catches."""
    yield from _uncaught(ours, theirs, both)
    for label in new_classes(theirs):
        yield from _unfinished(ours, theirs, both, label)
        yield from _rebased(ours, theirs, both, label)
    for label, name in new_members(theirs):
        yield from _override(ours, theirs, both, label, name)


def _unfinished(ours: Touch, theirs: Touch, both: View, label: str) -> Iterator[Clash]:
    """New abstract methods that a new class does not have."""
    before, after = class_in(theirs.view, label), class_in(both, label)
    if before is None or after is None:
        return
    open_before = theirs.view.abstract(before, set())
    classes, _, known = both.lineage(after, set())
    for name, asked in both.abstract(after, set()).items():
        if name in open_before or asked.label not in {*ours.added, *ours.changed}:
            continue
        yield clash_at(
            ours,
            theirs,
            asked.label,
            proven=known and not open_before and not _has_heirs(theirs, after),
            does=f"makes `{asked.label}` an abstract method",
            other=f"adds the class `{after.name}` without it",
            at=label,
        )
    for owner in classes[1:]:
        for mine, definition in ours.added.items():
            if definition.unwritten and mine.startswith(f"{owner.label}."):
                name = mine.rpartition(".")[2]
                found = both.member(after, name, set())
                if isinstance(found, Symbol) and found.label == mine:
                    yield clash_at(
                        ours,
                        theirs,
                        mine,
                        proven=False,
                        does=f"adds `{mine}` for each subclass to write",
                        other=f"adds the class `{after.name}` without it",
                        at=label,
                    )


def _has_heirs(touch: Touch, cls: Symbol) -> bool:
    """Whether the candidate adds classes below this one, which may finish it."""
    return any(
        definition.kind is Kind.CLASS and any(base[-1] == cls.name for base in definition.bases)
        for definition in touch.added.values()
    )


def _rebased(ours: Touch, theirs: Touch, both: View, label: str) -> Iterator[Clash]:
    """New subclasses of a class whose own bases change."""
    cls = class_in(both, label)
    for above in both.lineage(cls, set())[0][1:] if cls is not None else ():
        changed = ours.changed.get(above.label)
        if changed is not None and _as_lineage(changed.old) != _as_lineage(changed.new):
            yield clash_at(
                ours,
                theirs,
                above.label,
                proven=False,
                does=f"changes the bases of `{above.label}`",
                other=f"adds a subclass of it, `{cls.name if cls else ''}`",
                at=label,
            )


def _as_lineage(cls: Definition) -> tuple[Path, ...]:
    """The bases from which a subclass gets something; `ABC` only asks for what is looked at by itself."""
    return tuple(base for base in cls.bases if base[-1] not in ("ABC", "object"))


def _override(ours: Touch, theirs: Touch, both: View, label: str, name: str) -> Iterator[Clash]:
    mine, now = class_in(theirs.view, label), class_in(both, label)
    if mine is None or now is None or (name.startswith("__") and name != "__init__"):
        return
    module = both.module(now.module)
    own = module.definitions.get(f"{now.name}.{name}") if module is not None else None
    before = theirs.view.member(mine, name, set(), after=True)
    after = both.member(now, name, set(), after=True)
    if own is None:
        return
    if isinstance(after, Symbol) and _gives_nothing(own) and _newly_used(ours, after):
        yield clash_at(
            ours,
            theirs,
            after.label,
            proven=False,
            does=f"uses what `{after.label}` returns",
            other=f"overrides it in `{label.partition(':')[2]}`, and returns nothing",
            at=f"{label}.{name}",
        )
    elif isinstance(before, Symbol) and isinstance(after, Missing):
        yield from _overtaken(ours, theirs, before, own, label)
    elif isinstance(after, Symbol) and after.label in ours.added and not isinstance(before, Symbol):
        yield from _met(ours, theirs, both, after, own, label)
    elif isinstance(after, Symbol) and after.label in ours.changed:
        yield from _called_anew(ours, theirs, both, after, own, label)
        yield from standing_in(ours, theirs, both, after, own, label)


def _gives_nothing(own: Definition) -> bool:
    plain = own.kind is Kind.FUNCTION and not own.generator and not own.decorated and not own.unwritten
    return plain and not own.kinds and own.binding is Binding.PLAIN


def _newly_used(ours: Touch, method: Symbol) -> bool:
    """Whether a candidate uses what a method returns where it did not before."""
    name = method.name.rpartition(".")[2]
    found: list[set[str]] = []
    for index in (0, 1):
        uses = (use for file in ours.files for use in (file.gone.uses, file.uses.uses)[index])
        words = {
            word for use in uses if use.path[-1] == name and use.call is not None for word in use.contexts
        }
        found.append(words)
    before, after = found
    return before == {contexts.DISCARD} and bool(after - {contexts.DISCARD})


def _overtaken(ours: Touch, theirs: Touch, before: Symbol, own: Definition, label: str) -> Iterator[Clash]:
    """An override of what is no longer there: nothing calls it."""
    name = before.name.rpartition(".")[2]
    if before.label not in ours.removed:
        return
    if own.kind is not Kind.FUNCTION and (name.startswith("_") or not _is_renamed(ours, before, name)):
        return
    moved = any(
        use.path[-1] == name and use.call is not None for file in ours.files for use in file.gone.uses
    )
    yield clash_at(
        ours,
        theirs,
        before.label,
        proven=moved and name != "__init__",
        does=f"removes or renames `{before.label}`" + (" and its calls" if moved else ""),
        other=f"overrides it in `{label.partition(':')[2]}`",
        at=f"{label}.{name}",
        note="the override is never called" if own.kind is Kind.FUNCTION else "nothing reads it",
    )


def _is_renamed(ours: Touch, attribute: Symbol, name: str) -> bool:
    """Whether a candidate gives an attribute another name, or no longer reads it."""
    owner = attribute.label[: -len(name)]
    if any(label.startswith(owner) and each.kind is Kind.VARIABLE for label, each in ours.added.items()):
        return True
    gone = (use for file in ours.files for use in file.gone.uses)
    return any(use.path[-1] == name and not use.store and len(use.path) > 1 for use in gone)


def _met(
    ours: Touch, theirs: Touch, both: View, after: Symbol, own: Definition, label: str
) -> Iterator[Clash]:
    """Both add the same name, one above the other: an override that nobody meant."""
    name = after.name.rpartition(".")[2]
    cls = class_in(both, label)
    if name.startswith("__") and (name != "__init__" or (cls is not None and calls_above(theirs, cls))):
        return
    if _is_declared(after.definition) and own.kind is Kind.VARIABLE:
        return  # a place that each subclass is to fill
    refused = _refused(ours, both, after, own)
    differs = own.kind is not after.definition.kind or own.binding is not after.definition.binding
    yield clash_at(
        ours,
        theirs,
        after.label,
        proven=bool(refused) or (differs and name != "__init__"),
        does=f"adds `{after.label}`" + (f" and calls it ({refused})" if refused else ""),
        other=f"adds `{name}` to `{label.partition(':')[2]}` below",
        at=f"{label}.{name}",
        note="the second overrides the first",
    )


def _is_declared(definition: Definition) -> bool:
    """Whether a class only says of an attribute that there is one: `width: int`."""
    return definition.kind is Kind.VARIABLE and definition.field and not definition.default


def lacks(view: View, cls: Symbol, name: str) -> bool:
    """Whether a class has no member of a name, or one that is only declared."""
    found = view.member(cls, name, set())
    return isinstance(found, Missing) or (isinstance(found, Symbol) and _is_declared(found.definition))


def calls_above(touch: Touch, cls: Symbol) -> bool:
    """Whether the constructor that a candidate gives to a class calls that of a class above."""
    scope = f"{cls.name}.__init__"
    return any(
        use.scope == scope and use.path[-1] == "__init__"
        for file in touch.files
        if file.module == cls.module
        for use in file.uses.uses
    )


def _called_anew(
    ours: Touch, theirs: Touch, both: View, after: Symbol, own: Definition, label: str
) -> Iterator[Clash]:
    """An override of a method whose signature changes."""
    changed = ours.changed[after.label]
    if changed.old.signature == changed.new.signature or own.signature is None:
        return
    name = after.name.rpartition(".")[2]
    refused = _refused(ours, both, after, own)
    takes_any = own.signature.star and not _requires(own.signature)
    if not refused and (name == "__init__" or takes_any):
        return
    yield clash_at(
        ours,
        theirs,
        after.label,
        proven=bool(refused),
        does=f"changes the signature of `{after.label}`"
        + (f" and how it is called ({refused})" if refused else ""),
        other=f"overrides it in `{label.partition(':')[2]}` as it was",
        at=f"{label}.{name}",
    )


def _requires(signature: Signature) -> bool:
    """Whether something must be given by its name alone."""
    return any(not parameter.optional for parameter in signature.keyword)


def _refused(ours: Touch, both: View, method: Symbol, own: Definition) -> str:
    """Why the override refuses a new call that is meant for the method above; '' if it does not."""
    if own.signature is None or own.decorated or own.several:
        return ""
    for place in ours.fresh():
        if place.use.call is None or place.use.path[-1] != method.name.rpartition(".")[2] or not place.module:
            continue
        target = both.resolve(place.module, place.use.path, set())
        if isinstance(target, Symbol) and target.label == method.label and target.bound:
            why = refusal(own.signature.without_first(), place.use.call)
            if why:
                return why
    return ""


def clash_at(
    ours: Touch, theirs: Touch, label: str, *, proven: bool, does: str, other: str, at: str, note: str = ""
) -> Clash:
    """What `ours` does to `label`, and `theirs` at the symbol `at`."""
    path, line = where_of(ours, label)
    there, row = where_of(theirs, at)
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=does),
        theirs=Witness(path=there, line=row, does=other),
        note=note,
    )
