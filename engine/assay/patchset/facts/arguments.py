"""What the arguments of a call are, as far as that is written, and in which role a text stands.

Promises: pure. Names of the function around that are assigned once are followed to what they are assigned.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from assay.gates.syntax import last_name
from assay.patchset.facts import contexts
from assay.patchset.facts.paths import NO_ONE, keys_of, path_of
from assay.patchset.facts.records import COMPARED, ENTRY, KEY, UNKNOWN, VALUE, Given, Path
from assay.patchset.facts.signature import Shape, shape_of

Parents = Mapping[ast.AST, ast.AST]

_MOST = 20
"""Arguments of one call that are looked at."""
_LONGEST = 200
_MOST_ENTRIES = 200
"""Larger displays are data."""


def given_in(
    call: ast.Call, names: Mapping[str, Path], inside: str, parents: Parents, known: contexts.Known
) -> Iterator[Given]:
    """What can be seen of the arguments of a call; nothing where some are spread. `names` says what local
    names hold, `inside` which class it is in."""
    slots = [(str(place), arg) for place, arg in enumerate(call.args)]
    slots += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        return
    for slot, arg in slots[:_MOST]:
        value = (contexts.held(arg.id, call, parents, known) or arg) if isinstance(arg, ast.Name) else arg
        path = path_of(value, names, inside)
        text = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
        keys = keys_of(value) or None
        seen = path if path and path[0] != UNKNOWN else ()
        constant = _constant(value)
        if seen or keys is not None or constant:
            yield Given(slot=slot, path=seen, keys=keys, text=text, constant=constant)


def _constant(value: ast.expr) -> str:
    number = value.operand if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub) else value
    if isinstance(number, ast.Constant) and (number is value or isinstance(number.value, int | float)):
        return ast.unparse(value)[:_LONGEST] if not isinstance(number.value, bytes) else ""
    return "[]" if isinstance(value, ast.List) and not value.elts else ""


def shape_in(call: ast.Call, parents: Parents, known: contexts.Known) -> Shape:
    """How a call gives its arguments, those of a dictionary that is written out in its function as well."""
    shape = shape_of(call)
    keys: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg is None:
            spread = keyword.value
            value = contexts.held(spread.id, call, parents, known) if isinstance(spread, ast.Name) else spread
            keys.update(keys_of(value))
    return replace(shape, keywords=tuple(sorted({*shape.keywords, *keys}))) if keys else shape


def spelled(
    call: ast.Call, parents: Parents, names: Mapping[str, Path], inside: str
) -> Iterator[tuple[Path, Shape | None, str]]:
    """(path, how it is called, receiver) of attributes that are got at by their text: `getattr(x, "name")`
    without anything to fall back on, `attrgetter("name")`, `methodcaller("name", ...)`."""
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    called = last_name(call)
    if called == "getattr" and isinstance(call.func, ast.Name) and len(call.args) == _TWO and texts:
        around = parents.get(call)
        shape = shape_of(around) if isinstance(around, ast.Call) and around.func is call else None
        path = (*(path_of(call.args[0], names, inside) or NO_ONE), texts[-1])
        yield path, shape, last_name(call.args[0])
    elif called == "attrgetter":
        yield from (((UNKNOWN, *text.split(".")), None, "") for text in texts)
    elif called == "methodcaller" and texts:
        given = shape_of(call)
        yield (UNKNOWN, texts[0]), Shape(positional=given.positional - 1, keywords=given.keywords), ""


_TWO = 2


def role_of(node: ast.AST, parents: Parents) -> str:  # noqa: PLR0911 - one word for each
    """In which role a text stands, '' where it is a part of something else."""
    parent = parents.get(node)
    match parent:
        case ast.keyword(arg=str(arg)):
            return f"{last_name(parents.get(parent))}:{arg}"
        case ast.Call(args=args):
            return f"{last_name(parent)}:{args.index(node)}" if node in args else ""
        case ast.Dict(keys=keys) if len(keys) > _MOST_ENTRIES:
            return ""
        case ast.Dict(keys=keys):
            return ENTRY if node in keys else VALUE
        case ast.Subscript(ctx=ctx):
            return KEY if isinstance(ctx, ast.Load) else VALUE
        case ast.Compare() | ast.MatchValue():
            return COMPARED
        case ast.Assign() | ast.AnnAssign() | ast.arguments():
            return VALUE
        case ast.List() | ast.Tuple() | ast.Set():
            return role_of(parent, parents) or VALUE
    return ""
