"""Whose methods decide how objects are related. Injected: see `boot.py`.

Promises: nothing of a type's own runs, neither its metaclass nor a descriptor of it: this is asked from
within the vault.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

_RELATIONS = {
    "Eq": ("__eq__",),
    "NotEq": ("__ne__", "__eq__"),
    "Lt": ("__lt__", "__gt__"),
    "LtE": ("__le__", "__ge__"),
    "Gt": ("__gt__", "__lt__"),
    "GtE": ("__ge__", "__le__"),
}
_SLOTS = frozenset({type(object.__eq__), type(list.append), type(len)})
names_of: Callable[[type], Any] = vars(type)["__dict__"].__get__
"""The namespace of a class, whatever its metaclass says."""
name_of: Callable[[type], str] = vars(type)["__qualname__"].__get__
"""The qualified name of a class, whatever its metaclass says."""


class Deciders:
    """`product` tells a file's path in the project, empty for what is no product code."""

    def __init__(self, product: Callable[[str], str]) -> None:
        self._product = product
        self._known: dict[tuple[int, str], tuple[type, str]] = {}  # with the types, so that ids stay theirs

    def path(self, kind: type, relation: str) -> str:
        """The path of the product file that may decide how a `kind` is related (`Eq`, `NotEq`, `Lt`, `LtE`,
        `Gt`, `GtE`), or empty."""
        key = id(kind), relation
        known = self._known.get(key)
        if known is None:
            paths = [self._path(kind, name) for name in _RELATIONS.get(relation, ())]
            known = self._known[key] = kind, next(filter(None, paths), "")
        return known[1]

    def _path(self, kind: type, name: str) -> str:
        for cls in type.mro(kind):
            method = names_of(cls).get(name)
            if method is None:
                continue
            if type(method) in _SLOTS:
                return ""
            code = code_of(method)
            return "" if code is None else self._product(code.co_filename)
        return ""


def code_of(value: Any) -> Any:
    """The code that a call of `value` runs, if it is a function or its class has one for that; None else."""
    if type(value) is FunctionType:
        return value.__code__
    for cls in type.mro(type(value)):
        call = names_of(cls).get("__call__")
        if call is not None:
            return call.__code__ if type(call) is FunctionType else None
    return None
