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

from assay.model.candidate import Record

MODULE = "<module>"


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


class Definition(Record, frozen=True, kw_only=True):
    """One definition. `signature` is what is shown: a function's head, a class's bases, a constant's value.

    `binding` are the decorators that change how the name is called or read (`property`, `staticmethod` and
    the like): they belong to the signature; every other decorator belongs to the body. `parameters` are None
    for what takes none by nature. `body` and `docs` are normal forms, fit for comparison only.
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


class Outline(Record, frozen=True, kw_only=True):
    """A file's definitions in order, and the names that its imports bind at module level; `*` is among them
    where a star import may bind more."""

    definitions: tuple[Definition, ...]
    imported: frozenset[str] = frozenset()

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
