"""What tells the members of a kind apart, taken twice: a code, a name, a number that two new classes have in
common, a text that both register something by.

Promises: pure. Suspected only. A value tells classes apart if all that are there below one class have
different ones; who is asked to register or to add something under a text is told by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.expressions import expression
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Kind, Said
from assay.patchset.heirs import class_in
from assay.patchset.places import where_of
from assay.patchset.touch import FileTouch, Touch
from assay.patchset.view import View

_FEWEST = 3
"""So many different values are no chance."""
_COMMON = frozenset({"None", "True", "False", "''", "0", "1"})
_REGISTERS = expression(r"(?:add|register|route|command|subcommand|plugin|provides?|implements?)(?:_\w+)?:0")


def marks(touch: Touch) -> Iterator[tuple[str, str, str]]:
    """(name, value, class) of each value that a class has of itself which a candidate adds."""
    for label, definition in touch.added.items():
        owner, _, name = label.rpartition(".")
        above = touch.added.get(owner)
        if above is None or above.kind is not Kind.CLASS or not above.bases or name.startswith("__"):
            continue
        if definition.kind is Kind.VARIABLE and definition.literal and definition.literal not in _COMMON:
            yield name, definition.literal, owner


def constants(touch: Touch) -> Iterator[tuple[str, str, str]]:
    """(module or class with the beginning of the name, value, symbol) of the constants that a candidate adds
    beside others: `OP_ADD = 3` beside other `OP_`."""
    for label, definition in touch.added.items():
        module, _, name = label.partition(":")
        owner, _, last = name.rpartition(".")
        beginning, sign, _ = last.partition("_")
        plain = definition.kind is Kind.VARIABLE and definition.literal and definition.literal not in _COMMON
        if plain and sign and beginning.isupper() and f"{module}:{owner}" not in touch.added:
            yield (
                f"{module}:{owner}.{beginning}_" if owner else f"{module}:{beginning}_",
                definition.literal,
                label,
            )


def entered(touch: Touch) -> Iterator[tuple[FileTouch, Said]]:
    """The texts under which a candidate newly registers something."""
    for file in touch.files:
        for said in file.uses.said if "test" not in file.path else ():
            if _REGISTERS.fullmatch(said.role):
                yield file, said


def keys_of(touch: Touch) -> Iterator[str]:
    """By what two candidates are brought together."""
    yield from (f"mark {name}={value}" for name, value, _ in marks(touch))
    yield from (f"constant {family}={value}" for family, value, _ in constants(touch))
    yield from (f"text {said.role}={said.text}" for _, said in entered(touch))


def taken(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    """What both take."""
    others = {(name, value): cls for name, value, cls in marks(theirs)}
    for name, value, cls in marks(ours):
        other = others.get((name, value))
        if other is not None and other != cls and _tells_apart(ours, both, cls, other, name):
            yield from _both(ours, theirs, cls, other, f"with {value[:40]} for its `{name}`")
    numbers = {(family, value): label for family, value, label in constants(theirs)}
    for family, value, label in constants(ours):
        other = numbers.get((family, value))
        if other is not None and other != label and _all_differ(ours, family):
            yield from _both(ours, theirs, label, other, f"with the value {value[:40]}")
    texts = {(_around(file, said), said.role, said.text): said for file, said in entered(theirs)}
    for file, said in entered(ours):
        around = _around(file, said)
        same = texts.get((around, said.role, said.text))
        if same is not None:
            called = said.role.partition(":")[0]
            yield from _both(ours, theirs, around, around, f"something as {said.text!r} by `{called}`")


def _all_differ(ours: Touch, family: str) -> bool:
    """Whether the constants that were there under one beginning have all different values."""
    module, _, beginning = family.partition(":")
    here = ours.view.module(module)
    values = [
        each.literal
        for name, each in (here.definitions.items() if here is not None else ())
        if name.startswith(beginning) and each.kind is Kind.VARIABLE and f"{module}:{name}" not in ours.added
    ]
    return len(values) >= _FEWEST and len(set(values)) == len(values) and all(values)


def _around(file: FileTouch, said: Said) -> str:
    """The function in which a text stands, or the module."""
    inside = [
        d for d in file.new.definitions.values() if d.kind is Kind.FUNCTION and d.line <= said.line <= d.end
    ]
    inner = max(inside, key=lambda each: each.line, default=None)
    return f"{file.module}:{inner.name}" if inner is not None else f"{file.module}:"


def _tells_apart(ours: Touch, both: View, one: str, other: str, name: str) -> bool:
    """Whether the classes that were there below one that both are below have all different values."""
    found = [class_in(both, label) for label in (one, other)]
    lines = [{each.label for each in both.lineage(cls, set())[0][1:]} for cls in found if cls is not None]
    shared = set.intersection(*lines) if len(lines) == len(found) else set()
    modules = {label.partition(":")[0] for label in (one, other, *shared)}
    for above in shared:
        values = [
            value for module in modules for value in _values(ours, both, module, above, name, {one, other})
        ]
        if len(values) >= _FEWEST and len(set(values)) == len(values):
            return True
    return False


def _values(ours: Touch, both: View, name: str, above: str, attribute: str, new: set[str]) -> Iterator[str]:
    """The values of an attribute that classes of a module below another one have of themselves."""
    module = both.module(name)
    for definition in module.definitions.values() if module is not None else ():
        label = f"{name}:{definition.name}"
        own = module.definitions.get(f"{definition.name}.{attribute}") if module is not None else None
        cls = (
            class_in(both, label)
            if own is not None and label not in new and label not in ours.added
            else None
        )
        lineage = both.lineage(cls, set())[0][1:] if cls is not None else []
        if own is not None and own.literal not in ("", "None") and above in {each.label for each in lineage}:
            yield own.literal


def _both(ours: Touch, theirs: Touch, one: str, other: str, what: str) -> Iterator[Clash]:
    path, line = where_of(ours, one)
    there, row = where_of(theirs, other)
    for label in dict.fromkeys((one, other)):
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=False,
            label=label,
            where=f"{path}:{one.partition(':')[2]}",
            mine=Witness(
                path=path, line=line, does=f"adds `{one}` {what}" if one != other else f"adds {what}"
            ),
            theirs=Witness(
                path=there, line=row, does=f"adds `{other}` with the same" if one != other else "does so too"
            ),
            beside=label != one,
            note="that tells all others apart" if one != other else "one hides the other, or is refused",
        )
