"""Which definitions of two outlines meet: one name on both sides, or on one alone.

Promises: pure. Members of a class that came or went as a whole are in no meeting: the class says it all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from assay.delta.forms import forms
from assay.delta.outline import MODULE, Definition, Outline, What
from assay.model.candidate import Record

Definitions = tuple[Definition, ...]


class Meeting(Record, frozen=True, kw_only=True):
    """A definition before and after, with its alternatives (overloads, by platform); none where it is not."""

    path: str
    symbol: str
    before: Definitions
    after: Definitions
    old_path: str
    old_symbol: str
    carried: bool = False
    """Whether it is a member that is elsewhere only because its class is."""

    @property
    def last(self) -> Definition:
        """The alternative that runs: the last one of the new side, or of the old one."""
        return (self.after or self.before)[-1]

    @property
    def same_place(self) -> bool:
        return (self.path, self.symbol) == (self.old_path, self.old_symbol)


def meetings(old: Outline, new: Outline, path: str) -> Iterator[Meeting]:
    """Every symbol of either outline that may have changed. What a file is called now goes for both sides: a
    symbol that moved with its file did not move."""
    yield from _met(old.by_symbol(), new.by_symbol(), path)


def within(one: Meeting, old: Members, new: Members) -> Iterator[Meeting]:
    """The members of a class that is there on both sides under two names or at two places."""
    before, after = old.below(one.old_symbol), new.below(one.symbol)
    for met in _met(before, after, one.path):
        yield Meeting(
            path=met.path,
            symbol=f"{one.symbol}.{met.symbol}",
            before=met.before,
            after=met.after,
            old_path=one.old_path,
            old_symbol=f"{one.old_symbol}.{met.symbol}",
            carried=True,
        )


def differs(one: Definition, other: Definition) -> bool:
    """Whether anything but the place of two definitions differs. Formatting and comments do not count."""
    return _meaning(one) != _meaning(other)


def _met(before: dict[str, Definitions], after: dict[str, Definitions], path: str) -> Iterator[Meeting]:
    for symbol in dict.fromkeys([*after, *before]):
        old, new = before.get(symbol, ()), after.get(symbol, ())
        if _inside_absent(symbol, before, after) or not _changed(old, new):
            continue
        yield Meeting(path=path, symbol=symbol, before=old, after=new, old_path=path, old_symbol=symbol)


def _changed(old: Definitions, new: Definitions) -> bool:
    if not old or not new:
        # A module's own body is always there; only its content counts.
        present = [*old, *new]
        return not all(d.symbol == MODULE for d in present) or any(d.body for d in present)
    return len(old) != len(new) or any(map(differs, old, new))


def _meaning(d: Definition) -> tuple[object, ...]:
    # What is shown of a constant is cut, and its value is its body.
    shown = "" if d.what in (What.CONSTANT, What.ATTRIBUTE) else d.signature
    return (d.what, shown, d.typed, d.decorators, d.fields, *forms(d), d.docs)


def _inside_absent(symbol: str, before: dict[str, Definitions], after: dict[str, Definitions]) -> bool:
    """Whether an enclosing class came or went as a whole."""
    parts = symbol.split(".")
    outer = [".".join(parts[:end]) for end in range(1, len(parts))]
    return any((name in before) != (name in after) for name in outer)


class Members:
    """What is below each class of an outline, found in time proportional to what there is."""

    def __init__(self, outline: Outline) -> None:
        self._all = outline.by_symbol()
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for symbol in self._all:
            owner = symbol.rpartition(".")[0]
            while owner:
                self._names[owner].append(symbol)
                owner = owner.rpartition(".")[0]

    def below(self, symbol: str) -> dict[str, Definitions]:
        """The members of a class, by their names inside it."""
        return {name.removeprefix(f"{symbol}."): self._all[name] for name in self._names.get(symbol, ())}

    def methods(self, symbols: Sequence[str]) -> Iterator[tuple[str, Definitions]]:
        """The functions below these classes, by symbol."""
        for name in dict.fromkeys(name for symbol in symbols for name in self._names.get(symbol, ())):
            if self._all[name][-1].what is What.METHOD:
                yield name, self._all[name]
