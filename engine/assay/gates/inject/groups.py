"""Names of modules and classes as they were, and whether they still are. Injected: see `boot.py`.

Promises: a look that finds nothing goes by functions in C throughout, since one is taken after every test. It
calls nothing that the project may have put there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from operator import attrgetter, is_, itemgetter
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from assay.gates.inject.deciders import name_of, names_of

_KINDS = (FunctionType, BuiltinFunctionType, MethodType, type, staticmethod, classmethod, property)
_code = attrgetter("__code__")


class Found:
    """The state of a group at one moment: what its names stand for, the code of its functions, and all that
    is there if its size was to stay."""

    def __init__(self, values: tuple[Any, ...], codes: tuple[Any, ...], entries: Any) -> None:
        self.values = values
        self.codes = codes
        self.entries = entries


class Group:
    """Some names of one module or class, as they were. `there` is its namespace, which stays up to date."""

    def __init__(self, there: Any, label: str, names: Any = None) -> None:
        entries = [
            (name, value)
            for name, value in list(there.items())
            if is_a(value, _KINDS) and (names is None or name in names)
        ]
        self.label = label
        self.there = there
        self._known = frozenset(there)
        self.size = len(self._known) if names is None else -1
        self._names = tuple(name for name, _ in entries)
        self.values = tuple(value for _, value in entries)
        if len(entries) == 1:  # with one name alone no tuple would be returned
            self._names, self.values = 2 * self._names, 2 * self.values
        self.fetch: Callable[[], Any] = partial(itemgetter(*self._names), there) if entries else tuple
        self.functions = tuple(value for value in self.values if type(value) is FunctionType)
        self.codes = tuple(map(_code, self.functions))

    def found(self) -> Found:
        """How it is now."""
        entries = list(self.there.items()) if self.size != -1 else None
        return Found(tuple(map(self.there.get, self._names)), tuple(map(_code, self.functions)), entries)

    def altered(self, state: Found) -> Iterator[tuple[str, Any]]:
        """What was altered, with what was there in that state."""
        for name, value, now in zip(self._names, self.values, state.values):  # noqa: B905 Python 3.8
            if now is not value:
                yield name, now
        for function, code, now in zip(self.functions, self.codes, state.codes):  # noqa: B905 Python 3.8
            if now is not code:
                yield function.__name__, function

    def added(self, state: Found) -> Iterator[tuple[str, Any]]:
        """What has come to all its names: an attribute of a class stands before one of its objects."""
        for name, value in state.entries or ():
            if name not in self._known and not name.startswith("__"):
                yield name, value


class Look:
    """Groups that are looked at together, most often to find nothing: in one go then, by functions in C,
    since it is asked after every test. What was found otherwise once, and told, is nothing any more."""

    def __init__(self, groups: list[Group]) -> None:
        self.groups = groups
        self._fetches = [group.fetch for group in groups]
        self._functions = [function for group in groups for function in group.functions]
        self._places = [group.there for group in groups if group.size != -1]
        sizes = [group.size for group in groups if group.size != -1]
        values = [value for group in groups for value in group.values]
        self._known = [(sizes, values, [code for group in groups for code in group.codes])]

    def whole(self, *, codes: bool) -> bool:
        """Whether nothing was altered (the `codes` of functions only if asked for); False as well where that
        is not known so quickly."""
        try:
            now = list(chain.from_iterable([fetch() for fetch in self._fetches]))
        except KeyError:
            return False
        places, coded = list(map(len, self._places)), list(map(_code, self._functions)) if codes else []
        return any(
            places == sizes and all(map(is_, now, values)) and all(map(is_, coded, their))
            for sizes, values, their in self._known
        )

    def settle(self, found: list[Found]) -> None:
        """Take the groups' states for nothing new."""
        sizes = [len(state.entries) for state in found if state.entries is not None]
        values = [value for state in found for value in state.values]
        self._known = [self._known[0], (sizes, values, [code for state in found for code in state.codes])]


def groups_of(names: list[str]) -> Iterator[Group]:
    for name in names:
        module = sys.modules.get(name)
        if module is not None:
            yield from of_module(vars(module), name)


def of_module(space: dict[str, Any], name: str, names: Any = None) -> Iterator[Group]:
    yield Group(space, name, names)
    for cls in list(space.values()):
        if is_a(cls, (type,)) and names_of(cls).get("__module__") == name:
            yield Group(names_of(cls), name + "." + name_of(cls))


def is_a(value: Any, kinds: tuple[type, ...]) -> bool:
    """`isinstance` by the real type: a proxy's `__class__` may raise, or lie."""
    return issubclass(type(value), kinds)
