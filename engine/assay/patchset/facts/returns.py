"""What a function gives, as far as its `return` statements show: types, constants, order, format.

Promises: pure; nothing is said of what only running could tell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from assay.gates.syntax import Function, is_words, last_name
from assay.patchset.facts.paths import annotated, may_be_none


class Returned(NamedTuple):
    """What one function gives; of a generator little is said."""

    arity: int
    """All its returns are tuples of so many literal entries; 0: not so."""
    each: int
    """All things that it yields, or gives a list of, are tuples of so many literal entries; 0: not so."""
    gives: str
    """A word for the type of everything that it returns, where that can be seen or is annotated."""
    may_be_none: bool
    """It gives None beside something else, or is annotated so."""
    kinds: tuple[str, ...]
    """A word for the type of each thing that it returns, '' for one that cannot be seen; None aside."""
    keys: tuple[str, ...]
    """The keys of the dictionary that it returns, where it is written out."""
    parts: tuple[str, ...]
    """What is in the tuple that it returns, as text, where that is said once."""
    template: str
    """The text that it returns as it is written, with what is put into it."""
    sentinels: tuple[str, ...]
    """The constants that it returns beside other things, as text."""
    copies: bool
    """All that it returns is made anew, as by `list(...)`."""
    formula: str
    """What it returns, as text, where that is all it does, and is computed of names and constants alone."""
    ordered: str
    """How everything that it returns is ordered: the arguments of `sorted` besides the first, or a word for
    what keeps the order of something else; empty where that cannot be seen."""


def values(nodes: Iterable[ast.AST]) -> Iterator[ast.expr | None]:
    """What the returns among a function's own nodes give, both sides of `x if c else y` apart."""
    for node in nodes:
        if isinstance(node, ast.Return):
            yield from _branches(node.value)


def all_lazy(returned: Sequence[ast.expr | None]) -> bool:
    """Whether all that is returned can be gone through once only."""
    return bool(returned) and all(map(_lazy, returned))


def returned_of(
    node: Function, nodes: list[ast.AST], returned: Sequence[ast.expr | None], *, yields: bool
) -> Returned:
    """What a function gives, of its own nodes and what they return."""
    held = [_held(value, nodes) for value in returned]
    arities = {_arity(value) for value in returned}
    optional = 0 < sum(map(is_none, returned)) < len(returned) or any(map(_looks_up, returned))
    return Returned(
        arity=arities.pop() if len(arities) == 1 and not yields else 0,
        each=_each(held, nodes, yields=yields),
        gives=(_kind(held) or _noted(node)) if not yields else "",
        may_be_none=optional or may_be_none(node.returns),
        kinds=tuple(sorted({_type(value) for value in held if not is_none(value)})),
        keys=_keys(held, nodes),
        parts=_parts(held),
        template=_template(held),
        sentinels=_sentinels(returned),
        copies=bool(held) and all(map(_is_copy, held)),
        formula=_formula([statement for statement in node.body if not is_words(statement)]),
        ordered=_order(held, nodes) if not yields else "",
    )


def _each(returned: Sequence[ast.expr | None], nodes: Iterable[ast.AST], *, yields: bool) -> int:
    """Of how many parts all that comes out one by one is."""
    found: set[int] = set()
    if yields:
        found = {_arity(node.value) for node in nodes if isinstance(node, ast.Yield)}
        found |= {0 for node in nodes if isinstance(node, ast.YieldFrom)}
    for value in returned:
        match value:
            case ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt) | ast.SetComp(elt=elt):
                found.add(_arity(elt))
            case ast.List(elts=[_, *_] as elts):
                found.update(map(_arity, elts))
            case _ if not yields:
                return 0
    return found.pop() if len(found) == 1 else 0


def _branches(value: ast.expr | None) -> Iterator[ast.expr | None]:
    """What a returned expression may be: both sides of `x if c else y`."""
    if isinstance(value, ast.IfExp):
        yield from _branches(value.body)
        yield from _branches(value.orelse)
    else:
        yield value


def _formula(written: list[ast.stmt]) -> str:
    match written:
        case [ast.Return(value=ast.expr() as value)] if all(
            isinstance(part, _COMPUTED) for part in ast.walk(value)
        ):
            return ast.unparse(value)
    return ""


_COMPUTED = (
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.expr_context,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
)


def _looks_up(value: ast.expr | None) -> bool:
    """Whether this is None where nothing is found: `x.get(key)`, `next(them, None)`."""
    match value:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id="next"), args=[_, ast.Constant(value=None)]):
            return True
    return False


def _keys(returned: Sequence[ast.expr | None], nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """The keys of all dictionaries that are returned, and those that are set anywhere in the function."""
    found: set[str] = set()
    for value in returned:
        if not isinstance(value, ast.Dict) or not value.keys:
            return ()
        for key in value.keys:
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return ()
            found.add(key.value)
    for node in nodes:
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(text)), ctx=ast.Store()):
                found.add(text)
    return tuple(sorted(found))


