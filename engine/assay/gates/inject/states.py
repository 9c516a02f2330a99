"""What lasts from test to test in a process: the state of the project's modules, and the world around them.
Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. Looking changes nothing: no method of the project
is called, attributes are read from the objects' own dictionaries and slots. A look is bounded: at most DEPTH
steps from a module's names; of containers with more than LARGE items only their size counts. Whether another
look would see the same is told at a small part of its cost.
"""

from __future__ import annotations

import collections
import contextvars
import functools
import gc
import io
import itertools
import locale
import logging
import operator
import os
import random
import signal
import sys
import threading
import time
import types
import weakref
from typing import Any

DEPTH = 4
LARGE = 2000

WORLD = "*"

_BY_VALUE = frozenset({str, bytes, int, bool, float, complex})
_LEAVES = _BY_VALUE | {type(None), types.CodeType, types.FrameType, types.BuiltinFunctionType}
_OF_CLASSES = frozenset(
    {
        "__abstractmethods__", "__annotations__", "__annotations_cache__", "__dict__", "__doc__",
        "__slotnames__", "__subclasshook__", "__weakref__", "_abc_impl", "_classSetupFailed",
        "_class_cleanups", "tearDown_exceptions",
    }
)  # fmt: skip
"""What Python, `copyreg` and `unittest` keep in classes for themselves."""

_NAMES = frozenset({"__builtins__", "__warningregistry__", "__cached__", "__spec__", "__loader__"})
_CACHED = type(functools.lru_cache()(len))
_BUFFERS: dict[Any, Any] = {io.StringIO: io.StringIO.getvalue, io.BytesIO: io.BytesIO.getvalue}
_OPAQUE = frozenset({bytearray, type(itertools.count()), types.GeneratorType, random.Random, *_BUFFERS})
_HANDLED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGCHLD")]
_UNKEPT = frozenset({"PYTEST_CURRENT_TEST", "COLUMNS", "LINES"})

_SIZED = (dict, list, tuple, set, frozenset, collections.deque)


def _size(value: Any) -> int:
    base = next((each for each in _SIZED if issubclass(type(value), each)), None)
    return base.__len__(value) if base is not None else 0


def _is_database(kind: type) -> bool:
    return kind.__name__ == "Connection" and kind is getattr(sys.modules.get("sqlite3"), "Connection", None)


def _written(connection: Any) -> Any:
    """How much was written by way of a connection; its data may be nowhere else."""
    try:
        return connection.total_changes, connection.in_transaction
    except Exception:  # closed, or another thread's
        return None


def _content(value: Any) -> Any:
    """What an object holds that is no object of its own."""
    kind = type(value)
    if kind is bytearray:
        return bytes(value)
    if kind in _BUFFERS:
        return None if value.closed else _BUFFERS[kind](value)
    if _is_database(kind):
        return _written(value)
    if issubclass(kind, _SIZED):
        return _size(value)
    if kind is types.GeneratorType:
        return value.gi_frame.f_lasti if value.gi_frame is not None else -2
    return hash(random.Random.getstate(value)) if kind is random.Random else repr(value)


def of_module(module: types.ModuleType) -> Look:
    """What can be reached from a module's names, in an order that follows from them."""
    look = Look(module.__name__)
    look.names(vars(module))
    look.remember()
    return look


def of_value(value: Any) -> Look:
    """What can be reached from one object."""
    look = Look("")
    look.value(value, 0)
    look.remember()
    return look


def differ(before: list[Any], after: list[Any]) -> bool:
    """Whether two looks at the same place saw different things."""
    if len(before) != len(after):
        return True
    for a, b in zip(before, after):  # noqa: B905 -- Python 3.8, and equally long
        if a is not b and not (type(a) is type(b) and type(a) in _BY_VALUE and a == b):
            return True
    return False


def world() -> list[Any]:
    """What of the process outside of the project's modules lasts from test to test."""
    found: list[Any] = [*sorted(item for item in os.environ.items() if item[0] not in _UNKEPT), None]
    found = [text for item in found if item for text in item]
    found += [
        os.path.realpath("."),
        *sys.path,
        *sys.meta_path,
        *sys.path_hooks,
        sys.excepthook,
        sys.displayhook,
    ]
    found += [sys.getrecursionlimit(), gc.isenabled(), threading.active_count(), sys.stdout, sys.stderr]
    found += [signal.getsignal(number) for number in _HANDLED]
    found += [locale.setlocale(locale.LC_ALL), logging.root.level, logging.root.disabled]
    found += [logging.root.manager.disable, *logging.root.handlers]
    for variable, value in contextvars.copy_context().items():
        if variable.name != "decimal_context":
            found += [variable, value]
    if "decimal" in sys.modules:
        context = sys.modules["decimal"].getcontext()
        found += [context.prec, context.rounding, *context.traps.values()]
    for module in (sys.modules["builtins"], os, time):
        values = [value for name, value in vars(module).items() if name != "_"]
        found += [repr(value) if type(value) is tuple else value for value in values]  # tzname is made anew
    return found


def caches(modules: list[types.ModuleType]) -> list[Any]:
    """The functools caches of functions of these modules, wherever they are kept: below other decorators, in
    attributes of objects; and those of others' functions that are names here, or attributes of classes."""
    names = {module.__name__ for module in modules}
    found = [each for each in gc.get_objects() if type(each) is _CACHED]
    kept = {id(each): each for each in found if getattr(each, "__module__", None) in names}
    for module in modules:
        for value in list(vars(module).values()):
            inner = list(vars(value).values()) if issubclass(type(value), type) else []
            for each in [value, *inner]:
                bare = each.__func__ if type(each) in (classmethod, staticmethod) else each
                if type(bare) is _CACHED:
                    kept[id(bare)] = bare
    return list(kept.values())


