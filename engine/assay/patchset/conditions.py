"""What a function refuses outright, and whether a constant that it is newly given is just that.

Promises: pure, and nothing is run: conditions are worked out over constants by this module alone, those that
say more than it knows are left open.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

Known = Mapping[str, object]
_LONGEST = 1000

_COMPARED: dict[type[ast.cmpop], Callable[[object, object], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: lambda a, b: a < b,  # type: ignore[operator]
    ast.LtE: lambda a, b: a <= b,  # type: ignore[operator]
    ast.Gt: lambda a, b: a > b,  # type: ignore[operator]
    ast.GtE: lambda a, b: a >= b,  # type: ignore[operator]
    ast.In: lambda a, b: a in b,  # type: ignore[operator]
    ast.NotIn: lambda a, b: a not in b,  # type: ignore[operator]
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_TYPES: dict[str, type] = {
    each.__name__: each for each in (str, bytes, int, float, bool, list, tuple, dict, set)
}
_METHODS = frozenset(
    {"startswith", "endswith", "isidentifier", "isdigit", "isalpha", "isalnum", "isupper", "islower"}
)


class _OpenError(Exception):
    """A condition that says more than is known."""


def applies(condition: str, given: Mapping[str, str]) -> bool:
    """Whether a condition holds where parameters are these constants, as text. False where nobody can
    tell."""
    try:
        known = {name: ast.literal_eval(text) for name, text in given.items()}
        return bool(_value(ast.parse(condition, mode="eval").body, known))
    except (_OpenError, SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError):
        return False


def _value(node: ast.expr, known: Known) -> object:  # noqa: PLR0911 - one answer for each form
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
            return [_value(each, known) for each in elts]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, known)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.BoolOp(op=op, values=values):
            every = (_value(each, known) for each in values)
            return any(every) if isinstance(op, ast.Or) else all(every)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compared([left, *comparators], ops, known)
        case ast.Call(keywords=[]):
            return _called(node, known)
    raise _OpenError


def _compared(parts: list[ast.expr], ops: list[ast.cmpop], known: Known) -> bool:
    values = [_value(each, known) for each in parts]
    pairs = zip(values, ops, values[1:], strict=False)
    return all(_COMPARED[type(op)](left, right) for left, op, right in pairs)


def _called(call: ast.Call, known: Known) -> object:
    match call:
        case ast.Call(func=ast.Name(id="len"), args=[only]):
            value = _value(only, known)
            if isinstance(value, str | bytes | list | tuple | dict | set):
                return len(value)
        case ast.Call(func=ast.Name(id="isinstance"), args=[only, ast.Name(id=name)]) if name in _TYPES:
            return isinstance(_value(only, known), _TYPES[name])
        case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=args) if attr in _METHODS:
            text = _value(owner, known)
            if isinstance(text, str) and len(text) <= _LONGEST:
                return getattr(text, attr)(*[_value(each, known) for each in args])
    raise _OpenError
