"""What one function says about itself: what it binds, gives back, raises and sets on its object.

Promises: pure; equal texts of functions have equal bodies, so that the functions that a change leaves alone,
which is most of them, are looked into once.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from assay.gates.syntax import Function, is_words, last_name, own_nodes
from assay.patchset.facts.paths import (
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
from assay.patchset.facts.returns import Returned, all_lazy, is_none, returned_of, values
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
    given: Returned
    raises: tuple[str, ...]
    unwritten: bool
    handles: tuple[str, ...]
    """The exceptions that it catches, by their last names."""
    passes: Path
    """What it calls to give what that gives, where it does nothing else with it; begins with its receiver."""
    shares: bool
    """It returns something that its object keeps."""
    summary: str
    """The first paragraph of what it says of itself."""
    asks: tuple[str, ...]
    """What it cannot do without of its parameters: `record[name]` for a key, `job.name` for an attribute."""
    refuses: tuple[str, ...]
    """The conditions on its parameters, as text, under which it does nothing but raise."""
    attributes: tuple[Attribute, ...]
    leaves: tuple[str, ...]
    """The attributes of its first parameter that it sets, or changes in place; `name()` for methods that it
    calls, which may do so."""
    opens: bool
    """It may set attributes on its first parameter that nobody can list."""


def body_of(node: Function) -> Body:
    """What a function says about itself."""
    nodes = list(own_nodes(node))
    returned = list(values(nodes))
    yields = any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in nodes)
    yields = yields or all_lazy(returned)
    raises = {
        last_name(inner.exc) for inner in nodes if isinstance(inner, ast.Raise) and inner.exc is not None
    }
    written = [statement for statement in node.body if not is_words(statement)]
    places = [*node.args.posonlyargs, *node.args.args]
    receiver = places[0].arg if places else ""
    return Body(
        signature=signature_of(node.args, nodes),
        locals=tuple(_locals(node, nodes, node.name)),
        yields=yields,
        hands_on=any(not isinstance(value, _FINISHED) for value in returned),
        given=returned_of(node, nodes, returned, yields=yields),
        raises=tuple(sorted(raises)),
        unwritten=len(written) == 1 and isinstance(written[0], ast.Raise) and "NotImplementedError" in raises,
        handles=tuple(sorted(set(_handled(nodes)))),
        passes=_passes(node, nodes, returned),
        shares=any(_is_kept(value, receiver) for value in returned),
        summary=" ".join((ast.get_docstring(node) or "").split("\n\n", 1)[0].split()),
        asks=tuple(sorted(_asked(node, nodes))),
        refuses=tuple(_refused(node)),
        attributes=tuple(_attributes(node, nodes, receiver)) if receiver else (),
        leaves=tuple(sorted(set(_left(nodes, receiver)))) if receiver else (),
        opens=any(_opens(inner, receiver) for inner in nodes if isinstance(inner, ast.Call)),
    )


_ASKING_FIRST = frozenset({"hasattr", "getattr", "isinstance", "TypeError", "KeyError", "AttributeError"})
"""A function that speaks of these may well do without."""


def _asked(function: Function, nodes: Iterable[ast.AST]) -> set[str]:
    """What is read of parameters that are never bound again, nor looked at before."""
    names = {each.arg for each in parameters(function.args)} - {"self", "cls"}
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.discard(name)
            case ast.Name(id=name) if name in _ASKING_FIRST:
                return set()
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=name)]):
                names.discard(name)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key)), ctx=ast.Load()):
                found.add(f"{name}[{key}]")
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Load()):
                found.add(f"{name}.{attr}")
    return {each for each in found if re.split(r"[.\[]", each, maxsplit=1)[0] in names}


def _refused(function: Function) -> Iterator[str]:
    """The conditions under which a function raises before it does anything else with its parameters."""
    names = {each.arg for each in parameters(function.args)}
    for statement in function.body:
        match statement:
            case ast.If(test=test, body=[*_, ast.Raise()], orelse=[]):
                if {part.id for part in ast.walk(test) if isinstance(part, ast.Name)} & names:
                    yield ast.unparse(test)[:_LONGEST]
            case ast.Expr():
                continue
            case _:
                names -= {name for target in targets(statement) for name in stored(target)}


_LONGEST = 300


def _is_kept(value: ast.expr | None, receiver: str) -> bool:
    match value:
        case ast.Attribute(value=ast.Name(id=root)):
            return root == receiver
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


_FINISHED = (ast.Constant, ast.Tuple, ast.List, ast.Dict, type(None))


def _locals(node: Function, nodes: Iterable[ast.AST], name: str) -> Iterator[tuple[str, frozenset[str]]]:
    inner = list(nodes)
    yield name, frozenset(own_names(node, inner))
    for each in inner:
        if isinstance(each, Function):
            yield from _locals(each, own_nodes(each), f"{name}.{each.name}")


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
    if len(held) > 1 and held[-1] == CALL:
        return held
    return held if CALL not in held and held[0] not in own_names(function) else ()


def _may_hold_none(value: ast.expr | None, function: Function) -> bool:
    """Whether what is set is None, or a parameter that is None unless given, or may be as annotated."""
    if not isinstance(value, ast.Name):
        return isinstance(value, ast.Constant) and value.value is None
    places = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(reversed(places), reversed(function.args.defaults), strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    unset = {place.arg for place, default in pairs if isinstance(default, ast.Constant) and is_none(default)}
    noted = {p.arg for p in parameters(function.args) if may_be_none(p.annotation)}
    rebound = {name for node in own_nodes(function) for target in targets(node) for name in stored(target)}
    return value.id in (unset | noted) - rebound


def _opens(call: ast.Call, receiver: str) -> bool:
    first = call.args[0] if call.args else None
    return last_name(call) in ("setattr", "vars") and isinstance(first, ast.Name) and first.id == receiver
