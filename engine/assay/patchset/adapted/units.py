"""Results that are converted wherever they are used, and a new place that counts with them as they were.

Who has a function count in another unit multiplies or divides what it gives by one number at all its callers:
at the call, at the name that it is assigned to, or in the function that is handed that name.

Promises: pure. Only numbers that are written out are looked at; a result that is handed on is followed one
step, within its file.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.gates.syntax import Function, children, last_name, own_nodes
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.functions import changed, functions, holder
from assay.patchset.adapted.record import Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts.paths import parameters, path_of, stored
from assay.patchset.touch import FileTouch, Place, Touch
from assay.patchset.view import Symbol, View

_BY_NUMBER = re.compile(rb"[*/]\s*[\d.]")
_OPERATORS = (ast.Div, ast.FloorDiv, ast.Mult)


class Conversion(NamedTuple):
    """A new operation with a number: `of` is the function that gave the value, or else the parameter."""

    of: str
    by: str
    """`/ 1000`."""
    at: At


class Conversions(NamedTuple):
    """By the symbol whose result is converted. `taking` are the functions that convert a parameter, by their
    last names."""

    results: Mapping[str, tuple[Conversion, ...]]
    taking: Mapping[str, tuple[Conversion, ...]]


def conversions(touch: Touch) -> Conversions:
    """What a candidate newly converts of what was used as it is, by functions that are the project's."""
    results: dict[str, list[Conversion]] = defaultdict(list)
    taking: dict[str, list[Conversion]] = defaultdict(list)
    for file in touch.files:
        if file.module and file.module == file.old_module and "test" not in file.path and _counts(file):
            for function, label, found in _converted(touch, file):
                if label:
                    results[label].append(found)
                else:
                    taking[function].append(found)
    for label in list(_handing(touch, taking)):
        results.setdefault(label, [])
    return Conversions(*({k: tuple(v) for k, v in found.items()} for found in (results, taking)))


def _counts(file: FileTouch) -> bool:
    """Whether an edit writes an operation with a number: most do not, and need not be parsed for it."""
    return any(_BY_NUMBER.search(hunk.text) for hunk in file.hunks)


def _converted(touch: Touch, file: FileTouch) -> Iterator[tuple[str, str, Conversion]]:
    """(function, the symbol that gives the value or '', conversion) of one file."""
    for name, old, function in changed(touch, file):
        known = {ast.dump(value) + by for value, by, _ in _operations(old)}
        plain = {ast.dump(node) for node in own_nodes(old) if isinstance(node, ast.Name | ast.Call)}
        for value, by, line in _operations(function):
            dumped = ast.dump(value)
            if dumped + by not in known and dumped in plain:
                at = At(file.path, line)
                if isinstance(value, ast.Name) and value.id in {p.arg for p in parameters(function.args)}:
                    yield function.name, "", Conversion(value.id, by, at)
                elif label := _giver(touch.view, file.module, function, value):
                    yield name, label, Conversion(label, by, at)


def _operations(function: Function) -> Iterator[tuple[ast.expr, str, int]]:
    """(value, operation, line) of what a function multiplies or divides by a number."""
    for node in own_nodes(function):
        match node:
            case ast.BinOp(
                left=ast.Name() | ast.Call() as value, op=op, right=ast.Constant(value=int() | float())
            ):
                if isinstance(op, _OPERATORS):
                    sign = "*" if isinstance(op, ast.Mult) else "/"
                    yield value, f"{sign} {ast.unparse(node.right)}", node.lineno


def _giver(view: View, module: str, function: Function, value: ast.expr) -> str:
    """The symbol of what is called for a value, or for the only value of a name."""
    call = value
    if isinstance(value, ast.Name):
        held = [call for name, call in _assigned(function) if name == value.id]
        if len(held) != 1:
            return ""
        call = held[0]
    if not isinstance(call, ast.Call):
        return ""
    path = path_of(call.func)
    found = view.resolve(module, path, set()) if path else None
    return found.label if isinstance(found, Symbol) else ""


def _assigned(function: Function) -> Iterator[tuple[str, ast.expr]]:
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def _handing(touch: Touch, taking: Mapping[str, list[Conversion]]) -> Iterator[str]:
    """The symbols whose results are handed to the functions that newly convert a parameter."""
    for file in touch.files if taking else ():
        tree = touch.view.library.tree(touch.view.blob(file.path)) if file.module else None
        for _, function in functions(tree) if tree is not None else ():
            for node in own_nodes(function):
                if isinstance(node, ast.Call) and last_name(node) in taking:
                    for arg in (*node.args, *(keyword.value for keyword in node.keywords)):
                        if label := _giver(touch.view, file.module, function, arg):
                            yield label


