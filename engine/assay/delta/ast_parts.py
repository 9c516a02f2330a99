"""Parts of syntax trees in words and in normal form, for the outline that `by_ast` makes.

Promises: pure. Normal forms hold no formatting, comments or positions. May raise RecursionError or ValueError
on trees that are built to be costly, which the caller expects.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from assay.delta.outline import ACCESSORS, BINDING_DECORATORS, Import, Parameter, ParameterKind, kind_of
from assay.gates.syntax import Function

MOST_TEXT = 200


def assigned(statement: ast.stmt) -> tuple[str, ...]:
    """The plain names that an assignment binds; none if it binds anything else besides."""
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return ()
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return tuple(names) if len(names) == len(targets) else ()


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists of a compound statement, in order."""
    for name in ("body", "handlers", "cases", "orelse", "finalbody"):
        for part in (value := getattr(statement, name, [])):
            if isinstance(part, ast.ExceptHandler | ast.match_case):
                yield part.body
            else:
                yield value
                break


def heads(statement: ast.stmt) -> list[str]:
    """What a compound statement says besides its blocks: conditions, iterables, patterns."""
    found = [
        normal(value)
        for name in ("test", "target", "iter", "subject")
        if (value := getattr(statement, name, None)) is not None
    ]
    found += [normal(item) for item in getattr(statement, "items", [])]
    found += [normal(h.type) for h in getattr(statement, "handlers", []) if h.type is not None]
    for case in getattr(statement, "cases", []):
        found += [normal(case.pattern), normal(case.guard) if case.guard else ""]
    return found


def decorators(node: Function | ast.ClassDef) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Decorators as text, those that bind and the others, and the accessor suffix (`.setter`) if any."""
    binding: list[str] = []
    other: list[str] = []
    accessor = ""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if last in ACCESSORS and isinstance(called, ast.Attribute):
            accessor = f".{last}"
        else:
            (binding if last in BINDING_DECORATORS else other).append(ast.unparse(decorator))
    return tuple(binding), tuple(other), accessor


def parameters(args: ast.arguments) -> Iterator[Parameter]:
    """The parameters in order, each with its kind, default and text."""
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults))
    for index, (arg, default) in enumerate(zip(plain, [*defaults, *args.defaults], strict=True)):
        yield _parameter(arg, kind_of(arg.arg, positional_only=index < len(args.posonlyargs)), default)
    if args.vararg:
        yield _parameter(args.vararg, ParameterKind.VARIADIC, None)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(arg, ParameterKind.KEYWORD, default)
    if args.kwarg:
        yield _parameter(args.kwarg, ParameterKind.KEYWORDS, None)


def _parameter(arg: ast.arg, kind: ParameterKind, default: ast.expr | None) -> Parameter:
    shown = ast.unparse(default) if default is not None else ""
    text = ast.unparse(arg) + (f"={shown}" if default is not None else "")
    variadic = kind in (ParameterKind.VARIADIC, ParameterKind.KEYWORDS)
    return Parameter(
        name=arg.arg, kind=kind, optional=variadic or default is not None, text=text, default=shown
    )


def imports(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    """What an import statement binds, each name with where it comes from."""
    line, end = node.lineno, node.end_lineno or node.lineno
    for alias in node.names:
        if isinstance(node, ast.Import):
            name, source, original = alias.asname or alias.name.split(".")[0], alias.name, ""
        else:
            name, source, original = (
                alias.asname or alias.name,
                "." * node.level + (node.module or ""),
                alias.name,
            )
        yield Import(name=name, source=source, original=original, line=line, end=end)


def exported(statement: ast.stmt) -> tuple[str, ...] | None:
    """The names of an `__all__ = [...]` of plain strings; None for any other statement."""
    if assigned(statement) != ("__all__",):
        return None
    value = getattr(statement, "value", None)
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    names = [item.value for item in value.elts if isinstance(item, ast.Constant)]
    return tuple(map(str, names)) if len(names) == len(value.elts) else None


def fields(node: ast.ClassDef) -> Iterator[str]:
    """The names that a class's body annotates, class variables left out."""
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if "ClassVar" not in ast.unparse(annotation):
                    yield name


def generics(node: ast.AST) -> str:
    """`[T, *Ts]` where the grammar has type parameters, else nothing."""
    found = getattr(node, "type_params", [])
    return f"[{', '.join(ast.unparse(p) for p in found)}]" if found else ""


def split_docs(body: list[ast.stmt]) -> tuple[str, list[ast.stmt]]:
    """A block's docstring (cleaned of indentation) and the statements after it."""
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return inspect.cleandoc(first.value.value), body[1:]
    return "", body


def short(value: ast.expr) -> str:
    """A value as text, bounded; long containers are not worth printing to be cut."""
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.Tuple) and len(ast.dump(value)) > 20 * MOST_TEXT:
        return "..."
    text = ast.unparse(value)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."


_TYPED = "AnnAssign("
_UNSAID = ast.Constant(value=None)


def body_forms(body: list[ast.stmt]) -> tuple[str, str]:
    """A function's statements in normal form, without the annotations of variables, which nothing evaluates
    there; and those annotations."""
    forms = list(map(normal, body))
    typed = [index for index, form in enumerate(forms) if _TYPED in form]
    found = [node for index in typed for node in ast.walk(body[index]) if isinstance(node, ast.AnnAssign)]
    kept = [node.annotation for node in found]
    try:
        for node in found:
            node.annotation = _UNSAID
        for index in typed:
            forms[index] = normal(body[index])
    finally:
        for node, annotation in zip(found, kept, strict=True):
            node.annotation = annotation
    return "\n".join(forms), "\n".join(map(normal, kept))


def normal(node: ast.AST) -> str:
    """A node in normal form: no formatting, no comments, no positions."""
    return ast.dump(node, annotate_fields=False)
