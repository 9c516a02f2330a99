"""Holds one layer against the schema: known keys, right types, units turned into bytes and seconds.

Promises: pure; finds every problem of a layer, not only the first. What it returns converts to the records
of `schema` once the layers are laid over each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from assay.model.outcome import Severity
from assay.policy.document import Document
from assay.policy.problem import Path, Problem, allowed, dotted
from assay.policy.schema import Limits, Policy, Scope, Tests
from assay.policy.stakes import EvidenceRules
from assay.policy.units import LARGEST, duration, size

EXTENDS = "extends"
"""The one key of a file that is no part of the policy it makes."""

RESERVED = frozenset({"name", "digest", "origin", "sources"})
"""Fields of `Policy` that no file may set."""

ABOVE = "..."
"""The element of a list of strings that stands for the list of the layer below."""

SEVERITY_WORDS = {"reject": Severity.ERROR.value, "warn": Severity.WARNING.value}
"""Other words for severities, for whoever thinks of what a finding does."""

_UNITS: Mapping[tuple[type, str], Callable[[object], int | float]] = {
    (Limits, "seconds"): duration,
    (Limits, "cpu_seconds"): duration,
    (Limits, "memory"): size,
    (Limits, "file_size"): size,
    (Limits, "output"): size,
    (Limits, "scratch"): size,
    (Limits, "disk"): size,
    (Scope, "max_blob"): size,
    (Tests, "grace"): duration,
    (Tests, "time_limit"): duration,
    (EvidenceRules, "seconds"): duration,
}


def check(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """The layer's content in the schema's own units, and what is wrong with it."""
    walk = _Walk(document)
    data = {key: value for key, value in document.data.items() if key != EXTENDS}
    shape = inspect.type_info(Policy)
    assert isinstance(shape, inspect.StructType)
    fields = [field for field in shape.fields if field.encode_name not in RESERVED]
    checked = walk.table(Policy, fields, data, ())
    return checked if walk.problems else _full_rule_names(checked), walk.problems


def _full_rule_names(data: dict[str, Any]) -> dict[str, Any]:
    """Rules of the scope gate may be written without their `scope/`; layers must agree on one name."""
    scope = data.get("scope", {})
    if "severity" not in scope:
        return data
    severity = {rule if "/" in rule else f"scope/{rule}": value for rule, value in scope["severity"].items()}
    return {**data, "scope": {**scope, "severity": severity}}


class _Walk:
    """One descent through a layer, collecting problems."""

    def __init__(self, document: Document) -> None:
        self.problems: list[Problem] = []
        self._document = document

    def blame(self, path: Path, message: str) -> None:
        document = self._document
        self.problems.append(
            Problem(origin=document.origin, key=dotted(path), message=message, line=document.line(path))
        )

    def table(
        self, owner: type, fields: list[inspect.Field], data: dict[str, Any], path: Path
    ) -> dict[str, Any]:
        known = {field.encode_name: field for field in fields}
        result = {}
        for key, value in data.items():
            if key not in known:
                names = [*known, EXTENDS] if owner is Policy else known
                self.blame((*path, key), f"no such key; {allowed(key, names)}")
            else:
                result[key] = self._field(owner, known[key], value, (*path, key))
        missing = [name for name, field in known.items() if field.required and name not in data]
        for name in missing:
            self.blame(path, f"needs the key {name!r}")
        return result

    def _field(self, owner: type, field: inspect.Field, value: object, path: Path) -> Any:
        unit = _UNITS.get((owner, field.encode_name))
        if unit is None:
            return self.value(field.type, value, path)
        try:
            return unit(value)
        except ValueError as error:
            self.blame(path, str(error))
            return 0

    def value(self, kind: inspect.Type, value: object, path: Path) -> Any:
        """`value` as the schema has it; where it is wrong, it is blamed and returned as it is."""
        match kind:
            case inspect.UnionType():
                inner = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
                return self.value(inner, value, path)
            case inspect.StructType() if isinstance(value, dict):
                return self.table(kind.cls, list(kind.fields), value, path)
            case inspect.DictType() if isinstance(value, dict):
                return {key: self.value(kind.value_type, each, (*path, key)) for key, each in value.items()}
            case inspect.VarTupleType() if isinstance(value, list):
                return [self.value(kind.item_type, each, (*path, n)) for n, each in enumerate(value)]
            case inspect.CustomType():
                self._finite(value, path)
                return value
            case inspect.EnumType(cls=cls) if cls is Severity and isinstance(value, str):
                value = SEVERITY_WORDS.get(value, value)
        if problem := _scalar(kind, value):
            self.blame(path, problem)
        return value

    def _finite(self, value: object, path: Path) -> None:
        """Options of third-party gates may be anything that means the same everywhere."""
        if isinstance(value, dict):
            for key, each in value.items():
                self._finite(each, (*path, key))
        elif isinstance(value, list):
            for position, each in enumerate(value):
                self._finite(each, (*path, position))
        elif isinstance(value, float) and not math.isfinite(value):
            self.blame(path, "must be a finite number")
        elif isinstance(value, int) and abs(value) > LARGEST:
            self.blame(path, "must fit into 64 bits")


def _scalar(kind: inspect.Type, value: object) -> str:
    """What is wrong with a value that holds no others, or the empty string."""
    if isinstance(kind, inspect.EnumType):
        choices = [str(member.value) for member in kind.cls]
        wrong = not isinstance(value, str) or value not in choices
        return f"{_shown(value)} is none of its values; {allowed(str(value), choices)}" if wrong else ""
    fits, words = _SCALARS.get(type(kind), (_never, "a table"))
    if not fits(value):
        return f"must be {words}, not {_shown(value)}"
    return "must not contain a NUL character" if isinstance(value, str) and "\0" in value else ""


def _never(_value: object) -> bool:
    return False


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, float) and 0 <= value <= LARGEST)


_SCALARS: Mapping[type, tuple[Callable[[object], bool], str]] = {
    inspect.StrType: (_is_string, "a string"),
    inspect.BoolType: (_is_bool, "true or false"),
    inspect.IntType: (_is_whole, "a whole number, 0 or more"),
    inspect.FloatType: (_is_number, "a number, 0 or more"),
    inspect.VarTupleType: (_never, "a list"),
}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    text = msgspec.json.encode(value).decode() if not isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
