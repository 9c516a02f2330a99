"""Outlines by libcst: the second parser, for syntax newer than the interpreter that Assay runs on.

Runs only in a process of its own (`second_parser`), because hostile nesting ends libcst's process with a
stack overflow. The outline has the same meaning as `by_ast`'s, but normal forms of the two are not
comparable: one parser must read both sides.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import libcst as cst

from assay.delta.cst_parts import code, listed, parameters
from assay.delta.outline import (
    ACCESSORS,
    BINDING_DECORATORS,
    MODULE,
    Definition,
    Import,
    Outline,
    What,
)

_MOST_TEXT = 200
_LAYOUT = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Newline,
    cst.Comment,
    cst.Comma,
    cst.Semicolon,
    cst.LeftParen,
    cst.RightParen,
)
_PARTS = (
    cst.If,
    cst.Else,
    cst.Finally,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.MatchCase,
)
_COMPOUND = (*_PARTS, cst.For, cst.While, cst.Try, cst.TryStar, cst.With, cst.Match)


def outline(source: bytes) -> Outline:
    """The outline of `source`. Raises libcst.ParserSyntaxError and whatever hostile input provokes."""
    module = cst.parse_module(source)
    walker = _Walker()
    rest = walker.block(_after_docs(module, module.body), "", inside_class=False)
    walker.definitions.append(
        Definition(
            symbol=MODULE,
            what=What.MODULE,
            signature="",
            body="\n".join(rest),
            docs=module.get_docstring() or "",
        )
    )
    return Outline(
        definitions=tuple(walker.definitions),
        imported=frozenset(each.name for each in walker.imports),
        imports=tuple(walker.imports),
    )


class _Walker:
    """Collects definitions while it descends through everything that is no function body."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []

    def block(self, statements: Iterable[cst.CSTNode], prefix: str, *, inside_class: bool) -> list[str]:
        """Add the definitions of a block; the normal forms of all its other statements."""
        rest: list[str] = []
        for node in _flat(statements):
            if isinstance(node, cst.FunctionDef):
                self._function(node, prefix, What.METHOD if inside_class else What.FUNCTION)
            elif isinstance(node, cst.ClassDef):
                self._class(node, prefix)
            elif isinstance(node, cst.Import | cst.ImportFrom):
                if not inside_class:
                    self.imports += _bound(node)
            elif isinstance(node, _COMPOUND):
                rest += self._compound(node, prefix, inside_class=inside_class)
            elif names := _assigned(node):
                self._assignment(node, names, prefix, What.ATTRIBUTE if inside_class else What.CONSTANT)
            elif not isinstance(node, cst.Pass):
                rest.append(_normal(node))
        return rest

    def _compound(self, node: cst.CSTNode, prefix: str, *, inside_class: bool) -> list[str]:
        parts = [type(node).__name__]
        for child in node.children:
            if isinstance(child, cst.BaseSuite):
                parts += ["{", *self.block(child.body, prefix, inside_class=inside_class), "}"]
            elif isinstance(child, _PARTS):
                parts += self._compound(child, prefix, inside_class=inside_class)
            elif not isinstance(child, _LAYOUT):
                parts.append(_normal(child))
        return parts

    def _function(self, node: cst.FunctionDef, prefix: str, what: What) -> None:
        binding, other, accessor = _decorators(node.decorators)
        taken = tuple(parameters(node.params))
        is_async = node.asynchronous is not None
        returns = f" -> {code(node.returns.annotation)}" if node.returns else ""
        head = f"{'async ' if is_async else ''}def {node.name.value}{_generics(node)}"
        body = _after_docs(node, node.body.body)
        self.definitions.append(
            Definition(
                symbol=prefix + node.name.value + accessor,
                what=what,
                signature=f"{''.join(f'@{name} ' for name in binding)}{head}({listed(taken)}){returns}",
                body="\n".join(map(_normal, _flat(body))),
                docs=inspect.cleandoc(node.get_docstring() or ""),
                parameters=taken,
                binding=binding,
                is_async=is_async,
                decorators=other,
                generics=_generics(node),
                typed=code(node.returns.annotation) if node.returns else "",
            )
        )

    def _class(self, node: cst.ClassDef, prefix: str) -> None:
        binding, other, _ = _decorators(node.decorators)
        bases = [code(arg.value) for arg in node.bases]
        keywords = [
            f"{arg.keyword.value if arg.keyword else '**'}={code(arg.value)}" for arg in node.keywords
        ]
        at = len(self.definitions)
        body = _after_docs(node, node.body.body)
        rest = self.block(body, f"{prefix}{node.name.value}.", inside_class=True)
        shown = f"class {node.name.value}{_generics(node)}"
        self.definitions.insert(
            at,
            Definition(
                symbol=prefix + node.name.value,
                what=What.CLASS,
                signature=f"{''.join(f'@{name} ' for name in binding)}{shown}"
                + (f"({', '.join([*bases, *keywords])})" if bases or keywords else ""),
                body="\n".join(rest),
                docs=inspect.cleandoc(node.get_docstring() or ""),
                binding=binding,
                bases=tuple(bases),
                decorators=other,
                generics=_generics(node),
            ),
        )

    def _assignment(self, node: cst.CSTNode, names: Sequence[str], prefix: str, what: What) -> None:
        text = code(node)
        annotation = code(node.annotation.annotation) if isinstance(node, cst.AnnAssign) else ""
        value = getattr(node, "value", None)
        self.definitions += [
            Definition(
                symbol=prefix + name,
                what=what,
                signature=text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 3] + "...",
                body=_normal(value) if isinstance(value, cst.CSTNode) else "",
                docs="",
                typed=annotation,
            )
            for name in names
        ]


