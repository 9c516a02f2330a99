"""Whether another default is another value: a call that leaves it is not touched by one that comes to the
same.

Promises: pure. Numbers are computed through the constants of the project; what stands for "not given" is the
function's own business, under whatever name.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from assay.model.expressions import expression
from assay.patchset.facts.records import Kind
from assay.patchset.facts.signature import Signature
from assay.patchset.view import Symbol, View

_NOT_GIVEN = expression(r"(?i)unset|missing|sentinel|undefined|nothing|not_?set|not_?given|omit|empty")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_DEEPEST = 6


def agree(
    view: View, both: View, before: Symbol, after: Symbol, signatures: tuple[Signature, Signature], name: str
) -> bool:
    """Whether the defaults of the parameter `name`, in two versions of what is called, come to the same."""
    old, new = (
        next((p.written for p in (*s.only, *s.plain, *s.keyword) if p.name == name), "") for s in signatures
    )
    if _is_not_given(old) and _is_not_given(new):
        return True
    was, now = _number(view, before.module, old), _number(both, after.module, new)
    return was is not None and was == now


def _is_not_given(written: str) -> bool:
    return written in ("None", "False") or bool(_NOT_GIVEN.search(written))


def _number(view: View, module: str, written: str) -> float | None:
    try:
        return _computed(view, module, ast.parse(written, mode="eval").body, 0)
    except (SyntaxError, ArithmeticError, ValueError, RecursionError):
        return None


def _computed(view: View, module: str, node: ast.expr, depth: int) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if depth < _DEEPEST:
            found = view.resolve(module, (name,), set())
            if (
                isinstance(found, Symbol)
                and found.definition.kind is Kind.VARIABLE
                and found.definition.literal
            ):
                return _computed(
                    view, found.module, ast.parse(found.definition.literal, mode="eval").body, depth + 1
                )
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            one, other = (_computed(view, module, side, depth + 1) for side in (left, right))
            if one is not None and other is not None:
                return _OPERATORS[type(op)](one, other)
    return None
