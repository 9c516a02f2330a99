"""What a path stands for in one tree, through imports, re-exports, stars, variables and calls.

Promises: pure but for reading blobs; `Missing` is only said of a module that could be read and lists what it
binds, and is `sure` only where nothing could bind the name unseen. Every answer comes with its trail: the
symbols (`module:name`) that it rests on.
"""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from assay.patchset.facts.definitions import ATTRIBUTE
from assay.patchset.facts.library import Library
from assay.patchset.facts.modules import Modules, absolute
from assay.patchset.facts.records import (
    CALL,
    IMPORTED,
    SUPER,
    UNKNOWN,
    Binding,
    Definition,
    Kind,
    Module,
    Path,
)
from assay.patchset.meanings import Instance, Missing, Outside, Symbol, Target, Trail, Unknown, Whole

DEEPEST = 24
"""Imports of imports, bases of bases: more steps than any honest source takes."""
_BUILTINS = frozenset(dir(builtins))
_OF_FUNCTIONS = frozenset(dir(absolute)) | {"cache_clear", "cache_info", "cache_parameters", "register"}
"""Attributes that functions have of themselves, or from a decorator that leaves them what they are."""


class Resolver(ABC):
    """One tree: the blobs of its paths, with some modules told apart from what their blob says. What is asked
    of a class is looked up by those who know classes."""

    def __init__(
        self,
        library: Library,
        modules: Modules,
        blobs: Mapping[str, str],
        changed: Mapping[str, str],
        told: Mapping[str, Module] | None = None,
    ) -> None:
        self._library = library
        self.modules = modules
        self._blobs = blobs
        self._changed = changed
        self._told = told or {}

    def blob(self, path: str) -> str:
        """The blob at a path, '' if there is none."""
        return self._changed[path] if path in self._changed else self._blobs.get(path, "")

    def paths(self) -> Iterator[str]:
        """Every file of the tree."""
        yield from (path for path in self._blobs if self._changed.get(path, "there"))
        yield from (path for path, blob in self._changed.items() if blob and path not in self._blobs)

    def source(self, blob: str) -> bytes:
        """A blob's bytes."""
        return self._library.source(blob)

    @property
    def library(self) -> Library:
        """The facts of its sources."""
        return self._library

    def says(self, blob: str, text: str) -> bool:
        """Whether a Python source has this very text as a literal."""
        return self._library.says(blob, text)

    def speaks_of(self, text: str) -> bool:
        """Whether some module of the tree has this very text as a literal."""
        blobs = {self.blob(path) for path in self.modules.path_of.values()}
        return any(self._library.says(blob, text) for blob in blobs if blob)

    def at(self, path: str) -> Module | None:
        """The module in a file, None where there is none that can be read."""
        if path in self._told:
            return self._told[path]
        blob = self.blob(path)
        return self._library.module(blob) if blob else None

    def module(self, name: str) -> Module | None:
        """The module of a name."""
        path = self.modules.path_of.get(name)
        return self.at(path) if path is not None else None

    # -- what a path stands for

    def resolve(self, module: str, path: Path, trail: Trail, depth: int = 0) -> Target:
        """What `path` stands for at the top of `module`; adds what the answer rests on to `trail`."""
        if depth > DEEPEST:
            return Unknown()
        root = path[0]
        if root == UNKNOWN:
            return Unknown(path[-1] if len(path) > 1 and path[-1] != CALL else "")
        steps = path[1:]
        if root.startswith(IMPORTED):
            name, _, symbol = root[len(IMPORTED) :].partition(":")
            found = self._imported(self.absolute(name, module), symbol, trail, depth)
        elif root.startswith(SUPER):
            if not steps:
                return Unknown()
            found = self._super(module, root[len(SUPER) :], steps[0], trail, depth)
            steps = steps[1:]
        else:
            found = self._global(module, root, trail, depth)
        for step in steps:
            if isinstance(found, Missing):
                return found
            found = self._step(found, step, trail, depth)
        return found

    def absolute(self, name: str, here: str) -> str:
        """The absolute name of a module that `here` imports as `name`."""
        return absolute(name, here, self.modules.is_package(here))

    def _global(self, module: str, name: str, trail: Trail, depth: int) -> Target:
        here = self.module(module)
        if here is None:
            return Unknown()
        trail.add(f"{module}:{name}")
        definition = here.definitions.get(name)
        if definition is not None:
            return self._defined(module, definition, trail, depth)
        found, sure = self._starred(module, here, name, trail, depth)
        if found is not None:
            return found
        if name in _BUILTINS or name.startswith("__"):
            return Outside("builtins", name)
        return Missing(f"{module}:{name}", sure=sure and not here.open)

    def _starred(
        self, module: str, here: Module, name: str, trail: Trail, depth: int
    ) -> tuple[Target | None, bool]:
        """What a name is by `from x import *`, and whether all of those could be looked through."""
        sure = True
        for star in reversed(here.stars):
            other = self.absolute(star, module)
            source = self.module(other)
            if source is None or depth > DEEPEST:
                sure = False
                continue
            trail.add(f"{other}:{name}")
            if source.exports is not None:
                if name not in source.exports:
                    continue
            elif name.startswith("_"):
                continue
            found = self._imported(other, name, trail, depth + 1)
            if not isinstance(found, Missing):
                return found, True
            sure = sure and found.sure
        return None, sure

    def _defined(self, module: str, definition: Definition, trail: Trail, depth: int) -> Target:
        if definition.kind is Kind.IMPORT:
            other = self.absolute(definition.module, module)
            return self._imported(other, definition.symbol, trail, depth + 1)
        symbol = Symbol(module, definition.name, definition)
        if definition.value and CALL not in definition.value and definition.value[0] != definition.name:
            held = self._held(symbol, definition.value, trail, depth)
            if isinstance(held, Symbol) and held.definition.kind is not Kind.VARIABLE:
                return held  # another name for it
        return symbol

    def _imported(self, module: str, symbol: str, trail: Trail, depth: int) -> Target:
        if depth > DEEPEST:
            return Unknown()
        if not module or not self.modules.is_ours(module):
            return Outside(module, symbol)
        trail.add(f"{module}:")
        here = self.module(module)
        if here is None and (module in self.modules.path_of):
            return Unknown()
        if here is None and not self.modules.is_directory(module):
            return Missing(f"{module}:", sure=True)
        if not symbol:
            return Whole(module)
        return self._of_module(module, symbol, trail, depth)

    def _of_module(self, module: str, name: str, trail: Trail, depth: int) -> Target:
        here = self.module(module)
        trail.add(f"{module}:{name}")
        sure = True
        if here is not None:
            definition = here.definitions.get(name)
            if definition is not None and not self._is_own_submodule(module, name, definition):
                return self._defined(module, definition, trail, depth)
            found, sure = self._starred(module, here, name, trail, depth)
            if found is not None:
                return found
        below = f"{module}.{name}"
        trail.add(f"{below}:")
        if below in self.modules.path_of or self.modules.is_directory(below):
            return Whole(below)
        if name.startswith("__") or (here is not None and name in here.definitions):
            return Unknown()  # a part of the package in another language, for one
        return Missing(f"{module}:{name}", sure=sure and here is not None and not here.open)

    def _is_own_submodule(self, module: str, name: str, definition: Definition) -> bool:
        """Whether a package binds a name by importing it of itself (`from . import part`): that is the module
        of that name below it."""
        imports = definition.kind is Kind.IMPORT and definition.symbol == name
        return imports and self.absolute(definition.module, module) == module

    def _step(self, target: Target, step: str, trail: Trail, depth: int) -> Target:
        if step == CALL:
            return self._called(target, trail, depth)
        if isinstance(target, Outside):
            return Outside(target.module, f"{target.name}.{step}".lstrip("."))
        return self._attribute(target, step, trail, depth)

    def _attribute(self, target: Target, step: str, trail: Trail, depth: int) -> Target:
        match target:
            case Whole(name):
                return self._of_module(name, step, trail, depth)
            case Symbol(definition=Definition(kind=Kind.CLASS)):
                return self.member(target, step, trail, depth)
            case Instance(of=cls):
                return self._kept(self.member(cls, step, trail, depth, bound=True), trail, depth)
            case Symbol(definition=Definition(kind=Kind.FUNCTION, binding=Binding.PLAIN)) if not target.bound:
                return self._of_function(target, step, trail)
            case Symbol(definition=definition):
                value = definition.value
                if definition.binding is Binding.PROPERTY and definition.returns:
                    value = (*definition.returns, CALL)
                held = self._held(target, value, trail, depth) if value else None
                if held is not None:
                    return self._step(held, step, trail, depth + 1)
        return Unknown(step)

    def _kept(self, member: Target, trail: Trail, depth: int) -> Target:
        """The function or class that is kept in an attribute under another name, if it is one."""
        if not isinstance(member, Symbol) or member.definition.kind is not Kind.VARIABLE:
            return member
        if (
            not member.definition.digest.startswith(ATTRIBUTE)
            and member.definition.binding is not Binding.STATIC
        ):
            return member  # a function that is kept in a class is bound
        value = member.definition.value
        held = self._held(member, value, trail, depth) if value and CALL not in value else None
        known = isinstance(held, Symbol) and held.definition.kind in (Kind.FUNCTION, Kind.CLASS)
        return held if known and held is not None else member

    def _of_function(self, function: Symbol, name: str, trail: Trail) -> Target:
        """An attribute that was put on a function beside it."""
        label = f"{function.label}.{name}"
        trail.add(label)
        here = self.module(function.module)
        found = here.definitions.get(f"{function.name}.{name}") if here is not None else None
        if found is not None:
            return Symbol(function.module, found.name, found)
        made = function.definition.decorated or function.definition.several or name in _OF_FUNCTIONS
        return Unknown(name) if made else Missing(label, sure=False)

    def _held(self, symbol: Symbol, value: Path, trail: Trail, depth: int) -> Target | None:
        """What a variable holds, if that is known."""
        if symbol.definition.several or depth > DEEPEST:
            return None
        held = self.resolve(symbol.module, value, trail, depth + 1)
        return held if isinstance(held, Symbol | Instance | Whole) else None

    def _called(self, target: Target, trail: Trail, depth: int) -> Target:
        match target:
            case Symbol(definition=Definition(kind=Kind.CLASS)):
                return Instance(target)
            case Symbol(definition=Definition(kind=Kind.FUNCTION, returns=returns)) if returns:
                held = self._held(target, (*returns, CALL), trail, depth)
                return held if held is not None else Unknown()
            case Symbol(definition=Definition(kind=Kind.FUNCTION, passes=passes, decorated=False)) if passes:
                held = self._held(target, (*passes, CALL), trail, depth)
                return held if isinstance(held, Instance) else Unknown()
            case Symbol(definition=Definition(kind=Kind.VARIABLE, value=value)) if value:
                held = self._held(target, value, trail, depth)
                return self._called(held, trail, depth + 1) if isinstance(held, Symbol) else Unknown()
        return Unknown()

    # -- classes

    @abstractmethod
    def member(
        self,
        cls: Symbol,
        name: str,
        trail: Trail,
        depth: int = 0,
        *,
        bound: bool = False,
        after: bool = False,
    ) -> Target:
        """An attribute of a class or of its instances; `after` looks above the class only."""

    def _super(self, module: str, name: str, attribute: str, trail: Trail, depth: int) -> Target:
        here = self.module(module)
        definition = here.definitions.get(name) if here is not None else None
        if definition is None or definition.kind is not Kind.CLASS:
            return Unknown(attribute)
        return self.member(Symbol(module, name, definition), attribute, trail, depth, bound=True, after=True)