def unconverted(
    ours: Touch, census: Census, found: Conversions, theirs: Touch, place: Place
) -> Iterator[Clash]:
    """A new call that counts with what `ours` converts wherever it was called."""
    if place.use.call is None or not found.results:
        return
    target = theirs.view.resolve(place.module, place.use.path, set())
    if (
        not isinstance(target, Symbol)
        or target.label not in found.results
        or not _remade(ours, census, target)
    ):
        return
    caller = holder(theirs.view.library.tree(theirs.view.blob(place.path)), place.use)
    if caller is None or not _counted(caller, place):
        return
    adapted = _adapted(census, found, target.label)
    if adapted is not None:
        yield adapted.left(
            ours,
            At(place.path, place.use.line),
            f"newly calls `{target.label}` and counts with the result as it was",
            sure=True,
        )


def _remade(ours: Touch, census: Census, symbol: Symbol) -> bool:
    """Whether `ours` changes what is called, or what has made it: `read, write = load()`."""
    tree = census.tree(ours.view.modules.path_of.get(symbol.module, ""))
    makers = [
        path_of(node.value.func)
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if any(symbol.name in stored(target) for target in node.targets)
    ]
    found = (ours.view.resolve(symbol.module, path, set()) for path in makers if path)
    return not ours.changed.keys().isdisjoint(
        {symbol.label, *(each.label for each in found if isinstance(each, Symbol))}
    )


def _adapted(census: Census, found: Conversions, label: str) -> Adapted | None:
    """The conversions of one function's results: by one number all of them, or none."""
    every = list(found.results[label])
    whole = True
    for path, _, use in census.old_uses(label):
        caller = holder(census.tree(path), use) if use.call is not None and "test" not in path else None
        if caller is not None:
            seen = _seen_to(caller, use.line, use.path[-1], found)
            whole = whole and seen is not None
            every += seen or ()
    kinds = {conversion.by for conversion in every}
    if len(kinds) != 1:
        return None
    places = tuple(dict.fromkeys(conversion.at for conversion in every))
    return Adapted(label, f"changes what `{label}` counts and takes it `{kinds.pop()}`", places, whole)


def _seen_to(function: Function, line: int, name: str, found: Conversions) -> tuple[Conversion, ...] | None:
    """How what an old call gives comes to be converted in a function; None if it does not."""
    parents = {child: node for node in own_nodes(function) for child in children(node)}
    for node in list(parents):
        if isinstance(node, ast.Call) and last_name(node) == name and node.func.end_lineno == line:
            reads: list[ast.AST] = [node]
            match parents[node]:
                case ast.Expr():
                    return ()
                case ast.Assign(targets=[ast.Name(id=held)]):
                    reads = [n for n in parents if isinstance(n, ast.Name) and n.id == held]
            for read in reads:
                parent = parents.get(read)
                if isinstance(parent, ast.BinOp) and isinstance(parent.op, _OPERATORS):
                    return ()
                if (
                    isinstance(parent, ast.Call)
                    and last_name(parent) in found.taking
                    and parent.func is not read
                ):
                    return found.taking[last_name(parent)]
    return None


def _counted(function: Function, place: Place) -> bool:
    """Whether what a call gives is added to, taken from or compared with something, by itself or by name."""
    parents = {child: node for node in own_nodes(function) for child in children(node)}
    called = place.use.path[-1].rpartition(":")[2]
    for node in list(parents):
        if (
            isinstance(node, ast.Call)
            and last_name(node) == called
            and node.func.end_lineno == place.use.line
        ):
            reads: list[ast.AST] = [node]
            match parents[node]:
                case ast.Assign(targets=[ast.Name(id=held)]):
                    reads = [n for n in parents if isinstance(n, ast.Name) and n.id == held]
            if any(_operand(parents.get(read)) for read in reads):
                return not any(_is_scaled(parents.get(read)) for read in reads)
    return False


def _operand(parent: ast.AST | None) -> bool:
    match parent:
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return True
        case ast.Compare(ops=ops):
            return not any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in ops)
    return False


def _is_scaled(parent: ast.AST | None) -> bool:
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, _OPERATORS)
