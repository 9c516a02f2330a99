"""Watches what decides outcomes: pytest, pluggy, unittest, builtins, clocks, processes. Injected: see
`boot.py`.

Promises: what there was before any code of the project ran is compared by identity, a part after each test
and all of it after collection and at the end. Each change is told once, by its name, with the file whose
code took the place if that can be told. Whether it means anything is for the reader, who knows what happens
on the base.
"""

from __future__ import annotations

import builtins
import subprocess
import sys
import sysconfig
import unittest.case
from collections.abc import Callable, Iterator
from operator import attrgetter, is_
from sys import _getframe as frame_of
from sys import addaudithook
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from assay.gates.inject.machinery import (
    BUILTINS,
    CALL,
    HOOKS,
    OF_A_TEST,
    PARTS,
    VITAL,
    WALKS,
    WATCHED,
)
from assay.gates.inject.sources import Tree

_KINDS = (FunctionType, BuiltinFunctionType, MethodType, type, staticmethod, classmethod, property)
_INSTALLED = tuple({sysconfig.get_path(kind).rstrip("/") + "/" for kind in ("purelib", "platlib")})
_REPLACED = frozenset({"builtins", *(name.partition(".")[0] for name in PARTS)})
_code = attrgetter("__code__")
_MAKING = ("compile", "code.__new__")
_ASSERTIONS = frozenset(name for name in vars(unittest.case.TestCase) if name.startswith(("assert", "fail")))


