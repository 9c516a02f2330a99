"""Finds objects that claim to be equal to everything, or to stand in any other relation to it. Injected: see
`boot.py`.

Promises: does nothing but where a comparison of a trusted test came out exactly True, and a method written in
Python, in the project's own product, may have decided it; there, the object is compared with values that
nobody could have foreseen, or asked for what contradicts the answer. What such a comparison raises is
swallowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import gt, lt
from secrets import randbits, token_hex
from types import FunctionType
from typing import Any

_TRIES = 24
_FIRST = 50
_NESTING = (list, tuple, dict)
_SETS = (set, frozenset)
_SLOTS = frozenset({type(object.__eq__), type(list.append), type(len)})


_RELATIONS = {
    "NotEq": ("__ne__", "__eq__"),
    "Lt": ("__lt__", "__gt__"),
    "LtE": ("__le__", "__ge__"),
    "Gt": ("__gt__", "__lt__"),
    "GtE": ("__ge__", "__le__"),
}
_CONTRARY = {"Lt": gt, "LtE": gt, "Gt": lt, "GtE": lt}


class _Value:
    """Equal to itself only."""


def comparisons(
    product: Callable[[str], str], found: Callable[[str, str], None], before: Callable[[], None]
) -> tuple[Any, Any]:
    """Two functions to call from tests: `compared(left, right, result, kind)`, and `paired(left, right)`,
    which returns both. `product` tells a file's path in the project, empty for what is no product code;
    `found` is told the type's name and that path. `before` is called before each unittest assertion of a
    pair."""
    deciders: dict[tuple[type, str], str] = {}
    harmless: set[type] = {int, str, bytes, float, bool, type(None), list, dict, tuple, set, frozenset}

    def suspect(kind: type) -> str:
        """The path of the product code that decides what a `kind` is equal to, or empty."""
        if kind in harmless:
            return ""
        path = _decides(kind, product)
        if not path:
            harmless.add(kind)
        return path

    def deciding(cls: type, kind: str) -> str:
        """The path of the product code that may decide how a `cls` is related, or empty."""
        if (cls, kind) not in deciders:
            paths = [_decides(cls, product, name) for name in _RELATIONS[kind]]
            deciders[cls, kind] = next(filter(None, paths), "")
        return deciders[cls, kind]

    def look(value: Any, other: Any, path: str, *, were_equal: bool = False) -> None:
        try:
            # Equal in the test and not any more: it looks at who asks, or counts.
            lies = were_equal and (value == other) is False
            lies = lies or all((value == odd) is True for odd in _unforeseen(other))
        except Exception:  # the project's own code, which nobody asked to take such values
            return
        if lies:
            found(type(value).__qualname__, path)

    def among(elements: Any, others: Any) -> None:
        """Look at what is in a container, of which each may have met each of the others."""
        for element in list(elements)[:_FIRST]:
            path = suspect(type(element))
            if path:
                look(element, next((other for other in others if not suspect(type(other))), None), path)

    def compared(left: Any, right: Any, result: Any, depth: int = 2) -> None:
        if result is not True or left is right:
            return
        for value, other in ((left, right), (right, left)):
            path = suspect(type(value))
            if path:
                look(value, other, path, were_equal=True)
        if type(left) in _SETS and type(right) in _SETS:
            among(left, right)
            among(right, left)
        elif depth and type(left) is type(right):
            for one, another in _elements(left, right):
                compared(one, another, True, depth - 1)

    def asked(left: Any, right: Any, result: Any, kind: str = "Eq") -> None:
        if kind == "Eq":
            compared(left, right, result)
        elif result is True and kind == "In" and type(right) in (*_NESTING, *_SETS):
            # What has a `__contains__` of its own is not asked again: some count, or look at a clock.
            among(right, (left,))
        for value in (left, right) if result is True and kind in _RELATIONS else ():
            path = deciding(type(value), kind)
            if path and _contradicts(left, right, kind):
                found(type(value).__qualname__, path)

    def paired(left: Any, right: Any) -> Any:
        before()
        if type(left) in _NESTING or suspect(type(left)) or suspect(type(right)):
            try:
                compared(left, right, left == right)
            except Exception:  # the assertion itself will raise it
                return left, right
        return left, right

    return asked, paired


def _elements(left: Any, right: Any) -> list[tuple[Any, Any]]:
    """What two equal containers, or two objects with attributes, have in the same places and is equal there,
    the first of it."""
    if type(left) in _NESTING and not isinstance(left, dict):
        return list(zip(left[:_FIRST], right[:_FIRST]))  # noqa: B905 Python 3.8
    if type(left) not in _NESTING:
        left, right = _fields(left), _fields(right)
        return [(left[key], right[key]) for key in list(left)[:_FIRST] if _same(left[key], right.get(key))]
    return [(left[key], right[key]) for key in list(left)[:_FIRST] if key in right]


def _same(one: Any, another: Any) -> bool:
    try:
        return (one == another) is True
    except Exception:  # what is no part of an equality may raise at one
        return False


def _fields(value: Any) -> dict[str, Any]:
    try:
        return dict(object.__getattribute__(value, "__dict__"))
    except Exception:  # it has none
        return {}


def _contradicts(left: Any, right: Any, kind: str) -> bool:
    """Whether the same objects also say what cannot be, if `left` and `right` are so related."""
    try:
        if kind == "NotEq":
            return (left == right) is True
        return _CONTRARY[kind](left, right) is True
    except Exception:  # the project's own code, which nobody asked for that
        return False


def _decides(kind: type, product: Callable[[str], str], name: str = "__eq__") -> str:
    """The path of the product file that defines what `kind` is equal to, or its method `name`; or empty."""
    for cls in type.mro(kind) if isinstance(kind, type) else ():
        method = cls.__dict__.get(name)
        if method is None:
            continue
        if isinstance(method, FunctionType):
            return product(method.__code__.co_filename)
        if type(method) in _SLOTS:
            return ""
        caller = type(method).__dict__.get("__call__")
        code = getattr(caller, "__code__", None)
        return "" if code is None else product(code.co_filename)
    return ""


def _unforeseen(like: Any) -> Iterator[Any]:
    """Values of the same built-in type as `like` that nothing honest is equal to, all of them: the empty one
    too, since some objects are equal to whatever is true."""
    for kind, make in _MAKERS:
        if type(like) is kind:
            yield kind()
            for _ in range(_TRIES):
                yield make()
            return
    # What has to be closed or counted when it is gone is not made up.
    fields = {} if getattr(type(like), "__del__", None) else _fields(like)
    for _ in range(_TRIES):
        yield _twin(like, fields) if fields else _Value()


def _twin(like: Any, fields: dict[str, Any]) -> Any:
    """An object of the same class, none of whose attributes is what it was."""
    try:
        twin = object.__new__(type(like))
    except TypeError:  # of a built-in class
        return _Value()
    for name, value in fields.items():
        makers = [make for kind, make in _MAKERS if type(value) is kind]
        object.__setattr__(twin, name, makers[0]() if makers else _Value())
    return twin


_MAKERS: tuple[tuple[type, Any], ...] = (
    (int, lambda: randbits(62)),
    (float, lambda: randbits(52) / 7.0),
    (str, lambda: token_hex(12)),
    (bytes, lambda: token_hex(12).encode("ascii")),
    (list, lambda: [randbits(62)]),
    (tuple, lambda: (randbits(62),)),
    (dict, lambda: {token_hex(12): randbits(62)}),
    (set, lambda: {randbits(62)}),
)
