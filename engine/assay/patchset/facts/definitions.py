"""What a Python source defines: one walk over everything that is no function body, and a look into those.

Promises: pure; whatever else a definition says, its `name`, `kind` and `digest` are there. What this module
cannot follow it marks (`several`, `decorated`, `open`) rather than guesses at. May raise `syntax.REFUSED` for
what was built to break it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from assay.gates.syntax import Function, first_line, last_name
from assay.patchset.facts.bodies import Attribute, Body, body_of
from assay.patchset.facts.fields import asks, default_of, is_classvar, is_special, slots_of
from assay.patchset.facts.paths import (
    annotated,
    entries_of,
    holds,
    imported,
    keys_of,
    literal_of,
    path_of,
    spread_in,
    stored,
    targets,
)
from assay.patchset.facts.records import (
    CALL,
    UNKNOWN,
    Binding,
    Definition,
    Fixture,
    Kind,
    Module,
    Path,
)

_BINDINGS = {
    "staticmethod": Binding.STATIC,
    "classmethod": Binding.CLASS,
    "property": Binding.PROPERTY,
    "cached_property": Binding.PROPERTY,
    "abstractproperty": Binding.PROPERTY,
    "setter": Binding.PROPERTY,
    "getter": Binding.PROPERTY,
    "deleter": Binding.PROPERTY,
}
_MANAGERS = frozenset({"contextmanager", "asynccontextmanager"})
_KEEPERS = frozenset({"cache", "lru_cache", "cached_property"})
_HARMLESS = frozenset(
    {
        "abstractmethod",
        "abstractproperty",
        "lru_cache",
        "cache",
        "override",
        "final",
        "overload",
        "deprecated",
    }
)
_DATACLASSES = frozenset({"dataclass"})
_ABSTRACT = frozenset({"abstractmethod", "abstractproperty"})
_UNLISTED = frozenset({"__getattr__", "__getattribute__", "__dir__"})
_OPENERS = frozenset({"globals", "exec", "vars", "locals"})
_BLOCKS = ("body", "orelse", "finalbody")
_LONGEST = 300

ATTRIBUTE = "attribute"
"""Begins the digest of what methods set on their object: where and how often is not told apart."""


def module_of(tree: ast.Module, source: bytes, known: dict[str, Body] | None = None) -> Module:
    """The definitions of a parsed source. `known` are functions looked into before, by their text."""
    walker = _Walker(source.splitlines(), known if known is not None else {})
    walker.block(tree.body, "", None)
    return Module(
        definitions=walker.found,
        stars=tuple(walker.stars),
        exports=tuple(walker.exports) if walker.exports is not None else None,
        open=walker.open or bool(_UNLISTED & walker.found.keys()),
        locals=walker.locals,
        fixtures=walker.fixtures,
    )


class _Walker:
    def __init__(self, lines: list[bytes], known: dict[str, Body]) -> None:
        self._lines = lines
        self._known = known
        self.found: dict[str, Definition] = {}
        self.stars: list[str] = []
        self.exports: list[str] | None = None
        self.open = False
        self.locals: dict[str, frozenset[str]] = {}
        self.fixtures: dict[str, Fixture] = {}

    def block(
        self, statements: Iterable[ast.stmt], prefix: str, owner: ast.ClassDef | None, sure: bool = True
    ) -> None:
        """Add what a block defines; not `sure` if it may not run."""
        for statement in statements:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(statement, prefix, owner, sure)
                case ast.ClassDef():
                    self._class(statement, prefix, sure)
                case ast.Import() | ast.ImportFrom():
                    self._import(statement, prefix, sure)
                case ast.Expr(value=value):
                    self._expression(value)
                case _:
                    self._assignment(statement, prefix, sure)
                    self._inner(statement, prefix, owner, sure)

    def _inner(self, statement: ast.stmt, prefix: str, owner: ast.ClassDef | None, sure: bool) -> None:
        surely = sure and isinstance(statement, ast.With | ast.AsyncWith)
        for name in _BLOCKS:
            self.block(getattr(statement, name, ()), prefix, owner, surely)
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            self.block(part.body, prefix, owner, sure=False)

    def _add(self, definition: Definition, sure: bool) -> None:
        before = self.found.get(definition.name)
        if not sure or before is not None:
            digest = f"{before.digest} {definition.digest}" if before is not None else definition.digest
            same_import = (
                before is not None
                and (before.kind, before.module, before.symbol)
                == (definition.kind, definition.module, definition.symbol)
                and definition.kind is Kind.IMPORT
            )
            kept = before if before is not None and before.binding is Binding.PROPERTY else definition
            definition = replace(kept, several=not same_import, digest=digest[-_LONGEST:])
        self.found[definition.name] = definition

    def _text(self, node: ast.stmt) -> str:
        lines = self._lines[first_line(node) - 1 : node.end_lineno]
        text = b"\n".join(line.rstrip() for line in lines)
        return hashlib.blake2b(text, digest_size=16).hexdigest()

    def _function(self, node: Function, prefix: str, owner: ast.ClassDef | None, sure: bool) -> None:
        name = prefix + node.name
        marks = [last_name(decorator) for decorator in node.decorator_list]
        binding = next((_BINDINGS[mark] for mark in marks if mark in _BINDINGS), Binding.PLAIN)
        if owner is not None and node.name in ("__new__", "__init_subclass__", "__class_getitem__"):
            binding = Binding.STATIC if node.name == "__new__" else Binding.CLASS
        text = self._text(node)
        body = self._known.get(text)
        if body is None:
            body = self._known[text] = body_of(node)
        manager = bool(_MANAGERS.intersection(marks))
        keeps = bool(_KEEPERS.intersection(marks))
        known = _HARMLESS | _BINDINGS.keys() | _MANAGERS
        self.locals.update((prefix + inner, names) for inner, names in body.locals)
        self._fixture(node, name, text)
        self._add(
            Definition(
                name=name,
                kind=Kind.FUNCTION,
                line=node.lineno,
                end=node.end_lineno or node.lineno,
                digest=text,
                several="overload" in marks,
                decorated=any(mark not in known for mark in marks),
                signature=body.signature,
                binding=binding,
                is_async=isinstance(node, ast.AsyncFunctionDef) and not manager and not body.yields,
                generator=body.yields and not manager,
                manager=manager,
                async_manager=manager and isinstance(node, ast.AsyncFunctionDef),
                hands_on=body.hands_on,
                **body.given._replace(copies=body.given.copies and not keeps)._asdict(),
                handles=body.handles,
                passes=_passed(body.passes, node, prefix, owner, binding),
                shares=body.shares or keeps,
                asks=body.asks,
                refuses=body.refuses,
                summary=body.summary,
                leaves=body.leaves if owner is not None and binding is not Binding.STATIC else (),
                abstract=bool(_ABSTRACT.intersection(marks)),
                unwritten=body.unwritten,
                returns=annotated(node.returns),
                raises=body.raises,
            ),
            sure,
        )
        if owner is not None and binding is not Binding.STATIC:
            for attribute in body.attributes:
                self._attribute(prefix, node.lineno, attribute)
            cls = self.found.get(prefix.rstrip("."))
            if body.opens and cls is not None:
                self.found[cls.name] = replace(cls, open=True)

    def _attribute(self, prefix: str, line: int, found: Attribute) -> None:
        name, at = prefix + found.name, line + found.line
        before = self.found.get(name)
        if before is None:
            self.found[name] = Definition(
                name=name,
                kind=Kind.VARIABLE,
                line=at,
                end=at,
                digest=_digest_of(found.literal, found.noted, found.may_be_none),
                value=found.value,
                literal=found.literal,
                noted=_unquoted(found.noted),
                may_be_none=found.may_be_none,
            )
        elif before.kind is Kind.VARIABLE and not before.value and before.literal in ("None", ""):
            self.found[name] = replace(before, value=found.value, literal="")
        elif before.value != found.value or before.literal != found.literal:
            may_be_none = before.may_be_none or found.may_be_none
            digest = before.digest
            if digest.startswith(ATTRIBUTE):
                digest = _digest_of(before.literal, before.noted, may_be_none)
            self.found[name] = replace(before, several=True, may_be_none=may_be_none, digest=digest)

    def _fixture(self, node: Function, name: str, text: str) -> None:
        for decorator in node.decorator_list:
            if last_name(decorator) != "fixture":
                continue
            asked = node.name
            for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    asked = str(keyword.value.value)
            self.fixtures[asked] = Fixture(name=asked, function=name, line=node.lineno, digest=text)

    def _class(self, node: ast.ClassDef, prefix: str, sure: bool) -> None:
        marks = [last_name(decorator) for decorator in node.decorator_list]
        plain = all(k.arg == "metaclass" and last_name(k.value) == "ABCMeta" for k in node.keywords)
        tuple_like = any(last_name(base) == "NamedTuple" for base in node.bases)
        made = any(
            mark in _DATACLASSES and not is_special(decorator)
            for mark, decorator in zip(marks, node.decorator_list, strict=True)
        )
        name = prefix + node.name
        head = [*node.decorator_list, *node.bases, *node.keywords]
        fields = [
            s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        ]
        order = " ".join(fields) if made or tuple_like else ""
        members = {statement.name for statement in node.body if isinstance(statement, Function)}
        self._add(
            Definition(
                name=name,
                kind=Kind.CLASS,
                line=node.lineno,
                end=node.end_lineno or node.lineno,
                digest=" ".join([*(ast.dump(each)[:_LONGEST] for each in head), order]),
                decorated=any(mark not in _DATACLASSES | {"final", "total_ordering"} for mark in marks)
                or (not made and bool(_DATACLASSES.intersection(marks))),
                bases=tuple(path_of(_bare(base)) or (UNKNOWN,) for base in node.bases),
                metaclass=not plain,
                dataclass=made or tuple_like,
                by_name=made and asks(node.decorator_list, "kw_only"),
                slots=slots_of(node, fields),
                frozen=made and asks(node.decorator_list, "frozen"),
                open=bool(_UNLISTED & members),
            ),
            sure,
        )
        self.block(node.body, f"{name}.", node)

    def _import(self, node: ast.Import | ast.ImportFrom, prefix: str, sure: bool) -> None:
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            self.stars.append("." * node.level + (node.module or ""))
        for bound, module, symbol in imported(node):
            self._add(
                Definition(
                    name=prefix + bound,
                    kind=Kind.IMPORT,
                    line=node.lineno,
                    end=node.end_lineno or node.lineno,
                    digest=f"{module}:{symbol}",
                    module=module,
                    symbol=symbol,
                ),
                sure,
            )

    def _expression(self, value: ast.expr) -> None:
        if isinstance(value, ast.Call):
            called = last_name(value)
            inner = value.func.value if isinstance(value.func, ast.Attribute) else value
            self.open |= called in _OPENERS or last_name(inner) in _OPENERS
            if called == "extend" and isinstance(value.func, ast.Attribute):
                self._export(getattr(value.func.value, "id", ""), value.args[0] if value.args else None, True)

    def _assignment(self, node: ast.stmt, prefix: str, sure: bool) -> None:
        value = getattr(node, "value", None)
        several = isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor)
        for target in targets(node):
            self._put_on(node, target, prefix, sure)
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Call):
                self.open |= last_name(target.value) in _OPENERS
            single = isinstance(target, ast.Name)
            for name in stored(target):
                if not prefix:
                    self._export(name, value, several)
                self._variable(node, prefix + name, value if single else None, sure and not several)

    def _put_on(self, node: ast.stmt, target: ast.expr, prefix: str, sure: bool) -> None:
        """`function.attribute = ...` beside the function: a name of its own."""
        match target:
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute):
                holder = self.found.get(prefix + owner)
                if holder is not None and holder.kind is Kind.FUNCTION:
                    value = getattr(node, "value", None)
                    self._variable(node, f"{prefix}{owner}.{attribute}", value, sure)

    def _variable(self, node: ast.stmt, name: str, value: ast.expr | None, sure: bool) -> None:
        note = node.annotation if isinstance(node, ast.AnnAssign) else None
        static = isinstance(value, ast.Call) and last_name(value) == "staticmethod" and len(value.args) == 1
        value = value.args[0] if static and isinstance(value, ast.Call) else value
        held = holds(note) or (path_of(value) if value is not None else ())
        optional, skipped = default_of(value)
        self._add(
            Definition(
                name=name,
                kind=Kind.VARIABLE,
                line=node.lineno,
                end=node.end_lineno or node.lineno,
                digest=self._text(node),
                binding=Binding.STATIC if static else Binding.PLAIN,
                value=held if held and held[0] != UNKNOWN else (),
                literal=literal_of(value),
                keys=keys_of(value),
                entries=entries_of(value),
                spread=spread_in(value),
                noted=_unquoted(ast.unparse(note)) if note is not None else "",
                field=isinstance(node, ast.AnnAssign) and not skipped and not is_classvar(node.annotation),
                default=optional,
            ),
            sure,
        )

    def _export(self, name: str, value: ast.expr | None, more: bool) -> None:
        if name != "__all__":
            return
        if not isinstance(value, ast.List | ast.Tuple):
            self.exports, self.open = None, True
            return
        words = [part.value for part in value.elts if isinstance(part, ast.Constant)]
        known = self.exports or [] if more else []
        self.exports = [*known, *(word for word in words if isinstance(word, str))]


def _passed(path: Path, node: Function, prefix: str, owner: ast.ClassDef | None, binding: Binding) -> Path:
    """A path that may begin with a function's receiver, said from the top of the module."""
    places = [*node.args.posonlyargs, *node.args.args]
    if not path or not places or path[0] != places[0].arg:
        return path
    if owner is None or binding is Binding.STATIC or "." in prefix.rstrip("."):
        return ()
    itself = (prefix.rstrip("."),)
    return (*itself, *path[1:]) if binding is Binding.CLASS else (*itself, CALL, *path[1:])


def _digest_of(literal: str, noted: str, may_be_none: bool) -> str:
    """Tells apart what is visibly held by an attribute that methods set."""
    return " ".join(filter(None, [ATTRIBUTE + literal, _unquoted(noted), "or None" if may_be_none else ""]))


def _unquoted(note: str) -> str:
    return note.replace("'", "").replace('"', "")


def _bare(base: ast.expr) -> ast.expr:
    """`Base` of `Base[T]`."""
    return base.value if isinstance(base, ast.Subscript) else base
