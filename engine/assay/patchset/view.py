"""A tree as its modules see it: what a path in one module stands for, and what a class is made of.

Promises: those of `resolving`, of which this is the whole; what cannot be told of a class is None, or not
`sure`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping

from assay.patchset.facts.library import Library
from assay.patchset.facts.modules import Modules
from assay.patchset.facts.records import Binding, Kind, Module
from assay.patchset.facts.signature import Parameter, Signature
from assay.patchset.meanings import Instance, Missing, Outside, Symbol, Target, Trail, Unknown, Whole
from assay.patchset.resolving import DEEPEST, Resolver

__all__ = ["Instance", "Missing", "Outside", "Symbol", "Target", "Trail", "Unknown", "View", "Whole"]

_ALWAYS = frozenset(dir(object)) | frozenset(dir(type))
_STANDARD = sys.stdlib_module_names


class View(Resolver):
    """One tree, with what is known of its classes."""

    def __init__(
        self,
        library: Library,
        modules: Modules,
        blobs: Mapping[str, str],
        changed: Mapping[str, str],
        told: Mapping[str, Module] | None = None,
    ) -> None:
        super().__init__(library, modules, blobs, changed, told)
        self._constructors: dict[str, tuple[Signature | None, Trail]] = {}

    def lineage(self, cls: Symbol, trail: Trail, depth: int = 0) -> tuple[list[Symbol], list[Outside], bool]:
        """The class and the project's classes above it, nearest first; those of others; whether all are
        known."""
        found: list[Symbol] = []
        others: list[Outside] = []
        known = True
        todo = [cls]
        seen: set[str] = set()
        while todo:
            here = todo.pop(0)
            if here.label in seen or len(seen) > DEEPEST:
                continue
            seen.add(here.label)
            trail.add(here.label)
            found.append(here)
            for base in here.definition.bases:
                above = self.resolve(here.module, base, trail, depth + 1)
                if isinstance(above, Symbol) and above.definition.kind is Kind.CLASS:
                    todo.append(above)
                elif isinstance(above, Outside):
                    others.append(above)
                else:
                    known = False
            known = known and not here.definition.open and not here.definition.several
            known = known and not here.definition.decorated
        return found, others, known

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
        if depth > DEEPEST:
            return Unknown(name)
        classes, others, known = self.lineage(cls, trail, depth)
        for here in classes[1:] if after else classes:
            module = self.module(here.module)
            trail.add(f"{here.label}.{name}")
            definition = module.definitions.get(f"{here.name}.{name}") if module is not None else None
            if definition is not None:
                if definition.kind is Kind.IMPORT or definition.kind is Kind.CLASS:
                    return Symbol(here.module, definition.name, definition)
                return Symbol(here.module, definition.name, definition, bound=bound, owned=not bound)
        if name in _ALWAYS or name.startswith("__") or any(_has(other, name) for other in others):
            return Unknown()
        strangers = [o for o in others if o.module.split(".", 1)[0] not in _STANDARD | {"builtins"}]
        if not known and not others and not cls.definition.bases and cls.definition.open:
            return Unknown(name)
        return Missing(f"{cls.label}.{name}", sure=known and not strangers and not cls.definition.metaclass)

    def constructor(self, cls: Symbol, trail: Trail) -> Signature | None:
        """How a class is called, None where that cannot be told."""
        known = self._constructors.get(cls.label)
        if known is None:
            steps: Trail = set()
            known = self._constructors[cls.label] = self._constructor(cls, steps), steps
        trail.update(known[1])
        return known[0]

    def _constructor(self, cls: Symbol, trail: Trail) -> Signature | None:
        classes, others, known = self.lineage(cls, trail)
        for here in classes:
            module = self.module(here.module)
            if module is None or here.definition.metaclass:
                return None
            for name in ("__init__", "__new__"):
                trail.add(f"{here.label}.{name}")
                found = module.definitions.get(f"{here.name}.{name}")
                if found is not None and found.signature is not None:
                    plain = not found.several and not found.decorated
                    return found.signature.without_first() if plain else None
            if here.definition.dataclass:
                return self._fields(classes[classes.index(here) :]) if known else None
        odd = [o for o in others if (o.module, o.name) not in _PLAIN_BASES]
        return Signature() if known and not odd else None

    def _fields(self, classes: list[Symbol]) -> Signature:
        """The constructor that a dataclass gets: the fields of the classes above come first."""
        found: dict[str, Parameter] = {}
        named: set[str] = set()
        for here in reversed(classes):
            module = self.module(here.module)
            prefix = f"{here.name}."
            for definition in module.definitions.values() if module is not None else ():
                name = definition.name[len(prefix) :]
                if definition.field and definition.name.startswith(prefix) and "." not in name:
                    found[name] = Parameter(
                        name=name, optional=definition.default, default=definition.literal or "..."
                    )
                    (named.add if here.definition.by_name else named.discard)(name)
        return Signature(
            plain=tuple(each for name, each in found.items() if name not in named),
            keyword=tuple(each for name, each in found.items() if name in named),
        )

    def signature(self, target: Target, trail: Trail) -> Signature | None:
        """What a call of this has to give, None where that cannot be told."""
        if not isinstance(target, Symbol):
            return None
        definition = target.definition
        if definition.kind is Kind.CLASS:
            return None if definition.several else self.constructor(target, trail)
        if definition.signature is None or definition.several or definition.decorated:
            return None
        first_is_given = {
            Binding.PLAIN: target.bound,
            Binding.CLASS: target.bound or target.owned,
            Binding.STATIC: False,
        }
        if definition.binding is Binding.PROPERTY:
            return None
        return (
            definition.signature.without_first()
            if first_is_given[definition.binding]
            else definition.signature
        )

    def abstract(self, cls: Symbol, trail: Trail) -> dict[str, Symbol]:
        """The abstract methods that a class leaves open, by name, with who asks for each."""
        classes, _, _ = self.lineage(cls, trail)
        found: dict[str, Symbol] = {}
        for here in reversed(classes):
            module = self.module(here.module)
            prefix = f"{here.name}."
            for definition in module.definitions.values() if module is not None else ():
                name = definition.name[len(prefix) :]
                if not definition.name.startswith(prefix) or "." in name:
                    continue
                if definition.abstract:
                    found[name] = Symbol(here.module, definition.name, definition)
                else:
                    found.pop(name, None)
        return found


_PLAIN_BASES = frozenset(
    {
        ("builtins", "object"),
        ("abc", "ABC"),
        ("typing", "Generic"),
        ("typing", "Protocol"),
        ("typing_extensions", "Protocol"),
    }
)


def _has(other: Outside, name: str) -> bool:
    return other.module == "builtins" and hasattr(getattr(builtins, other.name, None), name)
