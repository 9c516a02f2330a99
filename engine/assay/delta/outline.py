"""The outline of a Python file: its definitions, each reduced to what a comparison needs.

Promises: pure records; two files that differ only in formatting or comments have equal outlines, whichever
parser made them, as long as one parser made both.

What counts as a definition: functions, classes, methods, and names assigned in a module or class body,
wherever `if`, `try`, `with`, `for`, `while` and `match` blocks put them. Functions inside functions are part
of the outer one's body. Names defined more than once (overloads, alternatives by platform) keep one
definition each, in order; a property's setter is `name.setter`. Everything else that a module does when it is
imported, imports aside, is the body of a definition named `<module>`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from assay.model.candidate import Record

MODULE = "<module>"
LATER = "..."
"""In the place of a function's body whose normal form nobody may ask for: see `forms`."""


class What(StrEnum):
    """The kinds of definition, by the words that are shown."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    CONSTANT = "constant"
    ATTRIBUTE = "attribute"
    MODULE = "module"


class ParameterKind(StrEnum):
    """How an argument can be passed."""

    POSITIONAL = "positional-only"
    EITHER = "positional-or-keyword"
    VARIADIC = "*"
    KEYWORD = "keyword-only"
    KEYWORDS = "**"


class Parameter(Record, frozen=True, kw_only=True):
    """One parameter. `text` is how it is written, with annotation and default, in normal form."""

    name: str
    kind: ParameterKind
    optional: bool
    text: str
    default: str = ""


class Said(Record, frozen=True, kw_only=True):
    """A part of a function's control flow, shortened, and the line it is on."""

    text: str
    line: int


class Handler(Record, frozen=True, kw_only=True):
    """An `except` clause. `caught` is empty for a bare one; `silent` means that nothing is done about it."""

    caught: tuple[str, ...]
    silent: bool
    line: int


class Conduct(Record, frozen=True, kw_only=True):
    """How a function goes about its work, in the order of its text; functions inside it are part of it."""

    conditions: tuple[Said, ...] = ()
    loops: tuple[Said, ...] = ()
    returns: tuple[Said, ...] = ()
    """The values of its own `return` statements (not those of inner functions), empty for none."""
    last_return: int = 0
    """The line of a `return` that ends the body; 0 if it ends otherwise."""
    raises: tuple[Said, ...] = ()
    """The names of what is raised, empty where an exception is passed on."""
    handlers: tuple[Handler, ...] = ()
    warns: tuple[Said, ...] = ()
    """The categories of the warnings that it gives."""
    state: tuple[Said, ...] = ()
    """`global` and `nonlocal` names that it assigns."""
    arity: int = 0
    """The length of the tuples returned, where every return gives one of that length; else 0."""
    generator: bool = False


class Definition(Record, frozen=True, kw_only=True):
    """One definition. `signature` is what is shown: a function's head, a class's bases, a constant's value.

    `binding` are the decorators that change how the name is called or read (`property`, `staticmethod` and
    the like): they belong to the signature; every other is in `decorators`. `parameters` are None for what
    takes none by nature. `body` and `docs` are normal forms, fit for comparison only. `typed` is the
    annotation of what is returned or assigned. Lines count from 1, 0 where the parser does not tell; `begin`
    is the first decorator's. `text` is the source, whole lines.
    """

    symbol: str
    what: What
    signature: str
    body: str
    docs: str
    parameters: tuple[Parameter, ...] | None = None
    binding: tuple[str, ...] = ()
    is_async: bool = False
    bases: tuple[str, ...] = ()
    """Of a class, keywords such as `metaclass=` left out."""
    decorators: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Of a class: the names that its body annotates, in order, which make up a record's parameters."""
    typed: str = ""
    generics: str = ""
    local_types: str = ""
    """The annotations of variables in a function's body, which the body itself leaves out."""
    text: str = ""
    node: Any = None
    """The syntax tree of a function that `by_ast` read, for those who ask more of it."""
    begin: int = 0
    line: int = 0
    end: int = 0

    @property
    def name(self) -> str:
        """The last part of the symbol; of a property's setter, the property's with it."""
        parts = self.symbol.split(".")
        return ".".join(parts[-2:]) if parts[-1] in ACCESSORS and len(parts) > 1 else parts[-1]


class Import(Record, frozen=True, kw_only=True):
    """A name that an import at module level binds: `source` is the module as written (with leading dots),
    `original` the name there, empty where the module itself is bound."""

    name: str
    source: str
    original: str
    line: int = 0
    end: int = 0


class Outline(Record, frozen=True, kw_only=True):
    """A file's definitions in order, and the names that its imports bind at module level; `*` is among them
    where a star import may bind more. `exported` is `__all__` where it is a plain list, else None."""

    definitions: tuple[Definition, ...]
    imported: frozenset[str] = frozenset()
    imports: tuple[Import, ...] = ()
    exported: tuple[str, ...] | None = None

    def by_symbol(self) -> dict[str, tuple[Definition, ...]]:
        """Definitions grouped by symbol, in order of first appearance."""
        grouped: dict[str, list[Definition]] = {}
        for definition in self.definitions:
            grouped.setdefault(definition.symbol, []).append(definition)
        return {symbol: tuple(variants) for symbol, variants in grouped.items()}


EMPTY = Outline(definitions=())

BINDING_DECORATORS = frozenset(
    [
        "staticmethod",
        "classmethod",
        "property",
        "cached_property",
        "overload",
        "abstractmethod",
        "contextmanager",
        "asynccontextmanager",
        "dataclass",
        "final",
        "override",
    ]
)
"""Last parts of the names of decorators that belong to a signature."""


def kind_of(name: str, *, positional_only: bool) -> ParameterKind:
    """The kind of a plain parameter. Two leading underscores say positional-only, as they did before `/`."""
    old_style = name.startswith("__") and not name.endswith("__")
    return ParameterKind.POSITIONAL if positional_only or old_style else ParameterKind.EITHER


ACCESSORS = frozenset({"setter", "getter", "deleter"})
"""Decorators `name.<accessor>` that define another face of the property `name`."""
