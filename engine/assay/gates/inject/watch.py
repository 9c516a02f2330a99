"""Watches what decides outcomes: pytest, pluggy, unittest, builtins, clocks, processes. Injected: see
`boot.py`.

Promises: what there was before any code of the project ran is compared by identity, a part after each test
and all of it after collection and at the end. Each change is told once, by its name, with the file whose
code took the place if that can be told. Whether it means anything is for the reader, who knows what happens
on the base. A look calls nothing that the project may have put there: it belongs to the vault.
"""

from __future__ import annotations

import builtins
import subprocess
import sys
import sysconfig
import unittest.case
from collections.abc import Callable
from functools import partial
from io import FileIO
from sys import _getframe as frame_of
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from assay.gates.inject.deciders import code_of, names_of
from assay.gates.inject.groups import Group, Look, groups_of, is_a, of_module
from assay.gates.inject.hooking import Hooking
from assay.gates.inject.machinery import (
    BUILTINS,
    CALL,
    HOOKS,
    OF_A_TEST,
    OURS,
    PARTS,
    STANDING,
    VITAL,
    WALKS,
    WATCHED,
)
from assay.gates.inject.sources import Origin, Tree
from assay.gates.inject.vault import Vault

_INSTALLED = tuple({sysconfig.get_path(kind).rstrip("/") + "/" for kind in ("purelib", "platlib")})
_REPLACED = frozenset({"builtins", *(name.partition(".")[0] for name in PARTS)})
_MAKING = ("compile", "code.__new__")
_PARTS = ("__code__", "__defaults__", "__kwdefaults__")
_attributes_of = vars(unittest.case.TestCase)["__dict__"].__get__
_ASSERTIONS = frozenset(name for name in vars(unittest.case.TestCase) if name.startswith(("assert", "fail")))


class Standing:
    """What decides outcomes, as of its making: before any code of the project runs. Forks share one."""

    def __init__(self) -> None:
        groups = {name: list(groups_of([name])) for name in (*VITAL, *WATCHED, *CALL)}

        def of(names: list[str]) -> list[Group]:
            return [group for name in names for group in groups[name]]

        vital = [Group(vars(builtins), "builtins", BUILTINS)]
        vital += [Group(vars(sys.modules[name]), name, names) for name, names in PARTS.items()]
        self.vital = Look([*vital, *of(VITAL)])
        opened = Group(vars(subprocess.Popen), "subprocess.Popen", cls=subprocess.Popen)
        self.rest = Look([*of([name for name in WATCHED if name != OURS]), opened])
        case = unittest.case.TestCase
        self.asserts = Look([Group(vars(case), "unittest.case.TestCase", cls=case)])
        self.call = Look(of(CALL))
        self.looks = (self.vital, self.rest, self.asserts, self.call)
        names = [name for name in (*STANDING, *VITAL, *WATCHED) if name in sys.modules]
        self.modules = {name: sys.modules[name] for name in names}


