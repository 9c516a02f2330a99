"""Finds objects that claim to be equal to everything, or to stand in any other relation to it. Injected: see
`boot.py`.

Promises: does nothing but where a comparison of a trusted test came out exactly True, and a method written in
Python, in the project's own product, may have decided it; there, the object is compared with values that
nobody could have foreseen, or asked for what contradicts the answer. What such a comparison raises is
swallowed.

Within reach of the project's code, which even runs on top of it: so nothing here keeps anything, and what it
calls is fixed in its code when it is loaded. Who decides what is in the vault, and what is found goes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import gt, lt
from os import urandom
from sys import audit
from typing import Any

_TRIES = 24
_FIRST = 50
_NESTING = (list, tuple, dict)
_SETS = (set, frozenset)
_PLAIN = frozenset({int, str, bytes, float, bool, type(None)})
_BELOW = ("Lt", "LtE")
_RELATIONS = frozenset({"NotEq", "Lt", "LtE", "Gt", "GtE"})


class _Value:
    """Equal to itself only."""


def compared(left: Any, right: Any, result: Any, kind: str = "Eq") -> None:
    """Look at a comparison of this kind, after it came to this result."""
    if result is not True or left is right or (type(left) in _PLAIN and type(right) in _PLAIN):
        return
    if kind == "Eq":
        _alike(left, right, 2)
    elif kind == "In" and type(right) in (*_NESTING, *_SETS):
        # What has a `__contains__` of its own is not asked again: some count, or look at a clock.
        _among(right, (left,))
    elif kind in _RELATIONS:
        for value in (left, right):
            if _decided(type(value), kind) and _contradicts(left, right, kind):
                audit("assay.equal", type(value), kind)


def paired(left: Any, right: Any) -> Any:
    """Both, which an assertion of unittest is about to find equal."""
    audit("assay.paired")
    kind = type(left)
    if kind in _NESTING or _decided(kind) or _decided(type(right)):
        try:
            result = left == right
        except Exception:  # the assertion itself will raise it
            return left, right
        compared(left, right, result)
    return left, right


def _decided(kind: type, relation: str = "Eq") -> str:
    """The path of the product code that may decide how a `kind` is related, or empty."""
    if kind in _PLAIN:
        return ""
    box: list[str] = []
    audit("assay.decides", kind, relation, box)
    return box[0] if box else ""


def _alike(left: Any, right: Any, depth: int) -> None:
    if left is right:
        return
    for value, other in ((left, right), (right, left)):
        if _decided(type(value)):
            _look(value, other, were_equal=True)
    if type(left) in _SETS and type(right) in _SETS:
        _among(left, right)
        _among(right, left)
    elif depth and type(left) is type(right) and type(left) not in _PLAIN:
        for one, another in _elements(left, right):
            _alike(one, another, depth - 1)


def _look(value: Any, other: Any, *, were_equal: bool = False) -> None:
    try:
        # Equal in the test and not any more: it looks at who asks, or counts.
        lies = were_equal and (value == other) is False
        lies = lies or all((value == odd) is True for odd in _unforeseen(other))
    except Exception:  # the project's own code, which nobody asked to take such values
        return
    if lies:
        audit("assay.equal", type(value), "Eq")


def _among(elements: Any, others: Any) -> None:
    """Look at what is in a container, of which each may have met each of the others."""
    for element in list(elements)[:_FIRST]:
        if _decided(type(element)):
            _look(element, next((other for other in others if not _decided(type(other))), None))


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
        return (gt if kind in _BELOW else lt)(left, right) is True
    except Exception:  # the project's own code, which nobody asked for that
        return False


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


def _number() -> int:
    return int.from_bytes(urandom(7), "big")


def _real() -> float:
    return _number() / 7.0


def _word() -> str:
    return urandom(12).hex()


def _bytes() -> bytes:
    return urandom(12)


def _list() -> list[int]:
    return [_number()]


def _tuple() -> tuple[int, ...]:
    return (_number(),)


def _dict() -> dict[str, int]:
    return {_word(): _number()}


def _set() -> set[int]:
    return {_number()}


_MAKERS: tuple[tuple[Any, Any], ...] = (
    (int, _number),
    (float, _real),
    (str, _word),
    (bytes, _bytes),
    (list, _list),
    (tuple, _tuple),
    (dict, _dict),
    (set, _set),
)