def _flat(statements: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Statements with lines of several small statements taken apart."""
    for statement in statements:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement


def _after_docs(
    node: cst.Module | cst.ClassDef | cst.FunctionDef, body: Sequence[cst.CSTNode]
) -> list[cst.CSTNode]:
    return list(_flat(body))[1 if node.get_docstring() is not None else 0 :]


def _bound(node: cst.Import | cst.ImportFrom) -> Iterator[Import]:
    source = ""
    if isinstance(node, cst.ImportFrom):
        source = "." * len(node.relative) + (code(node.module) if node.module else "")
    if isinstance(node.names, cst.ImportStar):
        yield Import(name="*", source=source, original="*")
        return
    for alias in node.names:
        name, shown = alias.evaluated_name, alias.evaluated_alias
        if isinstance(node, cst.Import):
            yield Import(name=shown or name.split(".")[0], source=name, original="")
        else:
            yield Import(name=shown or name, source=source, original=name)


def _assigned(node: cst.CSTNode) -> tuple[str, ...]:
    """The plain names that an assignment binds; none if it binds anything else besides."""
    if isinstance(node, cst.Assign):
        targets: list[cst.CSTNode] = [target.target for target in node.targets]
    elif isinstance(node, cst.AnnAssign):
        targets = [node.target]
    elif isinstance(node, cst.TypeAlias):
        targets = [node.name]
    else:
        return ()
    names = tuple(target.value for target in targets if isinstance(target, cst.Name))
    return names if len(names) == len(targets) else ()


def _decorators(nodes: Sequence[cst.Decorator]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Decorators as text, those that bind and the others, and the accessor suffix (`.setter`) if any."""
    binding: list[str] = []
    other: list[str] = []
    accessor = ""
    for node in nodes:
        called = node.decorator.func if isinstance(node.decorator, cst.Call) else node.decorator
        if isinstance(called, cst.Attribute) and called.attr.value in ACCESSORS:
            accessor = f".{called.attr.value}"
            continue
        name = called.attr if isinstance(called, cst.Attribute) else called
        if isinstance(name, cst.Name) and name.value in BINDING_DECORATORS:
            binding.append(code(node.decorator))
        else:
            other.append(code(node.decorator))
    return tuple(binding), tuple(other), accessor


def _generics(node: cst.FunctionDef | cst.ClassDef) -> str:
    return code(node.type_parameters) if node.type_parameters else ""


def _normal(node: cst.CSTNode) -> str:
    """A node in normal form: types and values without layout, strings by what they say."""
    if isinstance(node, cst.SimpleString):
        return repr(node.evaluated_value)
    if isinstance(node, cst.BaseSuite):
        return f"[{' '.join(_normal(part) for part in _flat(cast(Sequence[cst.CSTNode], node.body)))}]"
    if isinstance(node, cst.SimpleStatementLine):
        return " ".join(map(_normal, node.body))
    parts = [part for name in _fields(node) for part in _field(getattr(node, name))]
    return f"{type(node).__name__}({' '.join(parts)})"


def _fields(node: cst.CSTNode) -> list[str]:
    return [name for name in node.__dataclass_fields__ if not name.startswith("__")]


def _field(value: object) -> Iterator[str]:
    if isinstance(value, _LAYOUT):
        return
    if isinstance(value, cst.CSTNode):
        yield _normal(value)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Sequence):
        for item in value:
            yield from _field(item)
