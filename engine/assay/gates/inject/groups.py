"""Names of modules and classes as they were, and whether they still are. Injected: see `boot.py`.

Promises: a look that finds nothing goes by functions in C throughout, since one is taken after every test. It
calls nothing that the project may have put there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter, is_, itemgetter
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from assay.gates.inject.deciders import name_of, names_of

_KINDS = (FunctionType, BuiltinFunctionType, MethodType, type, staticmethod, classmethod, property)
_code = attrgetter("__code__")
_key = itemgetter(0)
_bases = names_of(type)["__bases__"].__get__

KIN = "__bases__"
"""How it is told that a class comes from others than before."""


class Found:
    """The state of a group at one moment: what its names stand for, the code of its functions, and all that
    is there if its names were to stay, and what a class is one of and comes from."""

    def __init__(
        self, values: tuple[Any, ...], codes: tuple[Any, ...], entries: Any, kin: tuple[Any, ...]
    ) -> None:
        self.values = values
        self.codes = codes
        self.entries = entries
        self.kin = kin


class Group:
    """Some names of one module or class (`cls`), as they were. `there` is its namespace, which stays up to
    date."""

    def __init__(self, there: Any, label: str, names: Any = None, cls: Any = None) -> None:
        entries = [
            (name, value)
            for name, value in list(there.items())
            if is_a(value, _KINDS) and (names is None or name in names)
        ]
        self.label = label
        self.there = there
        self.names = list(there)
        self._known = frozenset(self.names)
        self.closed = names is None
        """Whether no other names are expected."""
        self.cls = cls
        self.kin = _kin(cls)
        self._names = tuple(name for name, _ in entries)
        self.values = tuple(value for _, value in entries)
        if len(entries) == 1:  # with one name alone no tuple would be returned
            self._names, self.values = 2 * self._names, 2 * self.values
        self.fetch: Callable[[], Any] = (
            partial(itemgetter(*self._names), _behind(there)) if entries else tuple
        )
        self.functions = tuple(value for value in self.values if type(value) is FunctionType)
        self.codes = tuple(map(_code, self.functions))

    def found(self) -> Found:
        """How it is now."""
        entries = list(self.there.items()) if self.closed else None
        values, codes = tuple(map(self.there.get, self._names)), tuple(map(_code, self.functions))
        return Found(values, codes, entries, _kin(self.cls))

    def altered(self, state: Found) -> Iterator[tuple[str, Any]]:
        """What was altered, with what was there in that state."""
        if not all(map(is_, state.values, self.values)):
            for name, value, now in zip(self._names, self.values, state.values):  # noqa: B905 Python 3.8
                if now is not value:
                    yield name, now
        if not all(map(is_, state.codes, self.codes)):
            for function, code, now in zip(self.functions, self.codes, state.codes):  # noqa: B905 Python 3.8
                if now is not code:
                    yield function.__name__, function
        for now in _flat(state.kin):
            if not any(now is each for each in _flat(self.kin)):
                yield KIN, now

    def added(self, state: Found) -> Iterator[tuple[str, Any]]:
        """What has come to all its names: an attribute of a class stands before one of its objects."""
        entries = state.entries or ()
        if len(entries) == len(self.names) and all(map(is_, map(_key, entries), self.names)):
            return
        for key, value in entries:
            name = str.__str__(key) if is_a(key, (str,)) else "?"  # a key of a class of its own is not asked
            if name not in self._known:
                yield name, value

    def hides(self, name: str, value: Any) -> bool:
        """Whether what has come to a class stands before what it inherits, or changes how it works."""
        if self.cls is None or not (callable(value) or _binds(value)):
            return False
        above = type.mro(self.cls)[1:]
        return (name.startswith("__") and name.endswith("__")) or any(name in names_of(c) for c in above)


class Look:
    """Groups that are looked at together, most often to find nothing: in one go then, by functions in C,
    since it is asked after every test. What was found otherwise once, and told, is nothing any more."""

    def __init__(self, groups: list[Group]) -> None:
        self.groups = groups
        self._fetches = [group.fetch for group in groups if group.values]
        self._functions = [function for group in groups for function in group.functions]
        self._ids = frozenset(map(id, self._functions))
        self._places = [_behind(group.there) for group in groups if group.closed]
        self._classes = [group.cls for group in groups if group.cls is not None]
        names = [name for group in groups if group.closed for name in group.names]
        values = [value for group in groups for value in group.values]
        codes = [code for group in groups for code in group.codes]
        self._known = [(names, values, codes, _in_line([group.kin for group in groups]))]

    def has(self, function: object) -> bool:
        """Whether the code of this function is among what is compared."""
        return id(function) in self._ids

    def whole(self, *, codes: bool) -> bool:
        """Whether nothing was altered (the `codes` of functions only if asked for); False as well where that
        is not known so quickly."""
        now: list[Any] = []
        there: list[Any] = []
        try:
            for fetch in self._fetches:
                now += fetch()
            for place in self._places:
                there += place
        except (KeyError, RuntimeError):  # a name is gone, or comes this very moment
            return False
        coded = list(map(_code, self._functions)) if codes else []
        kin = [*map(type, self._classes), *map(_bases, self._classes)]
        for names, values, their, known in self._known:
            if (
                # By names, not by how many there are: one may go for another to come. A name may be of a
                # class that says what it is equal to, so it is asked whether it is the very same.
                len(there) == len(names)
                and all(map(is_, there, names))
                and all(map(is_, now, values))
                and all(map(is_, coded, their))
                and all(map(is_, kin, known))
            ):
                return True
        return False

    def settle(self, found: list[Found]) -> None:
        """Take the groups' states for nothing new."""
        names = [name for state in found if state.entries is not None for name, _ in state.entries]
        values = [value for state in found for value in state.values]
        codes = [code for state in found for code in state.codes]
        kin = _in_line([state.kin for state in found])
        self._known = [self._known[0], (names, values, codes, kin)]


