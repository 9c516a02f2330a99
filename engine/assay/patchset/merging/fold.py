"""The values of simple expressions of constants, to tell whether two of them are one.

Promises: pure, and cheap whatever it is given: numbers and nesting stay below a bound.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

_DEEPEST = 20
_LARGEST = 1 << 128
_WIDEST = 128
"""Bits by which a number may be shifted."""

_SIGNS: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}


def value_of(value: ast.expr, depth: int = 0) -> str:
    """A text that is the same for two expressions just if their values are equal: `1`, `True`, `1.0` and
    `2 - 1` are one. Empty where the value cannot be told."""
    if depth > _DEEPEST:
        return ""
    if isinstance(value, ast.Tuple):
        items = [value_of(item, depth + 1) for item in value.elts]
        return f"({', '.join(items)},)" if all(items) else ""
    if isinstance(value, ast.Constant) and not isinstance(value.value, int):
        return _constant(value.value)
    if isinstance(value, ast.BinOp) and (text := _text(value, depth)):
        return repr(text)
    found = whole_number(value)
    if found is None and isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub | ast.UAdd):
        inner = value.operand.value if isinstance(value.operand, ast.Constant) else None
        if isinstance(inner, float | complex):
            return _constant(-inner if isinstance(value.op, ast.USub) else inner)
    return "" if found is None else str(found)


def whole_number(value: ast.expr, depth: int = 0) -> int | None:
    """The integer (or truth value, as one) that a simple expression is; None for all else."""
    if depth > _DEEPEST:
        return None
    match value:
        case ast.Constant(value=int() as found):
            return int(found)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            inner = whole_number(operand, depth + 1)
            return None if inner is None else _SIGNS[type(op)](inner)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _operation(op, whole_number(left, depth + 1), whole_number(right, depth + 1))
    return None


def _operation(op: ast.operator, left: int | None, right: int | None) -> int | None:
    if left is None or right is None or max(abs(left), abs(right)) > _LARGEST:
        return None
    if isinstance(op, ast.LShift | ast.RShift) and not 0 <= right <= _WIDEST:
        return None
    return _OPERATIONS[type(op)](left, right)


def _text(value: ast.expr, depth: int) -> str:
    """Texts that are added; empty for all else."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if depth > _DEEPEST or not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return ""
    left, right = _text(value.left, depth + 1), _text(value.right, depth + 1)
    return left + right if left and right else ""


def _constant(value: object) -> str:
    if isinstance(value, complex) and value.imag == 0:
        value = value.real
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value)
