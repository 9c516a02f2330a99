"""The facts of one source file: what it binds, what it uses, which names it speaks of.

Promises: records only. A *path* is how a source gets at a value, step by step: the name it begins with, then
attributes and calls, `("Client", "()", "send")` for `Client(...).send`. It begins with `UNKNOWN` where nobody
can tell what the value is, with `@module:name` for what a function imports by itself, and with `super:Class`
for `super()` in a class.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record
from assay.patchset.facts.signature import Shape, Signature

Path = tuple[str, ...]

CALL = "()"
UNKNOWN = "?"
IMPORTED = "@"
SUPER = "super:"
KEY, ENTRY, VALUE, COMPARED = "[]", "{}", "=", "=="
"""Roles of texts that are no arguments."""


class Kind(StrEnum):
    """What a name stands for."""

    FUNCTION = "function"
    CLASS = "class"
    VARIABLE = "variable"
    IMPORT = "import"


class Binding(StrEnum):
    """How a function in a class is got at."""

    PLAIN = "plain"
    STATIC = "static"
    CLASS = "class"
    PROPERTY = "property"


class Definition(Record, frozen=True, kw_only=True):
    """One name that a module or a class binds, as its last binding has it.

    `name` is qualified within the module (`Class.method`). `digest` tells two versions apart: of a class its
    head alone, for its members are definitions of their own. Lines are counted from 1, the last included.
    """

    name: str
    kind: Kind
    line: int
    end: int
    digest: str
    several: bool = False
    """It is bound more than once, or only under a condition: what is said below may not be the whole
    truth."""
    decorated: bool = False
    """It has a decorator that may make anything of it."""

    # functions
    signature: Signature | None = None
    binding: Binding = Binding.PLAIN
    is_async: bool = False
    generator: bool = False
    manager: bool = False
    """It is entered by `with`, or `async with`."""
    async_manager: bool = False
    """A context manager that is entered by `async with`."""
    arity: int = 0
    """All its returns are tuples of so many literal entries; 0: not so."""
    each: int = 0
    """All things that it yields, or gives a list of, are tuples of so many literal entries; 0: not so."""
    hands_on: bool = False
    """It returns what another call gives, which may be awaitable, or iterable, or anything."""
    gives: str = ""
    """A word for the type of everything that it returns, where that can be seen or is annotated."""
    may_be_none: bool = False
    """A function that gives None beside something else, or is annotated so; an attribute that is set to None,
    or to a parameter that may be."""
    kinds: tuple[str, ...] = ()
    """A word for the type of each thing that it returns, '' for one that cannot be seen; None aside."""
    keys: tuple[str, ...] = ()
    """The keys of the dictionary that it returns, or holds, where it is written out."""
    entries: tuple[str, ...] = ()
    """What a display that a variable holds has in it, or as its keys: texts, and `State.NEW` for
    attributes."""
    spread: tuple[str, ...] = ()
    """The names from which more is spread into it."""
    parts: tuple[str, ...] = ()
    """What is in the tuple that it returns, as text, where that is said once."""
    template: str = ""
    """The text that it returns as it is written, with what is put into it."""
    handles: tuple[str, ...] = ()
    """The exceptions that it catches, by their last names."""
    passes: Path = ()
    """What it calls to give what that gives, as a path from the top of its module."""
    sentinels: tuple[str, ...] = ()
    """The constants that it returns beside other things, as text."""
    copies: bool = False
    """All that it returns is made anew, as by `list(...)`."""
    shares: bool = False
    """It returns something that its object keeps, or is decorated so that the next call returns the same."""
    summary: str = ""
    """The first paragraph of what it says of itself."""
    formula: str = ""
    """What it returns, as text, where it does nothing else than compute that of names and constants."""
    ordered: str = ""
    """In which order it returns things, where that can be seen."""
    leaves: tuple[str, ...] = ()
    """The attributes of its object that it sets, or changes in place; `name()` for its methods that it calls,
    which may do so."""
    asks: tuple[str, ...] = ()
    """What it cannot do without of its parameters: `record[name]` for a key, `job.name` for an attribute."""
    refuses: tuple[str, ...] = ()
    """The conditions on its parameters, as text, under which it does nothing but raise."""
    abstract: bool = False
    unwritten: bool = False
    """Its body does nothing but raise NotImplementedError."""
    returns: Path = ()
    """The annotated class of what it returns."""
    raises: tuple[str, ...] = ()

    # classes
    bases: tuple[Path, ...] = ()
    metaclass: bool = False
    """It has keywords besides its bases other than `metaclass=ABCMeta`."""
    dataclass: bool = False
    by_name: bool = False
    """A dataclass whose fields are given by their names alone."""
    slots: tuple[str, ...] | None = None
    """The attributes that it makes room for, where it does so by `__slots__` or as a dataclass with slots."""
    frozen: bool = False
    """A dataclass whose instances refuse to be changed."""
    open: bool = False
    """It may have attributes that nobody can list (`__getattr__`, `setattr(self, ...)`)."""

    # variables
    value: Path = ()
    """What it holds, or ()."""
    literal: str = ""
    """The value as text in normal form where it is a literal or an expression of literals."""
    noted: str = ""
    """Its annotation as text, texts in it without their quotes."""
    field: bool = False
    """It is annotated in a class body: a field of a dataclass."""
    default: bool = False
    """A field that may be left out of the constructor."""

    # imports
    module: str = ""
    """Absolute, or with leading dots."""
    symbol: str = ""
    """The name in that module; empty if the module itself is bound."""


class Given(Record, frozen=True, kw_only=True):
    """One argument of a call, of which something can be seen. `slot` is its place, from 0, or its keyword."""

    slot: str
    path: Path = ()
    """What it is, unless nobody can tell."""
    keys: tuple[str, ...] | None = None
    """Of a dictionary that is written out, its keys."""
    text: str | None = None
    """Of a literal text, that."""
    constant: str = ""
    """Any constant as text."""


class Said(Record, frozen=True, kw_only=True):
    """A short literal text, and in which role: `register:0` is the first argument of a call, `[]` a key."""

    text: str
    role: str
    line: int


class Use(Record, frozen=True, kw_only=True):
    """One place where a source gets at something."""

    scope: str
    """The qualified name of the function or class around it; empty at the top of the module."""
    path: Path
    line: int
    end: int
    """The last line of the call, or of the expression."""
    call: Shape | None = None
    contexts: tuple[str, ...] = ()
    """What becomes of the value, see `contexts`."""
    guarded: bool = False
    """Its failure is expected: `try`, `hasattr`, `TYPE_CHECKING`."""
    store: bool = False
    catches: tuple[str, ...] = ()
    """Exceptions, by their last name, that are caught or expected around it."""
    form: str = ""
    """How the value is taken apart: `[0].name`, `.items()`, with what is in brackets only counted."""
    receiver: str = ""
    """The name that it is an attribute of."""
    root: str = ""
    """The name that it begins with, as it is written."""
    handed: bool = False
    """It is called by another function that it is handed to, as `call` says."""
    given: tuple[Given, ...] = ()
    """The arguments of its call that can be seen to be something."""

    @property
    def key(self) -> tuple[Path, Shape | None, bool]:
        """What makes two uses the same, wherever they stand."""
        return self.path, self.call, self.store


class Names(StrEnum):
    """Kinds of names that are agreed upon by their text alone."""

    ENVIRONMENT = "environment"
    KEY = "key"
    OPTION = "option"


class Named(Record, frozen=True, kw_only=True):
    """A name spoken of by its text. `owner` says whose key it is, as far as the text tells."""

    kind: Names
    name: str
    owner: str
    line: int
    defines: bool = False
    value: str = ""
    """What a defined key is set to: a constant as text, anything else as a digest."""


class Fixture(Record, frozen=True, kw_only=True):
    """A pytest fixture: the name it is asked for by, and its function."""

    name: str
    function: str
    line: int
    digest: str


class Request(Record, frozen=True, kw_only=True):
    """Something that asks for a fixture: a parameter of a test or fixture, or its name in `usefixtures`."""

    name: str
    scope: str
    line: int


class Module(Record, frozen=True, kw_only=True):
    """What one Python source binds."""

    definitions: dict[str, Definition]
    stars: tuple[str, ...] = ()
    """Modules of which it imports everything."""
    exports: tuple[str, ...] | None = None
    """`__all__`, where it is a list of literals."""
    open: bool = False
    """It may bind names that nobody can list."""
    locals: dict[str, frozenset[str]]
    """What each function binds for itself, by qualified name."""
    fixtures: dict[str, Fixture]


class Uses(Record, frozen=True, kw_only=True):
    """What some lines of one Python source use."""

    uses: tuple[Use, ...] = ()
    locals: tuple[tuple[str, str, int], ...] = ()
    """(function, name, line) of what functions read of their own names."""
    stores: frozenset[tuple[str, str]] = frozenset()
    """(function, name) of what functions bind of their own names."""
    named: tuple[Named, ...] = ()
    requests: tuple[Request, ...] = ()
    strings: frozenset[str] = frozenset()
    """Short texts."""
    said: tuple[Said, ...] = ()
    """The same, each with its role."""
    programs: frozenset[str] = frozenset()
    """Texts that are handed to something that runs a program or looks up an entry point."""
    dotted: tuple[tuple[str, int, bool], ...] = ()
    """(text, line, whether it is handed to something that imports it) of texts that look like `pkg.name`."""


EMPTY = Module(definitions={}, locals={}, fixtures={})
NOTHING = Uses()
