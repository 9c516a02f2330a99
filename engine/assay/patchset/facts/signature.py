"""Signatures and the shapes of calls: does this call still go through, and to the same parameters?

Promises: pure. The answers are Python's own rules of binding (language reference, "Calls"), and None where
the call's `*` and `**` leave it open.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from assay.model.candidate import Record


class Parameter(Record, frozen=True, kw_only=True):
    """One parameter by name; `optional` if it has a default, which is `default` in normal form, and `written`
    as text."""

    name: str
    optional: bool = False
    default: str = ""
    written: str = ""


class Signature(Record, frozen=True, kw_only=True):
    """The parameters of a function, by the ways in which they may be given."""

    only: tuple[Parameter, ...] = ()
    plain: tuple[Parameter, ...] = ()
    keyword: tuple[Parameter, ...] = ()
    star: bool = False
    double: bool = False

    def without_first(self) -> Signature:
        """What is left to give once the first positional one is (`self`)."""
        if self.only:
            only, plain = self.only[1:], self.plain
        else:
            only, plain = (), self.plain[1:]
        return Signature(only=only, plain=plain, keyword=self.keyword, star=self.star, double=self.double)


class Shape(Record, frozen=True, kw_only=True):
    """How a call gives its arguments."""

    positional: int = 0
    keywords: tuple[str, ...] = ()
    star: bool = False
    double: bool = False


def refusal(signature: Signature, shape: Shape) -> str:
    """Why the call cannot be bound, as the end of a sentence; '' if it can, or if nobody can tell."""
    places = (*signature.only, *signature.plain)
    if shape.positional > len(places) and not signature.star:
        return f"it takes {_count(len(places))}, not {shape.positional}"
    named = {p.name for p in (*signature.plain, *signature.keyword)}
    for keyword in shape.keywords:
        if keyword not in named and not signature.double:
            return f"it has no parameter `{keyword}`"
    taken = {p.name for p in signature.plain[: max(0, shape.positional - len(signature.only))]}
    for keyword in shape.keywords:
        if keyword in taken:
            return f"`{keyword}` is given twice"
    return _missing(signature, shape)


def _missing(signature: Signature, shape: Shape) -> str:
    places = (*signature.only, *signature.plain)
    given = set(shape.keywords)
    if not shape.star:
        for index, parameter in enumerate(places[shape.positional :], shape.positional):
            by_name = index >= len(signature.only) and (parameter.name in given or shape.double)
            if not parameter.optional and not by_name:
                return f"`{parameter.name}` is missing"
    if not shape.double:
        for parameter in signature.keyword:
            if not parameter.optional and parameter.name not in given:
                return f"`{parameter.name}` is missing"
    return ""


def astray(old: Signature, new: Signature, shape: Shape) -> str:
    """A parameter that one of the call's positional arguments was for and no longer reaches, '' if none."""
    before, after = ([p.name for p in (*s.only, *s.plain)] for s in (old, new))
    keywords = {p.name for p in new.keyword}
    for index, name in enumerate(before[: shape.positional]):
        if (name in after and after.index(name) != index) or name in keywords:
            return name
    return ""


_UNITS = frozenset(
    {
        "ns", "nanos", "nanoseconds", "us", "micros", "microseconds", "ms", "millis", "milliseconds", "s",
        "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes", "hour", "hours", "day",
        "days", "week", "weeks", "byte", "bytes", "bits", "kb", "kib", "mb", "mib", "gb", "chars",
        "characters", "lines", "words", "percent", "percentage", "ratio", "fraction", "cents", "pence",
        "euros", "px", "dollars", "em", "cells", "mm", "cm", "m", "km", "inches", "degrees",
        "radians", "celsius", "index", "fahrenheit", "offset", "count",
    }
)  # fmt: skip
"""What names say that numbers count."""


def remeasured(old: Signature, new: Signature, shape: Shape) -> tuple[str, str] | None:
    """Two parameters of one place that one of the call's positional arguments is for, the new one named for
    another unit."""
    before, after = ([p.name for p in (*s.only, *s.plain)] for s in (old, new))
    for was, now in zip(before[: shape.positional], after, strict=False):
        if was != now and was not in after and now not in before and _units(was) != _units(now):
            return was, now
    return None


def _units(name: str) -> frozenset[str]:
    return frozenset(name.lower().split("_")) & _UNITS


def default_changed(old: Signature, new: Signature, shape: Shape) -> str:
    """A parameter that the call leaves to its default, which is another one now; '' if none."""
    if shape.star or shape.double:
        return ""
    before = {p.name: p for p in (*old.only, *old.plain, *old.keyword)}
    given = {p.name for p in (*new.only, *new.plain)[: shape.positional]} | set(shape.keywords)
    for parameter in (*new.only, *new.plain, *new.keyword):
        was = before.get(parameter.name)
        if parameter.name in given or was is None or not (was.optional and parameter.optional):
            continue
        if was.default != parameter.default:
            return parameter.name
    return ""


