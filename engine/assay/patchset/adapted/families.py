"""Methods that are found by the beginning of their names (`do_run`, `visit_Name`), once that is another.

Promises: pure. Suspected only: said where at least two members of one class get another beginning alike and
none of the old one is left, and of new members of that class, or of classes below it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Kind
from assay.patchset.heirs import class_in
from assay.patchset.touch import Touch
from assay.patchset.view import View

_BEGINNING = re.compile(r"(_*[a-z]+_)(\w+)")


class Family(NamedTuple):
    """The members of `owner` (a class, or `module:` for functions at the top) that began with `old`."""

    owner: str
    old: str
    new: str
    members: tuple[str, ...]
    """Their symbols by now."""


def families(touch: Touch) -> tuple[Family, ...]:
    """The beginnings of names that a candidate changes alike."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for label, definition in touch.removed.items():
        owner, name = _split(label)
        parts = _BEGINNING.fullmatch(name)
        if parts is None or definition.kind is not Kind.FUNCTION or "test" in label:
            continue
        for other, added in touch.added.items():
            there, called = _split(other)
            if there == owner and added.kind is Kind.FUNCTION and called.endswith(parts.group(2)):
                beginning = called[: len(called) - len(parts.group(2))]
                if beginning and beginning != parts.group(1):
                    found[owner, parts.group(1), beginning].append(other)
    return tuple(
        Family(owner, old, new, tuple(members))
        for (owner, old, new), members in found.items()
        if len(members) >= FEWEST and not _left(touch, owner, old)
    )


def _split(label: str) -> tuple[str, str]:
    """The class or module of a symbol, and its bare name."""
    module, _, name = label.partition(":")
    owner, _, last = name.rpartition(".")
    return f"{module}:{owner}", last


def _left(touch: Touch, owner: str, old: str) -> bool:
    module, _, cls = owner.partition(":")
    here = touch.view.module(module)
    prefix = f"{cls}.{old}" if cls else old
    names = here.definitions if here is not None else {}
    return any(name.startswith(prefix) and "." not in name[len(prefix) :] for name in names)


def unfamiliar(ours: Touch, every: tuple[Family, ...], theirs: Touch, both: View) -> Iterator[Clash]:
    """The members that `theirs` adds under the old beginning."""
    for label, definition in theirs.added.items():
        owner, name = _split(label)
        for family in every:
            rest = name.removeprefix(family.old)
            if (
                definition.kind is Kind.FUNCTION
                and rest
                and rest != name
                and _is_in(both, owner, family.owner)
            ):
                places = tuple(At(_path(ours, each), ours.added[each].line) for each in family.members)
                does = f"has names in `{family.owner}` begin with `{family.new}`, not `{family.old}`,"
                yield Adapted(family.members[0], does, places, whole=True).left(
                    ours,
                    At(_path(theirs, label), definition.line),
                    f"adds `{label}`",
                    sure=False,
                    note="it is not found by its name",
                )


def _path(touch: Touch, label: str) -> str:
    return touch.view.modules.path_of.get(label.partition(":")[0], "")


def _is_in(both: View, owner: str, family: str) -> bool:
    """Whether a member of `owner` is one of a class, or of one below it."""
    cls = class_in(both, owner)
    return owner == family or (
        cls is not None and family in {each.label for each in both.lineage(cls, set())[0]}
    )
