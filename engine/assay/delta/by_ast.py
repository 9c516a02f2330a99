"""Outlines by the standard library's `ast`: the first parser, quick and safe against hostile sources.

`ast` turns every source that was built to break a parser (nesting, endless chains) into an exception;
libcst's parser ends the whole process on the same sources, and is ten times slower on honest ones. So this
one reads every file that its grammar knows, in this process, and `by_libcst` the rest, in another.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from assay.delta.ast_parts import (
    MOST_TEXT,
    assigned,
    blocks,
    body_forms,
    decorators,
    exported,
    fields,
    generics,
    heads,
    imports,
    normal,
    parameters,
    short,
    split_docs,
)
from assay.delta.ast_texts import lines_of, texts_of
from assay.delta.outline import LATER, MODULE, Definition, Import, Outline, What
from assay.gates import parsing
from assay.gates.syntax import Function, coding, first_line

_SAME = "="
"""In the place of a normal form that is the same on the other side."""


_MOST_NAMES = 20
_MOST_DEFINITIONS = 20_000
"""In one file; one with more was made by a program."""


class UnknownSyntax(Exception):
    """This parser's grammar does not know the source; another may."""


class Unreadable(Exception):
    """The source is no text, or is built so that no parser should be tried on it."""


def outline(source: bytes) -> Outline:
    """The outline of `source`. Raises UnknownSyntax or Unreadable."""
    return _outline(_module(source), source, frozenset(), None)


def outlines(old: bytes, new: bytes) -> tuple[Outline, Outline]:
    """The outlines of two versions of a file, fit to be compared with each other and with nothing else: of
    functions whose text is the same in both only names and lines are there. Raises like `outline`."""
    before, after = _module(old), _module(new)
    texts = dict(texts_of(before.body, lines_of(old)))
    others = dict(texts_of(after.body, lines_of(new)))
    same = {name for name, (text, _) in texts.items() if name in others and others[name][0] == text}
    if coding(old) != coding(new):
        same.clear()
    both = texts.keys() & others.keys()
    return (
        _outline(before, old, _ids(texts, same), _ids(texts, texts.keys() - both)),
        _outline(after, new, _ids(others, same), _ids(others, others.keys() - both)),
    )


def _ids(texts: dict[str, tuple[bytes, ast.stmt]], names: Iterable[str]) -> frozenset[int]:
    return frozenset(id(texts[name][1]) for name in names)


def _module(source: bytes) -> ast.Module:
    with _refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parsing.parse(source)


