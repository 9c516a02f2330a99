"""Python sources that differ in nothing but the order of what may come in any order.

Promises: pure; nothing is run. Equal digests mean: the same statements, in the same order but for definitions
side by side whose making neither runs anything nor reads what another of them binds, and for imports side by
side of modules of the standard library. The reverse need not hold: whatever is in doubt counts as different.

In doubt are: decorators, bases other than built-in exceptions, defaults that call something, names bound more
than once, and every definition of a file that has a word for looking at its own order (`globals`, ...).
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from assay.gates.syntax import REFUSED, Function, parse

_LOOKS = frozenset({
    "*", "globals", "locals", "vars", "dir", "inspect", "modules", "exec", "eval", "getmembers", "_getframe",
    "__dict__", "__subclasses__", "__code__", "__module__", "__init_subclass__", "__class_getitem__",
})  # fmt: skip
_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_HARMLESS = _EXCEPTIONS | {"object"}
_SIDE_EFFECTS = frozenset({"this", "antigravity", "readline", "rlcompleter", "turtle", "idlelib", "site"})
_STANDARD = sys.stdlib_module_names - _SIDE_EFFECTS
_METHOD_DECORATORS = frozenset({"staticmethod", "classmethod", "property"})
_PLAIN = (ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.expr_context)
_VALUES = (ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.expr_context)
_ANNOTATION = (*_PLAIN, ast.Subscript, ast.Attribute, ast.BinOp, ast.BitOr)


def ordered(source: bytes) -> str | None:
    """A digest that does not depend on orders that cannot matter; None for what does not parse."""
    tree = parse(source)
    if tree is None:
        return None
    try:
        return hashlib.sha256("\n".join(_statements(tree)).encode("utf-8", "surrogatepass")).hexdigest()
    except REFUSED:
        return None


def _statements(tree: ast.Module) -> Iterator[str]:
    looks = any(_word(node) in _LOOKS for node in ast.walk(tree))
    bound = Counter(name for statement in tree.body for name in _binds(statement))
    yield from _sorted_runs(tree.body, bound, looks=looks)


def _sorted_runs(body: Iterable[ast.stmt], bound: Counter[str], *, looks: bool) -> Iterator[str]:
    """The dumps of statements, each run of movable ones of a kind sorted."""
    run: list[tuple[ast.stmt, str]] = []
    kind = ""
    for statement in body:
        mine = "" if looks else _movable(statement, bound)
        if run and mine != kind:
            yield from _flush(run)
            run = []
        kind = mine
        text = _dump(statement, bound)
        if mine:
            run.append((statement, text))
        else:
            yield text
    yield from _flush(run)


def _flush(run: list[tuple[ast.stmt, str]]) -> Iterator[str]:
    """A run in an order of its own, unless one of it reads at once what another binds."""
    names = {name for statement, _ in run for name in _binds(statement)}
    if any(names & _reads_at_once(statement) for statement, _ in run):
        yield from (text for _, text in run)
    else:
        yield from sorted(text for _, text in run)


def _dump(statement: ast.stmt, bound: Counter[str]) -> str:
    if not (isinstance(statement, ast.ClassDef) and _movable(statement, bound)):
        return ast.dump(statement)
    own = Counter(name for inner in statement.body for name in _binds(inner))
    head = [statement.name, *map(ast.dump, statement.bases)]
    return "\n".join(["class", *head, "{", *_methods(statement, own), "}"])


def _methods(statement: ast.ClassDef, own: Counter[str]) -> Iterator[str]:
    """The dumps of a class's statements: methods side by side in an order of their own."""
    run: list[tuple[ast.stmt, str]] = []
    for inner in statement.body:
        if isinstance(inner, Function) and own[inner.name] == 1:
            run.append((inner, ast.dump(inner)))
            continue
        yield from _flush(run)
        run = []
        yield ast.dump(inner)
    yield from _flush(run)


def _movable(statement: ast.stmt, bound: Counter[str]) -> str:
    """The kind of what may change places with others of its kind; '' for what stays."""
    names = list(_binds(statement))
    if any(bound[name] > 1 or name in _HARMLESS for name in names):
        return ""
    match statement:
        case ast.Import() | ast.ImportFrom():
            return "import" if _is_standard(statement) else ""
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return "definition" if not statement.decorator_list and _plain_head(statement) else ""
        case ast.ClassDef():
            return "definition" if _plain_class(statement, bound) else ""
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()):
            return "" if name.startswith("__") else "definition"
    return ""


def _is_standard(statement: ast.Import | ast.ImportFrom) -> bool:
    if any(alias.name == "*" for alias in statement.names):
        return False
    if isinstance(statement, ast.Import):
        return all(alias.name.split(".")[0] in _STANDARD for alias in statement.names)
    root = (statement.module or "").split(".")[0]
    return not statement.level and root in _STANDARD and root != "__future__"


def _plain_class(statement: ast.ClassDef, bound: Counter[str]) -> bool:
    """Whether making the class runs nothing of anybody's."""
    if statement.decorator_list or statement.keywords or getattr(statement, "type_params", None):
        return False
    if bound.keys() & _METHOD_DECORATORS:
        return False
    for base in statement.bases:
        if not isinstance(base, ast.Name) or base.id not in _HARMLESS or bound[base.id]:
            return False
    return all(_plain_member(inner) for inner in statement.body)


def _plain_member(inner: ast.stmt) -> bool:
    match inner:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            decorators = inner.decorator_list
            known = all(isinstance(d, ast.Name) and d.id in _METHOD_DECORATORS for d in decorators)
            return known and _plain_head(inner)
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        # What a name stands for may have a `__set_name__`, which making the class runs.
        case ast.Assign(targets=[ast.Name()], value=value):
            return _only(value, _VALUES)
        case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
            return _only(annotation, _ANNOTATION) and (value is None or _only(value, _VALUES))
    return False


def _plain_head(function: Function) -> bool:
    """Whether evaluating defaults and annotations runs nothing but look-ups."""
    if getattr(function, "type_params", None):
        return False
    arguments = function.args
    defaults = [*arguments.defaults, *(default for default in arguments.kw_defaults if default)]
    annotations = [argument.annotation for argument in _arguments(arguments)] + [function.returns]
    return all(_only(default, _PLAIN) for default in defaults) and all(
        note is None or _only(note, _ANNOTATION) for note in annotations
    )


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _only(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    return all(isinstance(inner, kinds) for inner in ast.walk(node))


def _reads_at_once(statement: ast.stmt) -> set[str]:
    """The names that making a definition reads: all of it but the bodies of functions."""
    found: set[str] = set()
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if isinstance(node, Function):
            todo += [node.args, *node.decorator_list, *([node.returns] if node.returns else [])]
        else:
            todo += ast.iter_child_nodes(node)
    return found


def _binds(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds where it stands, each as often as it does."""
    if isinstance(statement, Function | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.split(".")[0]


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.FunctionDef(name=word):
            return word
        case ast.alias(name=word):
            return word.split(".")[-1]
    return ""
