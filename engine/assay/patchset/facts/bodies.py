"""What one function says about itself: what it binds, gives back, raises and sets on its object.

Promises: pure; equal texts of functions have equal bodies, so that the functions that a change leaves alone,
which is most of them, are looked into once.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from assay.gates.syntax import Function, is_words, last_name, own_nodes
from assay.patchset.facts.paths import (
    annotated,
    holds,
    literal_of,
    may_be_none,
    own_names,
    parameters,
    path_of,
    stored,
    targets,
    values_settled,
)
from assay.patchset.facts.records import CALL, UNKNOWN, Path
from assay.patchset.facts.signature import Signature, signature_of


class Attribute(NamedTuple):
    """What a method sets on its first parameter: `line` counts from the `def`, `value` is () where it is not
    known what is set."""

    name: str
    line: int
    value: Path
    literal: str
    noted: str
    """Its annotation as text."""
    may_be_none: bool
    """It is set to None, or to a parameter that may be."""


class Body(NamedTuple):
    """One function."""

    signature: Signature
    locals: tuple[tuple[str, frozenset[str]], ...]
    """What it binds, then what each function in it binds: by name within it, its own name first."""
    yields: bool
    hands_on: bool
    arity: int
    raises: tuple[str, ...]
    unwritten: bool
    gives: str
    """A word for the type of everything that it returns, where that can be seen or is annotated."""
    may_be_none: bool
    """It gives None beside something else, or is annotated so."""
    kinds: tuple[str, ...]
    """A word for the type of each thing that it returns, '' for one that cannot be seen; None aside."""
    handles: tuple[str, ...]
    """The exceptions that it catches, by their last names."""
    passes: Path
    """What it calls to give what that gives, where it does nothing else with it; begins with its receiver."""
    sentinels: tuple[str, ...]
    """The constants that it returns beside other things, as text."""
    copies: bool
    """All that it returns is made anew, as by `list(...)`."""
    shares: bool
    """It returns something that its object keeps."""
    summary: str
    """The first paragraph of what it says of itself."""
    formula: str
    """What it returns, as text, where that is all it does, and is computed of names and constants alone."""
    ordered: str
    """How everything that it returns is ordered: the arguments of `sorted` besides the first, or a word for
    what keeps the order of something else; empty where that cannot be seen."""
    attributes: tuple[Attribute, ...]
    leaves: tuple[str, ...]
    """The attributes of its first parameter that it sets, or changes in place; `name()` for methods that it
    calls, which may do so."""
    opens: bool
    """It may set attributes on its first parameter that nobody can list."""


def body_of(node: Function) -> Body:
    """What a function says about itself."""
    nodes = list(own_nodes(node))
    returned = [value for inner in nodes if isinstance(inner, ast.Return) for value in _branches(inner.value)]
    yields = any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in nodes)
    yields = yields or (bool(returned) and all(map(_lazy, returned)))
    arities = {_arity(value) for value in returned}
    raises = {
        last_name(inner.exc) for inner in nodes if isinstance(inner, ast.Raise) and inner.exc is not None
    }
    written = [statement for statement in node.body if not is_words(statement)]
    places = [*node.args.posonlyargs, *node.args.args]
    receiver = places[0].arg if places else ""
    return Body(
        signature=signature_of(node.args),
        locals=tuple(_locals(node, nodes, node.name)),
        yields=yields,
        hands_on=any(not isinstance(value, _FINISHED) for value in returned),
        arity=arities.pop() if len(arities) == 1 and not yields else 0,
        raises=tuple(sorted(raises)),
        unwritten=len(written) == 1 and isinstance(written[0], ast.Raise) and "NotImplementedError" in raises,
        gives=(_kind([_held(value, nodes) for value in returned]) or _noted(node)) if not yields else "",
        may_be_none=0 < sum(map(_is_none, returned)) < len(returned)
        or may_be_none(node.returns)
        or any(map(_looks_up, returned)),
        kinds=tuple(sorted({_type(_held(value, nodes)) for value in returned if not _is_none(value)})),
        formula=_formula(written),
        handles=tuple(sorted(set(_handled(nodes)))),
        passes=_passes(node, nodes, returned),
        sentinels=_sentinels(returned),
        copies=bool(returned) and all(_is_copy(_held(value, nodes)) for value in returned),
        shares=any(_is_kept(value, receiver) for value in returned),
        summary=" ".join((ast.get_docstring(node) or "").split("\n\n", 1)[0].split()),
        ordered=_order([_held(value, nodes) for value in returned], nodes) if not yields else "",
        attributes=tuple(_attributes(node, nodes, receiver)) if receiver else (),
        leaves=tuple(sorted(set(_left(nodes, receiver)))) if receiver else (),
        opens=any(_opens(inner, receiver) for inner in nodes if isinstance(inner, ast.Call)),
    )


def _branches(value: ast.expr | None) -> Iterator[ast.expr | None]:
    """What a returned expression may be: both sides of `x if c else y`."""
    if isinstance(value, ast.IfExp):
        yield from _branches(value.body)
        yield from _branches(value.orelse)
    else:
        yield value


def _looks_up(value: ast.expr | None) -> bool:
    """Whether this is None where nothing is found: `x.get(key)`, `next(them, None)`."""
    match value:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id="next"), args=[_, ast.Constant(value=None)]):
            return True
    return False


def _handled(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ExceptHandler):
            every = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield from (last_name(each) if each is not None else "" for each in every)


def _passes(node: Function, nodes: Iterable[ast.AST], returned: list[ast.expr | None]) -> Path:
    value = returned[0] if len(returned) == 1 else None
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return ()
    names = values_settled(own_names(node, nodes))
    places = [*node.args.posonlyargs, *node.args.args]
    for place in places[:1]:
        if place.annotation is None:
            names.pop(place.arg, None)
    path = path_of(value.func, names)
    return path if path and path[0] != UNKNOWN else ()


def _sentinels(returned: list[ast.expr | None]) -> tuple[str, ...]:
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


def _is_kept(value: ast.expr | None, receiver: str) -> bool:
    match value:
        case ast.Attribute(value=ast.Name(id=root)):
            return root == receiver
    return False


_COPIERS = frozenset({"list", "dict", "set", "tuple", "sorted", "copy", "deepcopy", "frozenset"})


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

_FINISHED = (ast.Constant, ast.Tuple, ast.List, ast.Dict, type(None))


def _locals(node: Function, nodes: Iterable[ast.AST], name: str) -> Iterator[tuple[str, frozenset[str]]]:
    inner = list(nodes)
    yield name, frozenset(own_names(node, inner))
    for each in inner:
        if isinstance(each, Function):
            yield from _locals(each, own_nodes(each), f"{name}.{each.name}")


_LAZY = frozenset({"map", "filter", "iter", "zip", "reversed", "enumerate"})
_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.DictComp, ast.ListComp, ast.SetComp, ast.JoinedStr)


def _lazy(value: ast.expr | None) -> bool:
    """Whether a value can be gone through once only, as that of a generator."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _LAZY
    return isinstance(value, ast.GeneratorExp)