def signature_of(args: ast.arguments, nodes: Iterable[ast.AST] = ()) -> Signature:
    """The signature that a definition spells out. `nodes` are those of the function's body: what it puts in
    the place of None is what a parameter is by default."""
    places = [*args.posonlyargs, *args.args]
    later = dict(_instead_of_none(nodes))
    defaults: list[ast.expr | None] = [*[None] * (len(places) - len(args.defaults)), *args.defaults]

    def parameter(arg: ast.arg, default: ast.expr | None) -> Parameter:
        absent = isinstance(default, ast.Constant) and default.value is None
        return _parameter(arg, later.get(arg.arg, default) if absent else default)

    parameters = [parameter(arg, default) for arg, default in zip(places, defaults, strict=True)]
    return Signature(
        only=tuple(parameters[: len(args.posonlyargs)]),
        plain=tuple(parameters[len(args.posonlyargs) :]),
        keyword=tuple(parameter(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)),
        star=args.vararg is not None,
        double=args.kwarg is not None,
    )


def _instead_of_none(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of what a function gives to names that are None."""
    for node in nodes:
        match node:
            case ast.If(
                test=ast.Compare(
                    left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]
                ),
                body=[ast.Assign(targets=[ast.Name(id=target)], value=value)],
            ) if target == name:
                yield name, value
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.BoolOp(op=ast.Or(), values=[ast.Name(id=first), value])
            ) if first == name:
                yield name, value
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.IfExp(
                    test=ast.Compare(left=ast.Name(id=first), ops=[op]), body=body, orelse=orelse
                ),
            ) if first == name and isinstance(op, ast.Is | ast.IsNot):
                yield name, body if isinstance(op, ast.Is) else orelse


def shape_of(call: ast.Call) -> Shape:
    """How a call gives its arguments."""
    return Shape(
        positional=sum(not isinstance(arg, ast.Starred) for arg in call.args),
        keywords=tuple(sorted(keyword.arg for keyword in call.keywords if keyword.arg)),
        star=any(isinstance(arg, ast.Starred) for arg in call.args),
        double=any(keyword.arg is None for keyword in call.keywords),
    )


def shape_of_handed(node: ast.expr, call: ast.Call | None, keyword: str, function: str) -> Shape | None:
    """How a function is called to which `node` is handed in `call`, as an argument or by `keyword`; None if
    nothing is known of it. `function` is the last name of who calls it."""
    if call is None:
        return None
    if keyword:
        return _by_keyword(call, keyword, function)
    if not call.args or call.args[0] is not node or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    if function in _ONE_EACH:
        return Shape(positional=max(1, len(call.args) - 1))
    if function in _BOUND_LATER:
        shape = shape_of(call)
        return Shape(
            positional=shape.positional - 1,
            keywords=shape.keywords,
            star=function == "partial",
            double=function == "partial" or shape.double,
        )
    return None


def _by_keyword(call: ast.Call, keyword: str, function: str) -> Shape | None:
    if keyword == "key" and function in _BY_KEY:
        return Shape(positional=1)
    if keyword in _MAKERS:
        return Shape()
    if keyword != "target" or function not in _STARTED:
        return None
    given = {each.arg: each.value for each in call.keywords}
    args = given.get("args", ast.Tuple(elts=[], ctx=ast.Load()))
    if "kwargs" in given or not isinstance(args, ast.Tuple | ast.List):
        return None
    star = any(isinstance(each, ast.Starred) for each in args.elts)
    return Shape(positional=len(args.elts) - star, star=star)


_MAKERS = frozenset({"default_factory", "factory"})
"""Keywords of what is called without anything, to make a value."""
_STARTED = frozenset({"Thread", "Process", "Timer"})
_ONE_EACH = frozenset({"map", "filter", "takewhile", "dropwhile", "filterfalse"})
"""They call their first argument with an element of each of the others."""
_BOUND_LATER = frozenset({"partial", "submit", "to_thread", "call_soon", "start_soon"})
"""They call their first argument with the others; the first of them with more that comes later."""
_BY_KEY = frozenset({"sorted", "sort", "min", "max", "groupby", "nlargest", "nsmallest"})


def _parameter(arg: ast.arg, default: ast.expr | None) -> Parameter:
    if default is None:
        return Parameter(name=arg.arg)
    return Parameter(
        name=arg.arg, optional=True, default=ast.dump(default)[:400], written=ast.unparse(default)[:100]
    )


def _count(number: int) -> str:
    return {0: "no positional argument", 1: "one positional argument"}.get(
        number, f"{number} positional arguments"
    )
