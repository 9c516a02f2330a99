"""Calls made up for a function: from the tests that name it, its signature, and the constants in its body.

Promises: pure, deterministic and bounded; arguments are literals (their texts), small in size and value.
Calls that tests make with literals come first, as they are; then those of examples in docstrings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from msgspec.structs import replace

from assay.gates.syntax import REFUSED, Function, last_name
from assay.model.candidate import Record

CALLS = 24
"""Calls of one function at most."""
_FROM_TESTS = 12
_POOL = 8
_TEXT = 200
_NEAR = 60
_LARGEST = 10_000
_GENERAL: dict[str, tuple[object, ...]] = {
    "int": (0, 1, -1, 2, 7, 100),
    "float": (0.0, 1.5, -2.25, 100.0),
    "str": ("", "a", "Ab c", "1", " x,y "),
    "bytes": (b"", b"a", b"Ab c"),
    "bool": (False, True),
    "list": ([], [1], [3, 1, 2], ["a", "b", "a"]),
    "tuple": ((), (1,), (3, 1, 2)),
    "dict": ({}, {"a": 1}, {"a": 1, "b": 2}),
    "set": (set(), {1, 2}),
    "NoneType": (None,),
}
_KINDS = {
    "Sequence": "list", "Iterable": "list", "Collection": "list", "List": "list", "Iterator": "list",
    "Mapping": "dict", "Dict": "dict", "Tuple": "tuple", "Set": "set", "AbstractSet": "set",
    "frozenset": "set", "number": "int", "complex": "float", "Text": "str", "None": "NoneType",
}  # fmt: skip
_UNKNOWN = ("int", "str", "list", "NoneType")


class Arguments(Record, frozen=True, kw_only=True):
    """The arguments of one call, as texts of literals. `made_up`: no test makes this call."""

    positional: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    made_up: bool = False


def arguments(
    function: Function, name: str, tests: Iterable[ast.Module], versions: Sequence[Function], *, bound: bool
) -> tuple[Arguments, ...]:
    """At most `CALLS` different calls of `function`, which tests call by `name`. `tests` are trusted test
    files; `versions` are all versions of the function, for the constants in them; `bound`: the first
    parameter is filled already."""
    near = [body for test in tests for body in _functions(test) if _names(body, name)]
    found = list(islice(_called(near, name), _FROM_TESTS))
    shown = list(_examples(versions))
    found += [replace(call, made_up=True) for call in islice(_called(shown, name), _FROM_TESTS)]
    parameters = _parameters(function, bound=bound)
    if parameters is None:
        return tuple(dict.fromkeys(found))
    literals = [
        *_literals(near),
        *_literals(shown),
        *(v for body in versions for v in _literals([body], near=True)),
    ]
    pools = [_pool(parameter, default, literals) for parameter, default in parameters]
    required = sum(default is None for _, default in parameters)
    rows = [*_rows(literals, len(pools)), *_combined(pools[:required])[:2], *_combined(pools)]
    known = set(found)
    for row in rows:
        made = Arguments(positional=tuple(map(repr, row)), made_up=True)
        if Arguments(positional=made.positional) not in known:
            found.append(made)
    return tuple(dict.fromkeys(found))[:CALLS]


def _examples(versions: Iterable[Function]) -> Iterator[ast.AST]:
    """The lines of examples in docstrings, as far as each is an expression of its own."""
    for version in versions:
        for line in (ast.get_docstring(version) or "").splitlines():
            prompt, _, code = line.strip().partition(" ")
            if prompt == ">>>":
                with suppress(*REFUSED):
                    yield ast.parse(code.strip(), mode="eval")


def _functions(test: ast.Module) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(test) if isinstance(node, Function))


def _names(body: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Call) and last_name(n) == name for n in ast.walk(body))


def _called(bodies: Iterable[ast.AST], name: str) -> Iterator[Arguments]:
    """The calls of `name` whose arguments are all literals."""
    for body in bodies:
        for node in ast.walk(body):
            if not isinstance(node, ast.Call) or last_name(node) != name:
                continue
            values = [_value(argument) for argument in node.args]
            named = [(word.arg or "", _value(word.value)) for word in node.keywords]
            if None not in values and all(word and value for word, value in named):
                yield Arguments(
                    positional=tuple(value or "" for value in values),
                    named=tuple((word, value or "") for word, value in named),
                )


def _value(node: ast.expr) -> str | None:
    """The text of a small literal that can be read back (`...` cannot); None for all else."""
    try:
        value = ast.literal_eval(node)
        text = repr(value)
        ast.literal_eval(text)
    except (*REFUSED, TypeError):
        return None
    return text if len(text) <= _TEXT and _is_small(value) else None


def _is_small(value: object) -> bool:
    if isinstance(value, complex):
        return False
    if isinstance(value, int | float):
        return abs(value) <= _LARGEST
    if isinstance(value, list | tuple | set | dict):
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        return all(map(_is_small, inner))
    return True


def _literals(bodies: Iterable[ast.AST], *, near: bool = False) -> list[object]:
    """The small literals in some bodies, with `near` also the numbers next to those."""
    found: dict[str, object] = {}
    for body in bodies:
        for node in ast.walk(body):
            if not isinstance(node, ast.expr) or (text := _value(node)) is None:
                continue
            value = ast.literal_eval(text)
            found.setdefault(text, value)
            if near and type(value) is int:
                found |= {repr(value + 1): value + 1, repr(value - 1): value - 1}
    return list(islice(found.values(), _NEAR))


def _parameters(function: Function, *, bound: bool) -> list[tuple[ast.arg, ast.expr | None]] | None:
    """The parameters that can be given by position, with their defaults; None if it cannot be called so."""
    spec = function.args
    if any(default is None for default in spec.kw_defaults):
        return None
    every = [*spec.posonlyargs, *spec.args]
    defaults: list[ast.expr | None] = [None] * (len(every) - len(spec.defaults))
    return list(zip(every, [*defaults, *spec.defaults], strict=True))[1 if bound else 0 :]


def _pool(parameter: ast.arg, default: ast.expr | None, literals: Sequence[object]) -> list[object]:
    """Values to try for one parameter, the likeliest first."""
    kinds = _annotated(parameter.annotation)
    own: list[object] = []
    if default is not None and (text := _value(default)) is not None:
        own = [ast.literal_eval(text)]
        kinds = kinds or ([type(own[0]).__name__] if own[0] is not None else [])
    seen = [value for value in literals if not kinds or type(value).__name__ in kinds]
    general = [value for kind in kinds or _UNKNOWN for value in _GENERAL.get(kind, ())]
    distinct = {repr(value): value for value in (*own, *seen[: _POOL - 2], *general)}
    return list(distinct.values())[:_POOL] or [None]


def _annotated(annotation: ast.expr | None) -> list[str]:
    """The kinds of literals that an annotation lets through, as far as its words tell."""
    if annotation is None:
        return []
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except REFUSED:
            return []
    if isinstance(annotation, ast.BinOp):
        return [*_annotated(annotation.left), *_annotated(annotation.right)]
    if isinstance(annotation, ast.Subscript):
        if last_name(annotation.value) in ("Optional", "Union"):
            inner = annotation.slice
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return [kind for part in parts for kind in _annotated(part)]
        annotation = annotation.value
    word = "None" if isinstance(annotation, ast.Constant) else last_name(annotation)
    kind = _KINDS.get(word, word)
    return [kind] if kind in _GENERAL else []


def _rows(literals: Iterable[object], count: int) -> Iterator[tuple[object, ...]]:
    """The rows of parametrised tests: tuples of as many values, or of one more, which is what is expected."""
    rows = (value for value in literals if isinstance(value, tuple) and len(value) in (count, count + 1))
    return (row[:count] for row in rows if count)


def _combined(pools: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Diagonals of the pools first, then each parameter's values beside the others' first ones."""
    diagonals = [
        tuple(pool[(turn + place) % len(pool)] for place, pool in enumerate(pools)) for turn in range(_POOL)
    ]
    beside = [
        tuple(value if at == place else other[0] for at, other in enumerate(pools))
        for place, pool in enumerate(pools)
        for value in pool
    ]
    return [*diagonals, *beside]