def _kind(returned: list[ast.expr | None]) -> str:
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


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _order(returned: list[ast.expr | None], nodes: list[ast.AST]) -> str:
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
CHANGERS = frozenset(
    name
    for kind in (list, dict, set, deque)
    for name in set(dir(kind)) - set(dir(tuple)) - set(dir(frozenset)) - set(dir(MappingProxyType))
)
"""Methods by which a container is changed in place."""


def _left(nodes: Iterable[ast.AST], receiver: str) -> Iterator[str]:
    """The attributes of `receiver` that are set, or changed in place as built-in containers are."""
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=root), attr=name, ctx=ast.Store() | ast.Del()):
                pass
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id=root), attr=name), ctx=ast.Store() | ast.Del()
            ):
                pass
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=root), attr=name), attr=method)
            ) if method in CHANGERS:
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id=root), attr=method)):
                name = f"{method}()"
            case _:
                continue
        if root == receiver:
            yield name


def _arity(value: ast.expr | None) -> int:
    if isinstance(value, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in value.elts):
        return len(value.elts)
    return 0


def _attributes(node: Function, nodes: Iterable[ast.AST], receiver: str) -> Iterator[Attribute]:
    for inner in nodes:
        if not isinstance(inner, ast.stmt):
            continue
        value = getattr(inner, "value", None)
        note = inner.annotation if isinstance(inner, ast.AnnAssign) else None
        notes = holds(note)
        for target in targets(inner):
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            for part in parts:
                match part:
                    case ast.Attribute(value=ast.Name(id=root), attr=attr) if root == receiver:
                        single = part is target and isinstance(value, ast.expr)
                        held = notes or (path_of(value) if single and value else ())
                        yield Attribute(
                            attr,
                            part.lineno - node.lineno,
                            _settled(held, node),
                            literal_of(value) if single else "",
                            ast.unparse(note) if note is not None else "",
                            single and _may_hold_none(value, node),
                        )


def _settled(held: Path, function: Function) -> Path:
    """What a method stores, if it can be said without the method's own names."""
    if not held or held[0] == UNKNOWN:
        return ()
    for parameter in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        if parameter.arg == held[0]:
            notes = holds(parameter.annotation)
            return (*notes, *held[1:]) if notes else ()
    return held if len(held) > 1 and held[-1] == CALL else ()


def _may_hold_none(value: ast.expr | None, function: Function) -> bool:
    """Whether what is set is None, or a parameter that is None unless given, or may be as annotated."""
    if not isinstance(value, ast.Name):
        return isinstance(value, ast.Constant) and value.value is None
    places = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(reversed(places), reversed(function.args.defaults), strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    unset = {place.arg for place, default in pairs if isinstance(default, ast.Constant) and _is_none(default)}
    noted = {p.arg for p in parameters(function.args) if may_be_none(p.annotation)}
    rebound = {name for node in own_nodes(function) for target in targets(node) for name in stored(target)}
    return value.id in (unset | noted) - rebound


def _opens(call: ast.Call, receiver: str) -> bool:
    first = call.args[0] if call.args else None
    return last_name(call) in ("setattr", "vars") and isinstance(first, ast.Name) and first.id == receiver