class Look:
    """One look at one place: the objects `found`; the `holders` of names among them (the object, what it is
    called, its names as they are now); module and qualified name of the classes that have instances there."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._seen: set[int] = set()
        self.found: list[Any] = []
        self.holders: list[tuple[Any, str, dict[str, Any]]] = []
        self.held: set[tuple[str, str]] = set()
        self._inner: list[Any] = []
        self._opaque: list[tuple[Any, Any]] = []
        self._referents: list[Any] = []

    @property
    def size(self) -> int:
        """How many objects it takes to tell whether anything has changed."""
        return len(self._referents)

    def remember(self) -> None:
        """Keep what tells later whether anything has changed."""
        self._referents = gc.get_referents(*self._inner)

    def same(self) -> bool:
        """Whether nothing that was looked into has changed, so that another look would find the same. May
        say no where one would."""
        now = gc.get_referents(*self._inner)
        if len(now) != len(self._referents) or not all(map(operator.is_, now, self._referents)):
            return False
        return all(_content(each) == then for each, then in self._opaque)

    def _keep(self, holder: Any) -> None:
        """What `holder` consists of is looked into, or no more than how much that is."""
        size = _size(holder)
        if size > LARGE:
            self._opaque.append((holder, size))
        else:
            self._inner.append(holder)

    def names(self, namespace: Any) -> None:
        """Look at a module's dictionary."""
        self._keep(namespace)
        self._hold(namespace, self._module, namespace)
        for name, value in list(namespace.items()):
            if name not in _NAMES and not issubclass(type(value), types.ModuleType):
                self.found.append(name)
                self.value(value, 0)

    def _hold(self, holder: Any, label: str, namespace: Any) -> None:
        if len(namespace) <= LARGE:
            self.holders.append((holder, label, dict(namespace)))

    def value(self, value: Any, depth: int) -> None:
        # By its type: an object that stands for another would be asked for its class, and wake.
        kind = type(value)
        if issubclass(kind, types.ModuleType):
            return
        self.found.append(value)
        if depth > DEPTH or kind in _LEAVES or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._keep(value)
        if issubclass(kind, type):
            self._class(value, depth)
        elif kind is types.FunctionType:
            self._function(value, depth)
        elif kind in (classmethod, staticmethod):
            self.value(value.__func__, depth)
        elif kind is not property:
            self._object(value, kind, depth)

    def _object(self, value: Any, kind: type, depth: int) -> None:
        if issubclass(kind, dict):
            self._items(dict.keys(value), dict.__len__(value), depth)
            self._items(dict.values(value), dict.__len__(value), depth)
        elif issubclass(kind, (list, tuple, collections.deque)):
            base = next(each for each in (list, tuple, collections.deque) if issubclass(kind, each))
            self._items(base.__iter__(value), base.__len__(value), depth)
        elif issubclass(kind, (set, frozenset)):
            values = set.__iter__(value) if issubclass(kind, set) else frozenset.__iter__(value)
            self.found += sorted(map(id, values))
        elif kind in _OPAQUE or _is_database(kind):
            self._opaque.append((value, _content(value)))
            self.found.append(self._opaque[-1][1])
        elif kind is weakref.WeakKeyDictionary:
            # A stream as a key is known to nobody but the test that made it.
            pairs = [(ref(), each) for ref, each in list(value.data.items())]
            kept = [pair for pair in pairs if not issubclass(type(pair[0]), io.IOBase)]
            self._keep(value.data)
            self._items([each for pair in kept for each in pair], len(kept), depth)
            return
        self._attributes(value, kind, depth)

    def _items(self, values: Any, size: int, depth: int) -> None:
        self.found.append(size)
        if size <= LARGE:
            for each in list(values):
                self.value(each, depth + 1)

    def _attributes(self, value: Any, kind: type, depth: int) -> None:
        if kind.__module__.partition(".")[0] in ("_pytest", "pluggy", "logging", "functools", "re", "_io"):
            return
        try:
            own = value.__dict__ if kind is threading.local else object.__getattribute__(value, "__dict__")
        except Exception:  # an object may refuse, or have none
            own = None
        if type(own) is dict:
            self._keep(own)
            self.held |= {(each.__module__, each.__qualname__) for each in kind.__mro__}
            self._hold(own, kind.__qualname__, own)
            self._items(own.values(), len(own), depth)
        for each in kind.__mro__:
            slots = vars(each).get("__slots__", ())
            for slot in (slots,) if isinstance(slots, str) else tuple(slots):
                member = vars(each).get(slot)
                if isinstance(member, types.MemberDescriptorType):
                    try:
                        self.value(member.__get__(value), depth + 1)
                    except AttributeError:
                        self.found.append(None)

    def _elsewhere(self, value: Any) -> bool:
        """Whether a class or function is looked at where it is defined. One that was made in a call is a name
        of no other module than those that keep it."""
        return value.__module__ != self._module and "<locals>" not in value.__qualname__

    def _class(self, value: type, depth: int) -> None:
        if self._elsewhere(value):
            return
        self._inner.append(vars(value))
        self._inner += gc.get_referents(vars(value))
        self._hold(value, value.__qualname__, vars(value))
        for name, each in list(vars(value).items()):
            if name not in _OF_CLASSES:
                self.found.append(name)
                self.value(each, depth + 1)

    def _function(self, value: Any, depth: int) -> None:
        if self._elsewhere(value):
            return
        self._keep(vars(value))
        for each in (value.__defaults__, value.__kwdefaults__, vars(value)):
            if each:
                self.value(each, depth)
        for cell in value.__closure__ or ():
            self._inner.append(cell)
            try:
                self.value(cell.cell_contents, depth + 1)
            except ValueError:
                self.found.append(None)
