"""What a path in a source may stand for.

Promises: plain data.
"""

from __future__ import annotations

from typing import NamedTuple

from assay.patchset.facts.records import Definition


class Symbol(NamedTuple):
    """A definition. `bound` says that it was got at through an instance, `owned` through a class."""

    module: str
    name: str
    definition: Definition
    bound: bool = False
    owned: bool = False

    @property
    def label(self) -> str:
        """`module:name`."""
        return f"{self.module}:{self.name}"


class Instance(NamedTuple):
    """Some object of a class."""

    of: Symbol


class Whole(NamedTuple):
    """A module itself."""

    name: str


class Missing(NamedTuple):
    """Nothing: where the name should have been."""

    label: str
    sure: bool


class Outside(NamedTuple):
    """Something that the project does not define: `builtins` or a module of others, and the name in it."""

    module: str
    name: str


class Unknown(NamedTuple):
    """Nobody can tell. `attribute` is what was asked of it last."""

    attribute: str = ""


Target = Symbol | Instance | Whole | Missing | Outside | Unknown
Trail = set[str]