def groups_of(names: list[str]) -> Iterator[Group]:
    for name in names:
        module = sys.modules.get(name)
        if module is not None:
            yield from of_module(vars(module), name)


def of_module(space: dict[str, Any], name: str, names: Any = None) -> Iterator[Group]:
    yield Group(space, name, names)
    # A class of two names is looked at once.
    for cls in {id(value): value for value in list(space.values())}.values():
        if is_a(cls, (type,)) and names_of(cls).get("__module__") == name:
            yield Group(names_of(cls), name + "." + name_of(cls), cls=cls)


class _Taking:
    """Is handed what it is compared with."""

    def __init__(self) -> None:
        self.taken: Any = None

    def __eq__(self, other: object) -> bool:
        self.taken = other
        return True

    __hash__ = None  # type: ignore[assignment]


def _behind(there: Any) -> Any:
    """The dictionary behind the namespace of a class, which is read in less time: the view of it compares
    itself by that. Any other namespace is its own."""
    taking = _Taking()
    if type(there) is not dict and there == taking and type(taking.taken) is dict:
        return taking.taken
    return there


def _kin(cls: Any) -> tuple[Any, ...]:
    """What a class is one of, and its bases, which stay one object until there are others."""
    return () if cls is None else (type(cls), _bases(cls))


def _flat(kin: tuple[Any, ...]) -> tuple[Any, ...]:
    return (kin[0], *kin[1]) if kin else ()


def _in_line(kin: list[tuple[Any, ...]]) -> list[Any]:
    """What all classes are one of, then what all come from."""
    return [each[0] for each in kin if each] + [each[1] for each in kin if each]


def _binds(value: Any) -> bool:
    return any("__get__" in names_of(cls) for cls in type.mro(type(value)))


def is_a(value: Any, kinds: tuple[type, ...]) -> bool:
    """`isinstance` by the real type: a proxy's `__class__` may raise, or lie."""
    return issubclass(type(value), kinds)
