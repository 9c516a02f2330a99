"""The operators: what one node of a syntax tree may be changed to.

Promises: pure; a node that is given back is of a kind that can stand where the old one stood. Nothing that is
awaited or yielded is changed as such. Import of this module loads libcst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import libcst as cst


class Change(NamedTuple):
    """`operator` names it; of a statement's changes those of lower `rank` are made first: they tell more."""

    operator: str
    rank: int
    node: cst.CSTNode


_BOUNDARIES: dict[type[cst.BaseCompOp], type[cst.BaseCompOp]] = {
    cst.LessThan: cst.LessThanEqual,
    cst.LessThanEqual: cst.LessThan,
    cst.GreaterThan: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.GreaterThan,
}
_NEGATIONS: dict[type[cst.BaseCompOp], type[cst.BaseCompOp]] = {
    cst.Equal: cst.NotEqual,
    cst.NotEqual: cst.Equal,
    cst.LessThan: cst.GreaterThanEqual,
    cst.LessThanEqual: cst.GreaterThan,
    cst.GreaterThan: cst.LessThanEqual,
    cst.GreaterThanEqual: cst.LessThan,
    cst.In: cst.NotIn,
    cst.NotIn: cst.In,
    cst.Is: cst.IsNot,
    cst.IsNot: cst.Is,
}
_ARITHMETIC: dict[type[cst.BaseBinaryOp], type[cst.BaseBinaryOp]] = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.Divide,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Multiply,
    cst.Modulo: cst.FloorDivide,
    cst.Power: cst.Multiply,
    cst.LeftShift: cst.RightShift,
    cst.RightShift: cst.LeftShift,
    cst.BitAnd: cst.BitOr,
    cst.BitOr: cst.BitAnd,
    cst.BitXor: cst.BitOr,
}
_IN_PLACE: dict[type[cst.BaseAugOp], type[cst.BaseAugOp]] = {
    cst.AddAssign: cst.SubtractAssign,
    cst.SubtractAssign: cst.AddAssign,
    cst.MultiplyAssign: cst.DivideAssign,
    cst.DivideAssign: cst.MultiplyAssign,
    cst.BitAndAssign: cst.BitOrAssign,
    cst.BitOrAssign: cst.BitAndAssign,
    cst.LeftShiftAssign: cst.RightShiftAssign,
    cst.RightShiftAssign: cst.LeftShiftAssign,
}
_PASS = cst.Pass()
_TEXTS = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)
_ALSO_TEXT = "XX"


def changes(node: cst.CSTNode) -> Iterator[Change]:
    """What `node` may be changed to, by itself."""
    make = _OPERATORS.get(type(node))
    return make(node) if make is not None else iter(())


def _comparison(node: cst.Comparison) -> Iterator[Change]:
    for position, target in enumerate(node.comparisons):
        for name, table in (("boundary", _BOUNDARIES), ("negated comparison", _NEGATIONS)):
            other = table.get(type(target.operator))
            if other is not None:
                changed = target.with_changes(operator=_spaced(other(), target.operator))
                comparisons = [*node.comparisons]
                comparisons[position] = changed
                yield Change(name, 0, node.with_changes(comparisons=comparisons))


def _boolean(node: cst.BooleanOperation) -> Iterator[Change]:
    other = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
    yield Change("and/or", 0, node.with_changes(operator=_spaced(other, node.operator)))


def _unary(node: cst.UnaryOperation) -> Iterator[Change]:
    if isinstance(node.operator, cst.Not):
        yield Change("dropped not", 0, _in_parentheses(node.expression, node))
    elif isinstance(node.operator, cst.Minus) and not isinstance(node.expression, cst.Integer | cst.Float):
        yield Change("dropped sign", 0, _in_parentheses(node.expression, node))


def _binary(node: cst.BinaryOperation) -> Iterator[Change]:
    if isinstance(node.left, _TEXTS) or isinstance(node.right, _TEXTS):
        return  # texts put together or filled in: any other operator ends in an error at once
    other = _ARITHMETIC.get(type(node.operator))
    if other is not None:
        yield Change("arithmetic", 0, node.with_changes(operator=_spaced(other(), node.operator)))


def _in_place(node: cst.AugAssign) -> Iterator[Change]:
    other = _IN_PLACE.get(type(node.operator))
    if other is not None and not isinstance(node.value, (*_TEXTS, cst.List, cst.Tuple)):
        yield Change("arithmetic", 0, node.with_changes(operator=_spaced(other(), node.operator)))
    yield Change("removed statement", 1, _PASS)


def _integer(node: cst.Integer) -> Iterator[Change]:
    yield Change("constant", 1, node.with_changes(value=str(node.evaluated_value + 1)))


def _float(node: cst.Float) -> Iterator[Change]:
    yield Change("constant", 1, node.with_changes(value=repr(float(node.evaluated_value) + 1.0)))


def _text(node: cst.SimpleString) -> Iterator[Change]:
    prefix, quote, raw = node.prefix, node.quote, node.raw_value
    inner = _ALSO_TEXT if not raw else raw + _ALSO_TEXT
    yield Change("constant", 2, node.with_changes(value=f"{prefix}{quote}{inner}{quote}"))


def _name(node: cst.Name) -> Iterator[Change]:
    if node.value in ("True", "False"):
        yield Change("constant", 0, node.with_changes(value="False" if node.value == "True" else "True"))
    elif node.value == "None":
        yield Change("constant", 4, cst.Integer("1"))


