"""Outlines by the standard library's `ast`: the first parser, quick and safe against hostile sources.

`ast` turns every source that was built to break a parser (nesting, endless chains) into an exception;
libcst's parser ends the whole process on the same sources, and is ten times slower on honest ones. So this
one reads every file that its grammar knows, in this process, and `by_libcst` the rest, in another.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from assay.delta.outline import (
    ACCESSORS,
    BINDING_DECORATORS,
    MODULE,
    Definition,
    Outline,
    Parameter,
    ParameterKind,
    What,
    kind_of,
)
from assay.gates.syntax import coding, first_line

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MOST_TEXT = 200
_SAME = "="
"""In the place of a normal form that is the same on the other side."""


class UnknownSyntax(Exception):
    """This parser's grammar does not know the source; another may."""


class Unreadable(Exception):
    """The source is no text, or is built so that no parser should be tried on it."""


def outline(source: bytes) -> Outline:
    """The outline of `source`. Raises UnknownSyntax or Unreadable."""
    return _outline(_module(source), frozenset())


def outlines(old: bytes, new: bytes) -> tuple[Outline, Outline]:
    """The outlines of two versions of a file, fit to be compared with each other and with nothing else: of
    functions whose text is the same in both only the names are there. Raises like `outline`."""
    before, after = _module(old), _module(new)
    texts, others = _texts(before, old), _texts(after, new)
    same = {name for name, (text, _) in texts.items() if name in others and others[name][0] == text}
    if coding(old) != coding(new):
        same.clear()
    return (
        _outline(before, frozenset(id(texts[name][1]) for name in same)),
        _outline(after, frozenset(id(others[name][1]) for name in same)),
    )


