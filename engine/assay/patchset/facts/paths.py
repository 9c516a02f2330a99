"""Expressions as paths, and the names that pieces of source bind.

Promises: pure; of what is no chain of names, attributes and calls the path begins with `UNKNOWN`, and that of
a literal is empty: nothing of ours can be meant by its attributes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from assay.gates.syntax import REFUSED, Function, own_nodes
from assay.patchset.facts.records import CALL, IMPORTED, SUPER, UNKNOWN, Path

NO_ONE: Path = (UNKNOWN,)

_LITERALS = (
    ast.Constant,
    ast.JoinedStr,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.Lambda,
    ast.Compare,
)
_LONGEST_NOTE = 200
_TRANSPARENT = frozenset({"Optional", "Annotated", "Final", "ClassVar", "Type", "type"})


def path_of(node: ast.AST, names: Mapping[str, Path] | None = None, inside: str = "") -> Path:
    """The path of an expression; `names` says what local names hold, `inside` which class `super()` is in."""
    steps: list[str] = []
    while True:
        match node:
            case ast.Attribute(value=value, attr=attr):
                steps.append(attr)
                node = value
            case ast.Call(func=ast.Name(id="super"), args=[]) if inside:
                return (SUPER + inside, *reversed(steps))
            case ast.Call(func=func):
                steps.append(CALL)
                node = func
            case ast.Await(value=value):
                node = value
            case ast.Name(id=name):
                root = names.get(name) if names is not None else None
                return (*((name,) if root is None else root), *reversed(steps))
            case _:
                return () if isinstance(node, _LITERALS) else (UNKNOWN, *reversed(steps))


def annotated(node: ast.expr | None) -> Path:  # noqa: PLR0911 - one answer for each form
    """The path of the class that an annotation names, of `X | None`, `Optional[X]` and `X[T]` that of X; else
    ()."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute():
            found = path_of(node)
            return () if found[0] == UNKNOWN else found
        case ast.Constant(value=str(text)):
            return annotated(_quoted(text))
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return annotated(left)
        case ast.Subscript(value=value, slice=inner) if _last(value) in _TRANSPARENT - {"Type", "type"}:
            return annotated(inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner)
        case ast.Subscript(value=ast.Name() | ast.Attribute() as generic):
            return annotated(generic)
    return ()


def _quoted(text: str) -> ast.expr | None:
    """An annotation that is written as text."""
    if len(text) > _LONGEST_NOTE:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except REFUSED:
        return None


def holds(annotation: ast.expr | None) -> Path:
    """The path of the value that an annotated name has: an object of the class, of `type[X]` the class X."""
    match annotation:
        case ast.Subscript(value=value, slice=inner) if _last(value) in ("Type", "type"):
            return annotated(inner)
        case ast.Subscript(value=value, slice=inner) if _last(value) in _TRANSPARENT:
            return holds(inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner)
    found = annotated(annotation)
    return (*found, CALL) if found else ()


def may_be_none(annotation: ast.expr | None) -> bool:
    """Whether an annotation says so: `Optional[X]`, `X | None`."""
    match annotation:
        case ast.Constant(value=None):
            return True
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return may_be_none(left) or may_be_none(right)
        case ast.Subscript(value=value):
            return _last(value) == "Optional"
    return False


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def stored(node: ast.AST) -> Iterator[str]:
    """The plain names that an assignment's target binds."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from stored(part)
        case ast.Starred(value=value):
            yield from stored(value)


def targets(statement: ast.AST) -> Iterator[ast.expr]:
    """What a statement assigns to, its blocks aside."""
    match statement:
        case ast.Assign(targets=several):
            yield from several
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield target
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield target
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from (item.optional_vars for item in items if item.optional_vars is not None)


def imported(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, str]]:
    """(bound name, module with leading dots, name in it or '') of each name that an import binds."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname:
                yield alias.asname, alias.name, ""
            else:
                yield alias.name.split(".", 1)[0], alias.name.split(".", 1)[0], ""
        return
    module = "." * statement.level + (statement.module or "")
    for alias in statement.names:
        if alias.name != "*":
            yield alias.asname or alias.name, module, alias.name


def parameters(args: ast.arguments) -> list[ast.arg]:
    """Every parameter, in order."""
    extra = [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *extra]


def own_names(function: Function, nodes: Iterable[ast.AST] | None = None) -> dict[str, Path]:
    """What a function binds for itself, and what each such name holds: `NO_ONE` where that is not sure.
    `nodes` are its own nodes, where they are at hand."""
    found: dict[str, Path] = {}
    outer: set[str] = set()

    def bind(name: str, path: Path) -> None:
        found[name] = NO_ONE if name in found else path

    usual = _usual(function.args)
    for parameter in parameters(function.args):
        variadic = parameter in (function.args.vararg, function.args.kwarg)
        held = holds(parameter.annotation) or usual.get(parameter.arg, ())
        bind(parameter.arg, (not variadic and held) or NO_ONE)
    for node in nodes if nodes is not None else own_nodes(function):
        if not isinstance(node, _BINDERS):
            continue
        if isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        for name, path in _binds(node):
            bind(name, path)
    return {name: path for name, path in found.items() if name not in outer}