def _return(node: cst.Return) -> Iterator[Change]:
    if node.value is not None and not _is_none(node.value):
        value = cst.Name("None")
        yield Change(
            "return value",
            0,
            node.with_changes(value=value, whitespace_after_return=cst.SimpleWhitespace(" ")),
        )


def _expression(node: cst.Expr) -> Iterator[Change]:
    if isinstance(node.value, cst.Call):
        yield Change("removed call", 0, _PASS)


def _assign(node: cst.Assign) -> Iterator[Change]:
    lasting = (cst.Attribute, cst.Subscript)
    if all(isinstance(target.target, lasting) for target in node.targets):
        yield Change("removed statement", 1, _PASS)


def _delete(_node: cst.Del) -> Iterator[Change]:
    yield Change("removed statement", 1, _PASS)


def _raise(node: cst.Raise) -> Iterator[Change]:
    if node.exc is None:
        yield Change("removed raise", 1, _PASS)
        return
    yield Change("removed raise", 0, _PASS)
    if isinstance(node.exc, cst.Call) and isinstance(node.exc.func, cst.Name):
        other = "RuntimeError" if node.exc.func.value != "RuntimeError" else "LookupError"
        call = cst.Call(func=cst.Name(other), args=node.exc.args[:1])
        yield Change("exception type", 1, node.with_changes(exc=call))


def _caught(node: cst.ExceptHandler) -> Iterator[Change]:
    if node.type is not None:
        yield Change("caught exception", 2, node.with_changes(type=cst.Tuple(elements=[])))


def _break(_node: cst.Break) -> Iterator[Change]:
    yield Change("break", 3, _PASS)


def _continue(_node: cst.Continue) -> Iterator[Change]:
    yield Change("continue", 2, cst.Break())


def _if(node: cst.If) -> Iterator[Change]:
    for value in ("True", "False"):
        yield Change("forced condition", 1, node.with_changes(test=cst.Name(value)))


def _while(node: cst.While) -> Iterator[Change]:
    if not (isinstance(node.test, cst.Name) and node.test.value == "True"):
        yield Change("forced condition", 1, node.with_changes(test=cst.Name("False")))


def _ternary(node: cst.IfExp) -> Iterator[Change]:
    yield Change("swapped choice", 0, node.with_changes(body=node.orelse, orelse=node.body))


def _filter(node: cst.CompIf) -> Iterator[Change]:
    yield Change("forced condition", 1, node.with_changes(test=cst.Name("True")))


def _call(node: cst.Call) -> Iterator[Change]:
    plain = [arg for arg in node.args if not arg.star]
    if len(plain) != len(node.args):
        return
    positional = [arg for arg in plain if arg.keyword is None]
    if len(positional) > 1 and not positional[0].value.deep_equals(positional[1].value):
        first, second = positional[0], positional[1]
        swapped = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
        yield Change("swapped arguments", 2, node.with_changes(args=[*swapped, *node.args[2:]]))
    if len(plain) > 1 or (plain and plain[0].keyword is not None):
        rest = [*node.args[:-1]]
        if rest:
            rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        yield Change("dropped argument", 3, node.with_changes(args=rest))


def _slice(node: cst.Slice) -> Iterator[Change]:
    if node.lower is not None:
        yield Change("slice bound", 1, node.with_changes(lower=None))
    if node.upper is not None:
        yield Change("slice bound", 1, node.with_changes(upper=None))


def _is_none(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Name) and value.value == "None"


def _spaced(new: Any, old: Any) -> Any:
    """An operator with the white space of another, as far as that is enough for it."""
    before = getattr(old, "whitespace_before", cst.SimpleWhitespace(" "))
    after = getattr(old, "whitespace_after", cst.SimpleWhitespace(" "))
    if isinstance(new, cst.And | cst.Or | cst.In | cst.NotIn | cst.Is | cst.IsNot):
        before = before if not before.empty else cst.SimpleWhitespace(" ")
        after = after if not after.empty else cst.SimpleWhitespace(" ")
    return new.with_changes(whitespace_before=before, whitespace_after=after)


def _in_parentheses(inner: cst.BaseExpression, outer: cst.BaseExpression) -> cst.BaseExpression:
    """What is left of `outer`, which may have stood where only parentheses keep it together."""
    own = (*outer.lpar, *inner.lpar), (*inner.rpar, *outer.rpar)
    if own[0]:
        return inner.with_changes(lpar=own[0], rpar=own[1])
    return inner.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


_OPERATORS: dict[type[cst.CSTNode], Callable[[Any], Iterator[Change]]] = {
    cst.Comparison: _comparison,
    cst.BooleanOperation: _boolean,
    cst.UnaryOperation: _unary,
    cst.BinaryOperation: _binary,
    cst.AugAssign: _in_place,
    cst.Integer: _integer,
    cst.Float: _float,
    cst.SimpleString: _text,
    cst.Name: _name,
    cst.Return: _return,
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.Del: _delete,
    cst.Raise: _raise,
    cst.ExceptHandler: _caught,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.If: _if,
    cst.While: _while,
    cst.IfExp: _ternary,
    cst.CompIf: _filter,
    cst.Call: _call,
    cst.Slice: _slice,
}