def _module(source: bytes) -> ast.Module:
    with _refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _outline(module: ast.Module, same: frozenset[int]) -> Outline:
    walker = _Walker(same)
    with _refusals():
        walker.module(module)
    return Outline(
        definitions=tuple(walker.definitions),
        imported=frozenset(walker.imported),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SyntaxError as error:
        raise UnknownSyntax(str(error)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(str(error)) from error


def _texts(module: ast.Module, source: bytes) -> dict[str, tuple[bytes, ast.stmt]]:
    """The definitions at the top that share their name with nothing else: whole lines, and the statement."""
    found: dict[str, tuple[bytes, ast.stmt]] = {}
    names = Counter(name for statement in module.body for name in _bound(statement))
    lines = source.splitlines(keepends=True)
    for statement in module.body:
        if isinstance(statement, _Function | ast.ClassDef) and names[statement.name] == 1:
            text = b"".join(lines[first_line(statement) - 1 : statement.end_lineno])
            found[statement.name] = (text, statement)
    return found


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that an outline may list for a statement at the top of a block."""
    if isinstance(statement, _Function | ast.ClassDef):
        yield statement.name
    else:
        yield from _assigned(statement)
        for block in _blocks(statement):
            for inner in block:
                yield from _bound(inner)


class _Walker:
    """Collects definitions while it descends through everything that is no function body. Of the statements
    `same`, by their `id`, nothing is put into words or into normal form, which is most of the work."""

    def __init__(self, same: frozenset[int]) -> None:
        self.definitions: list[Definition] = []
        self.imported: set[str] = set()
        self._same = same
        self._is_same = False

    def module(self, module: ast.Module) -> None:
        docs, statements = _split_docs(module.body)
        rest = self._block(statements, prefix="", inside=None)
        self.definitions.append(
            Definition(symbol=MODULE, what=What.MODULE, signature="", body="\n".join(rest), docs=docs)
        )

    def _block(self, statements: Iterable[ast.stmt], prefix: str, inside: ast.ClassDef | None) -> list[str]:
        """Add the definitions of a block; the normal forms of all its other statements."""
        rest: list[str] = []
        outside = self._is_same
        for statement in statements:
            self._is_same = outside or id(statement) in self._same
            if isinstance(statement, _Function):
                self._function(statement, prefix, What.METHOD if inside else What.FUNCTION)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, prefix)
            elif isinstance(statement, ast.Import | ast.ImportFrom):
                if inside is None:
                    self.imported.update(
                        alias.asname or alias.name.split(".")[0] for alias in statement.names
                    )
            elif (names := _assigned(statement)) and isinstance(statement, ast.Assign | ast.AnnAssign):
                self._assignment(statement, names, prefix, What.ATTRIBUTE if inside else What.CONSTANT)
            elif type(statement).__name__ == "TypeAlias":
                self._type_alias(statement, prefix, What.ATTRIBUTE if inside else What.CONSTANT)
            else:
                rest += self._other(statement, prefix, inside)
        self._is_same = outside
        return rest

    def _other(self, statement: ast.stmt, prefix: str, inside: ast.ClassDef | None) -> list[str]:
        """A compound statement's head, then what its blocks hold besides definitions; else the statement."""
        blocks = list(_blocks(statement))
        if not blocks:
            return [] if isinstance(statement, ast.Pass) else [self._normal(statement)]
        parts = [type(statement).__name__, *_heads(statement)]
        for block in blocks:
            parts += ["{", *self._block(block, prefix, inside), "}"]
        return parts

    def _function(self, node: _Function, prefix: str, what: What) -> None:
        binding, other, accessor = _decorators(node)
        if self._is_same:
            symbol = prefix + node.name + accessor
            self.definitions.append(Definition(symbol=symbol, what=what, signature="", body=_SAME, docs=""))
            return
        docs, body = _split_docs(node.body)
        is_async = isinstance(node, ast.AsyncFunctionDef)
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        head = "async def" if is_async else "def"
        generics = _generics(node)
        self.definitions.append(
            Definition(
                symbol=prefix + node.name + accessor,
                what=what,
                signature=f"{''.join(f'@{name} ' for name in binding)}{head} {node.name}{generics}"
                f"({ast.unparse(node.args)}){returns}",
                body="\n".join([*other, *map(self._normal, body)]),
                docs=docs,
                parameters=tuple(_parameters(node.args)),
                binding=binding,
                is_async=is_async,
            )
        )

    def _class(self, node: ast.ClassDef, prefix: str) -> None:
        binding, other, _ = _decorators(node)
        docs, statements = _split_docs(node.body)
        bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
        at = len(self.definitions)
        rest = self._block(statements, f"{prefix}{node.name}.", node)
        self.definitions.insert(
            at,
            Definition(
                symbol=prefix + node.name,
                what=What.CLASS,
                signature=f"{''.join(f'@{name} ' for name in binding)}class {node.name}{_generics(node)}"
                + (f"({bases})" if bases else ""),
                body="\n".join([*other, *rest]),
                docs=docs,
                binding=binding,
                bases=tuple(ast.unparse(base) for base in node.bases),
            ),
        )

    def _assignment(
        self, node: ast.Assign | ast.AnnAssign, names: tuple[str, ...], prefix: str, what: What
    ) -> None:
        annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        value = _short(node.value) if node.value else ""
        for name in names:
            shown = " = ".join(filter(None, (f"{name}: {annotation}" if annotation else name, value)))
            self.definitions.append(
                Definition(
                    symbol=prefix + name,
                    what=what,
                    signature=shown,
                    body=f"{annotation}\n{self._normal(node.value) if node.value else ''}",
                    docs="",
                )
            )

    def _normal(self, node: ast.AST) -> str:
        return _SAME if self._is_same else _normal(node)

    def _type_alias(self, node: ast.stmt, prefix: str, what: What) -> None:
        name = getattr(getattr(node, "name", None), "id", "?")
        text = ast.unparse(node)[:_MOST_TEXT]
        self.definitions.append(
            Definition(symbol=prefix + name, what=what, signature=text, body=_normal(node), docs="")
        )


def _assigned(statement: ast.stmt) -> tuple[str, ...]:
    """The plain names that an assignment binds; none if it binds anything else besides."""
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return ()
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return tuple(names) if len(names) == len(targets) else ()


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists of a compound statement, in order."""
    for name in ("body", "handlers", "cases", "orelse", "finalbody"):
        for part in (value := getattr(statement, name, [])):
            if isinstance(part, ast.ExceptHandler | ast.match_case):
                yield part.body
            else:
                yield value
                break


def _heads(statement: ast.stmt) -> list[str]:
    """What a compound statement says besides its blocks: conditions, iterables, patterns."""
    heads = [
        _normal(value)
        for name in ("test", "target", "iter", "subject")
        if (value := getattr(statement, name, None)) is not None
    ]
    heads += [_normal(item) for item in getattr(statement, "items", [])]
    heads += [_normal(h.type) for h in getattr(statement, "handlers", []) if h.type is not None]
    for case in getattr(statement, "cases", []):
        heads += [_normal(case.pattern), _normal(case.guard) if case.guard else ""]
    return heads


def _decorators(node: _Function | ast.ClassDef) -> tuple[tuple[str, ...], list[str], str]:
    """Binding decorators as text, the others in normal form, and the accessor suffix (`.setter`) if any."""
    binding: list[str] = []
    other: list[str] = []
    accessor = ""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if last in ACCESSORS and isinstance(called, ast.Attribute):
            accessor = f".{last}"
        elif last in BINDING_DECORATORS:
            binding.append(ast.unparse(decorator))
        else:
            other.append(_normal(decorator))
    return tuple(binding), other, accessor


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
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
    text = ast.unparse(arg) + (f"={ast.unparse(default)}" if default is not None else "")
    variadic = kind in (ParameterKind.VARIADIC, ParameterKind.KEYWORDS)
    return Parameter(name=arg.arg, kind=kind, optional=variadic or default is not None, text=text)


def _generics(node: ast.AST) -> str:
    """`[T, *Ts]` where the grammar has type parameters, else nothing."""
    parameters = getattr(node, "type_params", [])
    return f"[{', '.join(ast.unparse(p) for p in parameters)}]" if parameters else ""


def _split_docs(body: list[ast.stmt]) -> tuple[str, list[ast.stmt]]:
    """A block's docstring (cleaned of indentation) and the statements after it."""
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return inspect.cleandoc(first.value.value), body[1:]
    return "", body


def _short(value: ast.expr) -> str:
    """A value as text, bounded; long containers are not worth printing to be cut."""
    if (
        isinstance(value, ast.Dict | ast.List | ast.Set | ast.Tuple)
        and len(ast.dump(value)) > 20 * _MOST_TEXT
    ):
        return "..."
    text = ast.unparse(value)
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 3] + "..."


def _normal(node: ast.AST) -> str:
    """A node in normal form: no formatting, no comments, no positions."""
    return ast.dump(node, annotate_fields=False)