class Watch:
    """The state as of its making. `tell(what, path)` hears of each alteration once, with the file whose code
    took the place (may be empty). `ours` are the code objects of what is injected. `replacing(module, name)`
    is the test file that itself replaces this, or empty."""

    def __init__(
        self,
        tree: Tree,
        tell: Callable[[str, str], None],
        ours: list[Any],
        replacing: Callable[[str, str], str],
    ) -> None:
        self._product = tree.product
        self._inside = tree.inside
        self._manifest = tree.manifest
        self._tell = tell
        self._replacing = replacing
        self._running = False
        self._told: set[str] = set()
        self._vital = [_Group(vars(builtins), "builtins", BUILTINS)]
        self._vital += [_Group(vars(sys.modules[name]), name, names) for name, names in PARTS.items()]
        self._vital += list(_groups(VITAL))
        self._rest = list(_groups(WATCHED))
        self._rest += [
            _Group(vars(cls), cls.__module__ + "." + cls.__qualname__) for cls in (subprocess.Popen,)
        ]
        self._asserts = _Group(vars(unittest.case.TestCase), "unittest.case.TestCase")
        self._call = list(_groups(CALL))
        self._spaces: dict[int, _Space] = {}
        self._hooks: _Hooks | None = None
        self._codes = {id(code): code for code in ours}  # kept, so that their ids stay theirs
        self._modules: list[_Group] = []
        self._ours: tuple[Any, ...] = ()
        self._audit()

    def guard(self, *plugins: object) -> None:
        """These plugins are ours: their hooks are no news, and that one of them is dropped is."""
        self._ours = plugins

    def add(self, module: Any) -> None:
        """Watch a trusted module from now on, as it is: what in it is defined in trusted files."""
        own = {name for name, value in vars(module).items() if self._trusted(value)}
        self._modules += _of_module(module, module.__name__, own)
        self._spaces[id(vars(module))] = _Space(vars(module))

    def hooked(self, manager: Any) -> None:
        """Watch the hooks of a test as they are from now on."""
        self._hooks = _Hooks(manager)

    def unittests(self) -> None:
        """Look at unittest's assertions, just before one is used."""
        if not self._asserts.whole():
            self._look([self._asserts])

    def vital(self) -> None:
        """Look at what decides the outcome of each test, behind one."""
        self._running = True
        self._vitals()

    def _vitals(self) -> None:
        self._look(self._vital)
        tracer = sys.gettrace() or sys.getprofile()
        if tracer is not None:
            path = self._product(_file(tracer))
            if path:
                self._once("sys.settrace in " + path, path)

    def call(self, item: Any, module: Any) -> None:
        """Look at what a test's call goes through, right before it and right after: what is put back in
        between is seen here, or nowhere. `module` is the test's, or None."""
        self._look(self._call)
        if self._hooks is not None and not self._hooks.whole():
            for name, function in self._hooks.altered():
                if not _file(function).startswith(_INSTALLED):
                    self._once(name, self._inside(_file(function)))
        own = vars(item)
        for name in OF_A_TEST.intersection(own):
            if not _file(own[name]).startswith(_INSTALLED):
                self._once("a test's " + name, self._inside(_file(own[name])))
        space = self._spaces.get(id(vars(module))) if _is(module, (ModuleType,)) else None
        for name in () if space is None else space.altered():
            self._once(module.__name__ + "." + name.split("_", 1)[0], "")
        self._shadowed(getattr(item, "_instance", None) or getattr(item, "_testcase", None))

    def _shadowed(self, case: Any) -> None:
        """Tell of assertions of unittest that product code put upon one test case, or its class."""
        if not _is(case, (unittest.case.TestCase,)):
            return
        for there in (vars(case), *map(vars, type.mro(type(case)))):
            if there is vars(unittest.case.TestCase):
                return
            for name in _ASSERTIONS.intersection(there):
                path = self._product(_file(there[name]))
                if path:
                    self._once("a test case's " + name, path)

    def everything(self, manager: Any) -> None:
        """Look at all, plugins and their hooks included."""
        self._vitals()
        self._look(self._rest)
        self._look(self._modules)
        for name in HOOKS:
            for implementation in getattr(manager.hook, name).get_hookimpls():
                path = self._product(_file(implementation.function))
                if path and not any(implementation.plugin is own for own in self._ours):
                    self._once("the hook " + name + " in " + path, path)
        registered = manager.get_plugins()
        self._plugins(registered)
        if not all(any(plugin is own for plugin in registered) for own in self._ours):
            self._once("the reporting plugin", "")

    def _plugins(self, registered: Any) -> None:
        """Tell of the project's own: a package by its directory, any file of which may have its hooks."""
        for plugin in registered:
            if _is(plugin, (ModuleType,)):
                path = self._product(vars(plugin).get("__file__"))
                if path:
                    self._once("the plugin " + path.replace("/__init__.py", "/"), path)

    def _audit(self) -> None:
        """Hear of each code object that takes another's place in a function, however soon it is put back; of
        code that says it is of an installed file; and of product code that looks for what is ours."""

        def hook(event: str, arguments: Any) -> None:
            if event == "object.__setattr__" and arguments[1] == "__code__":
                function, _, code = arguments
                before, after = function.__code__.co_filename, code.co_filename
                if id(function.__code__) in self._codes:
                    self._once("the code of the reporter", self._inside(after))
                elif before != after and not self._product(before):
                    self._once("the code of " + function.__qualname__, self._inside(after))
            elif event in WALKS or (event in _MAKING and _installed(arguments[1])):
                path = self._product(frame_of(1).f_code.co_filename)
                if path:
                    self._once(event + " in " + path, path)

        addaudithook(hook)

    def _look(self, groups: list[_Group]) -> None:
        for group in groups:
            if not group.whole():
                for name, now in group.altered():
                    file = _file(now)
                    if _is(now, (FunctionType, type)) and file.startswith(_INSTALLED):
                        continue  # what is installed is no candidate's: a library that patches when imported
                    path = self._inside(file) or self._stood_in(group.label, name)
                    self._once(group.label + "." + name, path)

    def _stood_in(self, module: str, name: str) -> str:
        """The test file that put a stand-in there for longer than one test (a fixture of a class, a module,
        the session), if one says so by name: a mock has no code that could tell. Not before the first test:
        what stands in so early is no fixture's."""
        if not self._running or module.partition(".")[0] not in _REPLACED:
            return ""
        return self._replacing(module, name)

    def _trusted(self, value: Any) -> bool:
        return _is(value, (FunctionType, type)) and self._inside(_file(value)) in self._manifest

    def _once(self, what: str, path: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._tell(what, path)


class _Group:
    """Some names of one module or class, as they were. `there` is its namespace, which stays up to date."""

    def __init__(self, there: Any, label: str, names: Any = None) -> None:
        entries = [
            (name, value)
            for name, value in list(there.items())
            if _is(value, _KINDS) and (names is None or name in names)
        ]
        self.label = label
        self._get = there.get
        self._names = tuple(name for name, _ in entries)
        self._values = tuple(value for _, value in entries)
        self._functions = tuple(value for value in self._values if type(value) is FunctionType)
        self._codes = tuple(map(_code, self._functions))

    def whole(self) -> bool:
        """Whether nothing was altered; by functions in C throughout, since it is asked after every test."""
        return all(map(is_, map(self._get, self._names), self._values)) and all(
            map(is_, map(_code, self._functions), self._codes)
        )

    def altered(self) -> Iterator[tuple[str, Any]]:
        """What was altered, with what is there now."""
        for name, value in zip(self._names, self._values):  # noqa: B905 Python 3.8
            now = self._get(name)
            if now is not value:
                yield name, now
        for function, code in zip(self._functions, self._codes):  # noqa: B905 Python 3.8
            if function.__code__ is not code:
                yield function.__name__, function


class _Hooks:
    """What the hooks of a test call, and by what, as of its making."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._then = self._now()

    def whole(self) -> bool:
        now, then = self._now(), self._then
        return len(now) == len(then) and all(map(is_, now, then))

    def altered(self) -> list[tuple[str, Any]]:
        """What is not as it was, with what is there; it counts as known from then on."""
        known, self._then = {id(part) for part in self._then}, self._now()
        found = [("how hooks are called", part) for part in self._callers() if id(part) not in known]
        for name in HOOKS:
            for implementation in getattr(self._manager.hook, name).get_hookimpls():
                function = implementation.function
                if id(function) not in known:
                    found.append(("the hook " + name, function))
        return found

    def _now(self) -> list[Any]:
        parts = self._callers()
        for name in HOOKS:
            for implementation in getattr(self._manager.hook, name).get_hookimpls():
                parts += (implementation, implementation.function)
        return parts

    def _callers(self) -> list[Any]:
        callers = [getattr(self._manager.hook, name) for name in HOOKS]
        execute = [getattr(caller, "_hookexec", None) for caller in callers]
        return [getattr(self._manager, "_inner_hookexec", None), *execute, *callers]


class _Space:
    """The globals of a trusted module: what its marked and rewritten code calls, and what stands before a
    built-in name, as of its making."""

    def __init__(self, space: dict[str, Any]) -> None:
        self._space = space
        self._injected = {name: value for name, value in space.items() if name.startswith("@py")}
        self._builtins = BUILTINS.intersection(space)

    def altered(self) -> list[str]:
        found = [name for name, value in self._injected.items() if self._space.get(name) is not value]
        return found + sorted(BUILTINS.intersection(self._space) - self._builtins)


def shadows(tree: Tree, tell: Callable[[str, str], None]) -> None:
    """Tell of loaded modules that come from the project, before its code has any business to run: start-up
    hooks, and what stands in for a module of Python or pytest."""
    told = {"__main__"}
    for name, module in sorted(sys.modules.items()):
        path = tree.inside(getattr(module, "__file__", None))
        package = name.split(".", 1)[0]
        if path and package not in told:
            told.add(package)
            tell("the module " + package, path)


def _groups(names: list[str]) -> Iterator[_Group]:
    for name in names:
        module = sys.modules.get(name)
        if module is not None:
            yield from _of_module(module, name)


def _installed(path: Any) -> bool:
    return type(path) is str and path.startswith(_INSTALLED)


def _of_module(module: Any, name: str, names: Any = None) -> Iterator[_Group]:
    yield _Group(vars(module), name, names)
    for cls in list(vars(module).values()):
        if _is(cls, (type,)) and cls.__module__ == name:
            yield _Group(vars(cls), name + "." + cls.__qualname__)


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """`isinstance` by the real type: a proxy's `__class__` may raise, or lie."""
    return issubclass(type(value), kinds)


def _file(value: Any) -> str:
    """The file of the code behind a callable or class; empty if unknown."""
    try:
        while _is(value, (MethodType, staticmethod, classmethod)):
            value = value.__func__
        if _is(value, (property,)):
            value = value.fget
        code = getattr(value, "__code__", None) or getattr(_caller(value), "__code__", None)
        if code is not None:
            return str(code.co_filename)
        module = sys.modules.get(str(getattr(value, "__module__", "")))
        return str(getattr(module, "__file__", None) or "")
    except Exception:  # any object at all may stand there, and raise at a look
        return ""


def _caller(value: Any) -> Any:
    return next((cls.__dict__["__call__"] for cls in type(value).__mro__ if "__call__" in cls.__dict__), None)