def _outline(
    module: ast.Module, source: bytes, same: frozenset[int], alone: frozenset[int] | None
) -> Outline:
    walker = _Walker(same, alone, lines_of(source))
    with _refusals():
        walker.module(module)
        if len(walker.definitions) > _MOST_DEFINITIONS:
            raise ValueError("more definitions than anybody writes")
    return Outline(
        definitions=tuple(walker.definitions),
        imported=frozenset(each.name for each in walker.imports),
        imports=tuple(walker.imports),
        exported=walker.exported,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SyntaxError as error:
        raise UnknownSyntax(str(error)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(str(error)) from error


class _Walker:
    """Collects definitions while it descends through everything that is no function body. Of the statements
    `same`, by their `id`, nothing is put into words or into normal form, which is most of the work; of those
    that have no counterpart (`alone`, all if None) the bodies wait until somebody asks."""

    def __init__(self, same: frozenset[int], alone: frozenset[int] | None, lines: list[bytes]) -> None:
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []
        self.exported: tuple[str, ...] | None = None
        self._lines = lines
        self._same = same
        self._alone = alone
        self._is_same = False
        self._run: list[str] = []
        """What the module does when it is imported, a line for each statement."""

    def module(self, module: ast.Module) -> None:
        docs, statements = split_docs(module.body)
        rest = self._block(statements, prefix="", inside=None)
        self.definitions.append(
            Definition(
                symbol=MODULE,
                what=What.MODULE,
                signature="",
                body="\n".join(rest),
                docs=docs,
                text="\n".join(self._run),
            )
        )

    def _block(self, statements: Iterable[ast.stmt], prefix: str, inside: ast.ClassDef | None) -> list[str]:
        """Add the definitions of a block; the normal forms of all its other statements."""
        rest: list[str] = []
        outside = self._is_same
        for statement in statements:
            self._is_same = outside or id(statement) in self._same
            if isinstance(statement, Function):
                self._function(statement, prefix, What.METHOD if inside else What.FUNCTION)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, prefix)
            elif isinstance(statement, ast.Import | ast.ImportFrom):
                if inside is None:
                    self.imports += imports(statement)
            elif (names := assigned(statement)) and isinstance(statement, ast.Assign | ast.AnnAssign):
                if inside is None:
                    self.exported = exported(statement) or self.exported
                self._assignment(statement, names, prefix, What.ATTRIBUTE if inside else What.CONSTANT)
            elif type(statement).__name__ == "TypeAlias":
                self._type_alias(statement, prefix, What.ATTRIBUTE if inside else What.CONSTANT)
            else:
                rest += self._other(statement, prefix, inside)
        self._is_same = outside
        return rest

    def _other(self, statement: ast.stmt, prefix: str, inside: ast.ClassDef | None) -> list[str]:
        """A compound statement's head, then what its blocks hold besides definitions; else the statement."""
        inner = list(blocks(statement))
        if not inner:
            if isinstance(statement, ast.Pass):
                return []
            if inside is None:
                self._run.append(" ".join(self._text(statement).split()))
            return [self._normal(statement)]
        parts = [type(statement).__name__, *heads(statement)]
        if inside is None and not self._is_same:
            self._run.append(self._lines[statement.lineno - 1].decode("utf-8", "replace").strip())
        for block in inner:
            parts += ["{", *self._block(block, prefix, inside), "}"]
        return parts

    def _function(self, node: Function, prefix: str, what: What) -> None:
        binding, other, accessor = decorators(node)
        symbol = prefix + node.name + accessor
        if self._is_same:
            self._add(node, Definition(symbol=symbol, what=what, signature="", body=_SAME, docs=""))
            return
        docs, body = split_docs(node.body)
        is_alone = self._alone is None or id(node) in self._alone
        forms, local_types = (LATER, "") if is_alone else body_forms(body)
        is_async = isinstance(node, ast.AsyncFunctionDef)
        returns = ast.unparse(node.returns) if node.returns else ""
        head = "async def" if is_async else "def"
        self._add(
            node,
            Definition(
                symbol=symbol,
                what=what,
                signature=f"{''.join(f'@{name} ' for name in binding)}{head} {node.name}{generics(node)}"
                f"({ast.unparse(node.args)})" + (f" -> {returns}" if returns else ""),
                body=forms,
                local_types=local_types,
                docs=docs,
                parameters=tuple(parameters(node.args)),
                binding=binding,
                is_async=is_async,
                decorators=other,
                typed=returns,
                generics=generics(node),
                text=self._text(node),
                node=node,
            ),
        )

    def _class(self, node: ast.ClassDef, prefix: str) -> None:
        binding, other, _ = decorators(node)
        docs, statements = split_docs(node.body)
        bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
        at = len(self.definitions)
        rest = self._block(statements, f"{prefix}{node.name}.", node)
        self._add(
            node,
            Definition(
                symbol=prefix + node.name,
                what=What.CLASS,
                signature=f"{''.join(f'@{name} ' for name in binding)}class {node.name}{generics(node)}"
                + (f"({bases})" if bases else ""),
                body="\n".join(rest),
                docs=docs,
                binding=binding,
                bases=tuple(ast.unparse(base) for base in node.bases),
                fields=tuple(fields(node)),
                decorators=other,
                generics=generics(node),
                text="" if self._is_same else self._text(node),
            ),
            at,
        )

    def _assignment(
        self, node: ast.Assign | ast.AnnAssign, names: tuple[str, ...], prefix: str, what: What
    ) -> None:
        annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        value = short(node.value) if node.value else ""
        body = self._normal(node.value) if node.value else ""
        # Nobody gives one value many names but a program, or somebody who minds what this costs.
        text = "" if self._is_same or len(names) > _MOST_NAMES else self._text(node)
        for name in names:
            shown = " = ".join(filter(None, (f"{name}: {annotation}" if annotation else name, value)))
            self._add(
                node,
                Definition(
                    symbol=prefix + name,
                    what=what,
                    signature=shown,
                    body=body,
                    docs="",
                    typed=annotation,
                    text=text,
                ),
            )

    def _type_alias(self, node: ast.stmt, prefix: str, what: What) -> None:
        name = getattr(getattr(node, "name", None), "id", "?")
        text = ast.unparse(node)[:MOST_TEXT]
        self._add(
            node, Definition(symbol=prefix + name, what=what, signature=text, body=normal(node), docs="")
        )

    def _normal(self, node: ast.AST) -> str:
        return _SAME if self._is_same else normal(node)

    def _add(self, node: ast.stmt, definition: Definition, at: int | None = None) -> None:
        """Add a definition with its place: classes go before what they hold."""
        end = node.end_lineno or node.lineno
        placed = replace(definition, begin=first_line(node), line=node.lineno, end=end)
        self.definitions.insert(len(self.definitions) if at is None else at, placed)

    def _text(self, node: ast.stmt) -> str:
        return b"\n".join(self._lines[first_line(node) - 1 : node.end_lineno]).decode("utf-8", "replace")