def _usual(args: ast.arguments) -> dict[str, Path]:
    """What parameters are unless given, where that is something by its name: `runner=run_job`."""
    places = [*args.posonlyargs, *args.args]
    pairs = [
        *zip(reversed(places), reversed(args.defaults), strict=False),
        *zip(args.kwonlyargs, args.kw_defaults, strict=True),
    ]
    return {
        place.arg: path_of(default)
        for place, default in pairs
        if isinstance(default, ast.Name | ast.Attribute) and path_of(default)[0] != UNKNOWN
    }


_BINDERS = (ast.stmt, ast.ExceptHandler, ast.NamedExpr, ast.comprehension, ast.MatchAs, ast.MatchStar)


def _binds(node: ast.AST) -> Iterator[tuple[str, Path]]:
    """The names that one node of a function binds there, and what they hold."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for name, module, symbol in imported(node):
                yield name, (f"{IMPORTED}{module}:{symbol}",)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, path_of(value)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
            yield name, holds(annotation) or NO_ONE
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, NO_ONE
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, NO_ONE
        case ast.NamedExpr(target=target) | ast.comprehension(target=target):
            yield from ((name, NO_ONE) for name in stored(target))
        case _:
            yield from ((name, NO_ONE) for target in targets(node) for name in stored(target))


def values_settled(names: dict[str, Path]) -> dict[str, Path]:
    """The same names, with what they hold said in names from outside the function: `x = y` where `y =
    F()`."""
    settled: dict[str, Path] = {}
    for name, held in names.items():
        path, seen = held, {name}
        while path and path[0] in names:
            if path[0] in seen:
                path = NO_ONE
                break
            seen.add(path[0])
            path = (*names[path[0]], *path[1:])
        settled[name] = path
    return settled


CONTAINERS: dict[str, type] = {
    kind.__name__.lower(): kind for kind in (list, tuple, set, frozenset, dict, MappingProxyType)
}
"""What is known of a value by a word for its type alone."""
_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)


_MAKERS = CONTAINERS.keys() - {MappingProxyType.__name__} | {"MappingProxyType"}


def literal_of(value: ast.expr | None) -> str:
    """An expression of constants as text; of what is visibly a built-in container the name of its type; else
    ''."""
    if isinstance(value, _DISPLAYS):
        return type(value).__name__.lower().removesuffix("comp")
    if isinstance(value, ast.Call):
        made = _last(value.func)
        return made.lower() if made in _MAKERS else ""
    if value is None or not all(_plain(part) for part in _parts(value)):
        return ""
    return ast.unparse(value)[:300]


def keys_of(value: ast.expr | None) -> tuple[str, ...]:
    """The keys of a dictionary that is written out with texts for keys, sorted; else ()."""
    if isinstance(value, ast.Call) and _last(value.func) in ("dict", "SimpleNamespace") and not value.args:
        words = [keyword.arg for keyword in value.keywords if keyword.arg]
        return tuple(sorted(words)) if len(words) == len(value.keywords) else ()
    keys = value.keys if isinstance(value, ast.Dict) else []
    texts = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return tuple(sorted(texts)) if len(texts) == len(keys) else ()


def entries_of(value: ast.expr | None) -> tuple[str, ...]:
    """The texts, and the attributes such as `State.NEW`, that are the keys of a dictionary display or are in
    another one, sorted."""
    return tuple(sorted({word for entry in _entries(value) if (word := _entry(entry))}))


def _entries(value: ast.expr | None) -> list[ast.expr | None]:
    match value:
        case ast.Dict(keys=keys):
            return list(keys)
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return list(elts)
        case ast.Call(func=ast.Name(id="frozenset" | "set" | "tuple" | "list"), args=[only]):
            return _entries(only)
    return []


def _entry(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return f"{owner}.{attr}"
    return ""


def spread_in(value: ast.expr | None) -> tuple[str, ...]:
    """The names that are spoken of in what is spread into a display, `**{x: 1 for x in NAMES}`, sorted."""
    more: list[ast.expr] = []
    match value:
        case ast.Dict(keys=keys, values=values):
            more = [each for key, each in zip(keys, values, strict=True) if key is None]
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            more = [each for each in elts if isinstance(each, ast.Starred)]
    return tuple(sorted({part.id for each in more for part in ast.walk(each) if isinstance(part, ast.Name)}))


def _parts(value: ast.expr) -> Iterator[ast.AST]:
    return (part for part in ast.walk(value) if not isinstance(part, ast.operator | ast.unaryop))


def _plain(part: ast.AST) -> bool:
    return isinstance(part, ast.Constant | ast.BinOp | ast.UnaryOp)