class Watch:
    """The state as of its making, or of that of `standing`. `tell(what, path)` hears of each alteration once,
    with the file whose code took the place (may be empty). `replacing(module, name)` is the test file that
    itself replaces this, or empty."""

    def __init__(
        self,
        tree: Tree,
        tell: Callable[[str, str], None],
        replacing: Callable[[str, str], str],
        standing: Standing,
    ) -> None:
        self._product = tree.product
        self._inside = tree.inside
        self._manifest = tree.manifest
        self._tell = tell
        self._replacing = replacing
        self._running = False
        self._recoded = False
        """Whether a function that is watched was given other code: until then no code needs comparing."""
        self._told: set[str] = set()
        self._standing = standing
        # What of ours is put there already is how it should be.
        self._changed = Look(list(groups_of([OURS])))
        self._spaces: dict[int, _Space] = {}
        self._hooking: Hooking | None = None
        self._modules: list[Group] = []
        self._functions: set[int] = set()
        """Of these modules, by id: the groups keep them."""
        self._ours: tuple[Any, ...] = ()

    def guard(self, *plugins: object) -> None:
        """These plugins are ours: their hooks are no news, and that one of them is dropped is."""
        self._ours = plugins

    def add(self, name: str, space: dict[str, Any]) -> None:
        """Watch a trusted module from now on, as it is: what in it is defined in trusted files."""
        own = {entry for entry, value in space.items() if self._trusted(value)}
        groups = list(of_module(space, name, own))
        self._modules += groups
        self._functions.update(id(function) for group in groups for function in group.functions)
        self._spaces[id(space)] = _Space(space)
        for known in STANDING:
            if is_a(space.get(known), (ModuleType,)) and space[known] is not self._standing.modules.get(
                known
            ):
                self._once(f"{known} in {name}", "")

    def hooked(self, manager: Any) -> None:
        """Watch the hooks of a test as they are from now on."""
        self._hooking = Hooking(manager)

    def unittests(self) -> None:
        """Look at unittest's assertions, just before one is used."""
        self._look(self._standing.asserts)

    def vital(self) -> None:
        """Look at what decides the outcome of each test, behind one."""
        self._running = True
        self._vitals()

    def _vitals(self) -> None:
        self._look(self._standing.vital)
        for name, module in self._standing.modules.items():
            if sys.modules.get(name) is not module:
                self._once("the module " + name, "")
        tracer = sys.gettrace() or sys.getprofile()
        if tracer is not None:
            path = self._product(_file(tracer))
            if path:
                self._once("sys.settrace in " + path, path)

    def call(self, own: Any, space: Any, case: Any) -> None:
        """Look at what a test's call goes through, right before it and right after: what is put back in
        between is seen here, or nowhere. `own` are the attributes of the test itself, `space` the globals of
        its module, and `case` its object of a class; or None."""
        self._look(self._standing.call)
        if self._hooking is not None and not self._hooking.whole():
            for name, function in self._hooking.altered():
                if not _made_in(function).startswith(_INSTALLED):
                    self._once(name, self._inside(_made_in(function)))
            self._hooking.again()
        for name in OF_A_TEST.intersection(own) if type(own) is dict else ():
            if not _made_in(own[name]).startswith(_INSTALLED):
                self._once("a test's " + name, self._inside(_made_in(own[name])))
        known = self._spaces.get(id(space))
        for name in () if known is None else known.altered():
            self._once(f"{space.get('__name__')}.{name.split('_', 1)[0]}", "")
        if is_a(case, (unittest.case.TestCase,)):
            self._shadowed(case)

    def constants(self, origin: Origin) -> None:
        """Look at the constants of a test, behind its call."""
        if origin.written() != origin.constants:
            self._once("the constants of " + origin.label, "")

    def _shadowed(self, case: Any) -> None:
        """Tell of assertions of unittest that product code put upon one test case, or its class."""
        own = _attributes_of(case)
        # A class may have thousands of names: it is asked for the few, by functions of dictionaries alone.
        places = [(dict.keys(own), partial(dict.get, own))]
        for cls in type.mro(type(case)):
            if cls is unittest.case.TestCase:
                break
            names = names_of(cls)
            places.append((names.keys(), names.get))
        for there, get in places:
            if there.isdisjoint(_ASSERTIONS):
                continue
            for name in there & _ASSERTIONS:
                path = self._product(_file(get(name)))
                if path:
                    self._once("a test case's " + name, path)

    def everything(self, manager: Any) -> None:
        """Look at all, plugins and their hooks included."""
        self._vitals()
        self._look(self._standing.rest)
        self._look(self._changed)
        self._look(Look(self._modules))
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
            if is_a(plugin, (ModuleType,)):
                path = self._product(vars(plugin).get("__file__"))
                if path:
                    self._once("the plugin " + path.replace("/__init__.py", "/"), path)

    def listen(self, vault: Vault) -> None:
        """Hear of each code object that takes another's place in a function, however soon it is put back; of
        code that says it is of a file that is installed or trusted; and of product code that looks for what
        is ours."""

        def changed(arguments: Any) -> None:
            function, name, new = arguments
            if name not in _PARTS or type(function) is not FunctionType:
                return
            self._recoded |= name == "__code__" and self._watches(function)
            after = new.co_filename if name == "__code__" else frame_of(2).f_code.co_filename
            if vault.ours(function.__code__):
                self._once("the code of the reporter", self._product(after))
            elif name == "__code__":
                before = function.__code__.co_filename
                if before != after and not self._product(before):
                    self._once("the code of " + function.__qualname__, self._inside(after))

        def made(event: str, arguments: Any) -> None:
            path = arguments[1]
            if type(path) is not str or path.startswith(_INSTALLED) or self._inside(path) in self._manifest:
                tell(event, frame_of(2))

        def walked(event: str, arguments: Any) -> None:
            tell(event, frame_of(2))

        def tell(event: str, frame: Any) -> None:
            path = self._product(frame.f_code.co_filename)
            if path and not vault.ours(frame.f_code):
                self._once(event + " in " + path, path)

        vault.heard("object.__setattr__", changed)
        for event in _MAKING:
            vault.heard(event, partial(made, event))
        for event in WALKS:
            vault.heard(event, partial(walked, event))

    def _watches(self, function: Any) -> bool:
        """Whether the code of a function is looked at: libraries that give others to functions of their own
        when they are imported must not slow down every look from then on."""
        looks = (*self._standing.looks, self._changed)
        return id(function) in self._functions or any(look.has(function) for look in looks)

    def _look(self, look: Look) -> None:
        if look.whole(codes=self._recoded):
            return
        found = [group.found() for group in look.groups]
        for group, state in zip(look.groups, found):  # noqa: B905 Python 3.8
            for name, now in group.altered(state):
                if _by_library(group, name, now):
                    continue
                path = self._inside(_made_in(now)) or self._stood_in(group.label, name)
                self._once(group.label + "." + name, path)
            for name, new in group.added(state):
                made_in = _made_in(new)
                # What has no file of its own may be of anybody's making, whatever it says.
                odd = group.hides(name, new) and not self._inside(made_in)
                odd = odd and not _by_library(group, name, new)
                if odd or self._product(made_in) or self._product(_file(new)):
                    self._once(group.label + "." + name, self._product(made_in))
        # All that is odd in what was found has been told: as long as it stays so, there is no more to tell.
        look.settle(found)

    def _stood_in(self, module: str, name: str) -> str:
        """The test file that put a stand-in there for longer than one test (a fixture of a class, a module,
        the session), if one says so by name: a mock has no code that could tell. Not before the first test:
        what stands in so early is no fixture's."""
        if not self._running or module.partition(".")[0] not in _REPLACED:
            return ""
        return self._replacing(module, name)

    def _trusted(self, value: Any) -> bool:
        return is_a(value, (FunctionType, type)) and self._inside(_file(value)) in self._manifest

    def _once(self, what: str, path: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._tell(what, path)


class _Space:
    """The globals of a trusted module: what its marked and rewritten code calls, and what stands before a
    built-in name, as of its making."""

    def __init__(self, space: dict[str, Any]) -> None:
        self._space = space
        self._injected = {name: value for name, value in space.items() if name.startswith("@py")}
        self._builtins = self._hiding()

    def altered(self) -> list[str]:
        found = [name for name, value in self._injected.items() if self._space.get(name) is not value]
        return found + sorted(self._hiding() - self._builtins)

    def _hiding(self) -> set[str]:
        # The few names are looked for among the many: a module of tests may have thousands.
        return set(filter(self._space.__contains__, BUILTINS))


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


def _by_library(group: Group, name: str, value: Any) -> bool:
    """Whether it is an installed library that put this in a place, as some do when they are imported. With
    clocks and processes it is enough that it is of one. What judges tests could be given any function that
    happens to say yes: there the library itself has to say that it puts something in this very place."""
    made_in = _made_in(value)
    if not made_in.startswith(_INSTALLED):
        return False
    return group.label in PARTS or _puts(made_in, group.label.rpartition(".")[2], name)


def _puts(file: str, owner: str, name: str) -> bool:
    """Whether a source assigns to this attribute, or sets it. By its bytes, which nothing of the project's
    has a part in reading, as it may in a parser."""
    try:
        with FileIO(file) as source:
            text = source.readall() or b""
    except Exception:  # what cannot be read says nothing
        return False
    forms = (f"{owner}.{name} = ", f'({owner}, "{name}", ', f"({owner}, '{name}', ")
    return any(form.encode("utf-8", "replace") in text for form in forms)


def _made_in(value: Any) -> str:
    """The file that the code of a callable, or all of a class, is of; empty if there is none. Other than a
    name of a module, code cannot be made to look as if it were of another file without being heard."""
    try:
        if not is_a(value, (type,)):
            return _code_file(value)
        files = set(map(_code_file, names_of(value).values()))
        written = [file for file in files if file and not file.startswith("<")]
        return written[0] if len(written) == 1 else ""
    except Exception:  # whatever it is, it has none then
        return ""


def _code_file(value: Any) -> str:
    while type(value) in (MethodType, staticmethod, classmethod):
        value = value.__func__
    code = code_of(value.fget if type(value) is property else value)
    # A name of a class of its own is not asked.
    return code.co_filename if code is not None and type(code.co_filename) is str else ""


def _file(value: Any) -> str:
    """The same, or else the file that a class or an object says it is of. Nothing of the value's own runs."""
    try:
        if file := _code_file(value):
            return file
        if type(value) is BuiltinFunctionType:
            name = value.__module__
        else:
            name = names_of(value if is_a(value, (type,)) else type(value)).get("__module__")
        module = sys.modules.get(name) if type(name) is str else None
        found = vars(module).get("__file__") if type(module) is ModuleType else None
        return found if type(found) is str else ""
    except Exception:  # whatever it is, it has none then
        return ""
