"""What the hooks of a test call, and by what, as of one moment. Injected: see `boot.py`.

Promises: a look reads pluggy's objects by the functions in C that Python itself reads them with, taken when
all was as it should be: nothing that was put upon their classes since is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import is_
from types import MemberDescriptorType
from typing import Any

from assay.gates.inject.deciders import names_of
from assay.gates.inject.machinery import HOOKS

_LISTS = ("_hookimpls", "_nonwrappers", "_wrappers")
"""Where the versions of pluggy keep what a hook calls."""
_EXECUTE = "_hookexec"


class Hooking:
    """The hooks of `manager` as of its making."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._known: set[int] = set()
        self.again()

    def again(self) -> None:
        """Take what there is now for what there should be."""
        manager = self._manager
        self._reads: list[Callable[[], Any]] = [_reader(manager, "_inner_hookexec")]
        self._names = ["how hooks are called"]
        self._lists: list[tuple[str, Any]] = []
        for name in HOOKS:
            caller = getattr(manager.hook, name, None)
            if caller is None:
                continue
            for whole, attribute in ((manager.hook, name), (caller, _EXECUTE)):
                self._add("how hooks are called", whole, attribute)
            for attribute in _LISTS:
                there = _asked(_reader(caller, attribute))
                if type(there) is list:
                    self._add("how hooks are called", caller, attribute)
                    self._lists.append((name, there))
        self._whole = [list(there) for _, there in self._lists]
        for name, there in self._lists:
            for implementation in there:
                self._add("the hook " + name, implementation, "function")
        self._then = list(map(_asked, self._reads))
        self._line = list(self._then)
        """The same, and each list before what is in it: where one ends shows, too."""
        for (_, now), then in zip(self._lists, self._whole):  # noqa: B905 Python 3.8
            self._line.append(now)
            self._line += then
        self._known |= set(map(id, self._then))

    def whole(self) -> bool:
        """Whether all is as it was."""
        try:
            now = [read() for read in self._reads]
        except AttributeError:  # it is gone
            return False
        for _, there in self._lists:
            now.append(there)
            now += there
        return len(now) == len(self._line) and all(map(is_, now, self._line))

    def altered(self) -> list[tuple[str, Any]]:
        """What is not as it was: its name, and what is there now."""
        found = [
            (name, _asked(read))
            for name, read, then in zip(self._names, self._reads, self._then)  # noqa: B905 Python 3.8
            if _asked(read) is not then
        ]
        for (name, now), then in zip(self._lists, self._whole):  # noqa: B905 Python 3.8
            old = set(map(id, then))
            come = [_reader(new, "function") for new in now if id(new) not in old]
            found += [("the hook " + name, _asked(read)) for read in come]
            # One that is gone shows in what it no longer does; who took it is not known.
        return found

    def _add(self, name: str, thing: Any, attribute: str) -> None:
        self._names.append(name)
        self._reads.append(_reader(thing, attribute))


def _reader(thing: Any, attribute: str) -> Callable[[], Any]:
    """What reads an attribute of an object, if the object itself has it; a slot with nothing in it raises."""
    for cls in type.mro(type(thing)):
        slot = names_of(cls).get(attribute)
        if type(slot) is MemberDescriptorType:
            return partial(slot.__get__, thing)
        if "__dict__" in names_of(cls):
            return partial(names_of(cls)["__dict__"].__get__(thing).get, attribute)
    return _nothing


def _asked(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except AttributeError:
        return None


def _nothing() -> None:
    return None