def _parts(returned: Sequence[ast.expr | None]) -> tuple[str, ...]:
    match returned:
        case [ast.Tuple(elts=parts)]:
            return tuple(ast.unparse(part) for part in parts)
    return ()


def _template(returned: Sequence[ast.expr | None]) -> str:
    match returned:
        case [ast.JoinedStr() | ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()) as text]:
            return ast.unparse(text)
        case [ast.BinOp(op=ast.Add()) as text] if any(
            isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(text)
        ):
            return ast.unparse(text)
        case [ast.Call(func=ast.Attribute(value=ast.Constant(value=str()))) as text]:
            return ast.unparse(text)
        case [ast.Call(func=ast.Attribute(attr="strftime" | "isoformat")) as text]:
            return ast.unparse(text)
    return ""


def _sentinels(returned: Sequence[ast.expr | None]) -> tuple[str, ...]:
    constants = {
        ast.unparse(value)
        for value in returned
        if isinstance(value, ast.Constant | ast.UnaryOp) and not isinstance(_constant(value), bool)
    }
    return tuple(sorted(constants)) if len(constants) < len({ast.dump(v) for v in returned if v}) else ()


def _constant(value: ast.expr) -> object:
    return value.value if isinstance(value, ast.Constant) else None


def _is_copy(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Subscript):
        return isinstance(value.slice, ast.Slice)
    made = isinstance(value, ast.Call) and last_name(value) in _COPIERS
    return made or isinstance(value, _DISPLAYS)


_COPIERS = frozenset({"list", "dict", "set", "tuple", "sorted", "copy", "deepcopy", "frozenset"})


_LAZY = frozenset({"map", "filter", "iter", "zip", "reversed", "enumerate"})


_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.DictComp, ast.ListComp, ast.SetComp, ast.JoinedStr)


def _lazy(value: ast.expr | None) -> bool:
    """Whether a value can be gone through once only, as that of a generator."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _LAZY
    return isinstance(value, ast.GeneratorExp)


def _kind(returned: Sequence[ast.expr | None]) -> str:
    """A word for the type of everything that is returned; '' if it is not all of one that can be seen."""
    kinds = {
        _type(value) for value in returned if not (isinstance(value, ast.Constant) and value.value is None)
    }
    return kinds.pop() if len(kinds) == 1 else ""


def _noted(node: Function) -> str:
    """The word of the annotated type, where it is one that says something."""
    if isinstance(node.returns, ast.Subscript) and last_name(node.returns.value) not in _OPTIONAL:
        return ""  # what stands in the brackets is a type, too, and `Sequence[X]` is no other than `list[X]`
    word = (annotated(node.returns) or ("",))[-1]
    return "" if word in _ANYTHING or word.startswith("_") or len(word) < _SHORTEST else word


_OPTIONAL = frozenset({"Optional", "Annotated"})


_ANYTHING = frozenset({"Any", "object", "None", "NoReturn", "Never", "Self", "Callable"})


_SHORTEST = 3
"""Shorter names are those of type variables."""


def _held(value: ast.expr | None, nodes: list[ast.AST]) -> ast.expr | None:
    """What a returned local name holds, if it is assigned once."""
    if not isinstance(value, ast.Name):
        return value
    found = [
        n for n in nodes if isinstance(n, ast.Name) and n.id == value.id and isinstance(n.ctx, ast.Store)
    ]
    given = [n.value for n in nodes if isinstance(n, ast.Assign) and n.targets == found]
    return given[0] if len(found) == 1 and given else value


def _type(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant):
        return type(value.value).__name__
    if isinstance(value, _DISPLAYS):
        return type(value).__name__.lower().removesuffix("comp").replace("joinedstr", "str")
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        name = value.func.id
        return (
            name
            if name.lstrip("_")[:1].isupper() or name in ("dict", "list", "set", "tuple", "str", "int")
            else ""
        )
    return ""


def is_none(value: ast.expr | None) -> bool:
    """Whether an expression is None as it stands, or is not there."""
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _order(returned: Sequence[ast.expr | None], nodes: list[ast.AST]) -> str:
    found = {_order_of(value) for value in returned}
    order = found.pop() if len(found) == 1 else ""
    sorts = any(getattr(node, "id", getattr(node, "attr", "")) in _SORTERS for node in nodes)
    return "" if order == _AS_THEY_COME and sorts else order


_SORTERS = frozenset({"sorted", "sort", "reversed", "reverse"})


_AS_THEY_COME = "as they come"


def _order_of(value: ast.expr | None) -> str:
    if isinstance(value, ast.ListComp) or (isinstance(value, ast.Call) and last_name(value) in _KEEPERS):
        return _AS_THEY_COME
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "sorted":
        return f"sorted({', '.join(ast.unparse(keyword) for keyword in value.keywords)})"
    return ""


_KEEPERS = frozenset({"list", "tuple"})


def _arity(value: ast.expr | None) -> int:
    if isinstance(value, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in value.elts):
        return len(value.elts)
    return 0
