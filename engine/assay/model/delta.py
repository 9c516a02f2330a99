"""The delta: what a change, or a set of changes, does, in terms a person reads.

Promises: everything is derived from trees; lists are sorted, so that equal trees give equal deltas; a symbol
that changed has exactly one entry, whatever happened to it. In sentences (`words`, `why`, `api_breaks`) what
is quoted from the code stands between backquotes. Values that look like secrets are never quoted.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Change, Record
from assay.model.outcome import Finding
from assay.model.risk import Risk


class SymbolChangeKind(StrEnum):
    """What happened to one named definition. Of several the first that applies, in this order."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    """It has another name in the same place."""
    MOVED = "moved"
    """It is in another file or class, under the same or another name."""
    SIGNATURE = "signature"
    """How it is called or reached: parameters, defaults, decorators that bind, async."""
    BASES = "bases"
    DECORATORS = "decorators"
    """Decorators that do not change how it is called or reached."""
    BODY = "body"
    ANNOTATIONS = "annotations"
    DOCS = "docs"


class Compatibility(StrEnum):
    """What a change of a public symbol means to callers that worked before."""

    COMPATIBLE = "compatible"
    BREAKING = "breaking"
    UNKNOWN = "unknown"
    """Calls still bind; whether what they get is what they need, syntax does not say."""


class Aspect(StrEnum):
    """What of a definition a detail is about."""

    TOKEN = "token"  # noqa: S105
    """All that differs is a few tokens, which are shown."""
    CONDITION = "condition"
    LOOP = "loop"
    RETURN = "return"
    SHAPE = "shape"
    """What results are: how many values together, a generator."""
    RAISES = "raises"
    WARNS = "warns"
    HANDLER = "handler"
    PARAMETER = "parameter"
    DEFAULT = "default"
    STATE = "state"
    """Names outside the function that it assigns."""
    STATEMENT = "statement"
    """A statement of another kind."""
    VALUE = "value"
    """An entry of a list, set, tuple or dictionary."""
    ANNOTATION = "annotation"
    DECORATOR = "decorator"
    BASE = "base"


class Detail(Record, frozen=True, kw_only=True):
    """One thing that differs inside a definition. Empty `before` or `after` means absent there; `line` counts
    from 1 in the new file (in the old one for what is gone), 0: none in particular."""

    aspect: Aspect
    before: str
    after: str
    words: str
    line: int = 0


class SymbolChange(Record, frozen=True, kw_only=True):
    """One definition that changed. `symbol` is dotted inside its file (`Class.method`); `public` means that
    others can import it by a path without a leading underscore, its own or one that a package re-exports it
    under, and that the file is no test."""

    path: str
    symbol: str
    kind: SymbolChangeKind
    what: str
    """`function`, `class`, `method`, `constant`, `attribute` (of a class), `re-export` (a name that a package
    only imports), or `module` for what a module does when it is imported (its symbol is `<module>`)."""
    public: bool
    before: str = ""
    after: str = ""
    """The signature on each side; of a constant or attribute, its (shortened) value."""
    old_path: str = ""
    old_symbol: str = ""
    """Where it was, for what was renamed or moved; else both are empty."""
    aspects: tuple[SymbolChangeKind, ...] = ()
    """All that differs, `kind` included, weightiest first; nothing for what was added or removed."""
    line: int = 0
    """Where it begins in the new file; in the old one for what was removed."""
    end: int = 0
    compatibility: Compatibility | None = None
    """None for what is not public."""
    why: str = ""
    """One sentence for the compatibility."""
    details: tuple[Detail, ...] = ()
    public_as: tuple[str, ...] = ()
    """The dotted names under which packages re-export it."""
    tests: tuple[str, ...] = ()
    """The tests that this change adds or alters and that name it."""


class DependencyChange(Record, frozen=True, kw_only=True):
    """A declared requirement that came, went or moved. Empty `before` or `after` means absent there."""

    path: str
    name: str
    before: str
    after: str
    group: str = ""
    """The extra or dependency group it belongs to; empty for what the product itself needs."""


class Area(StrEnum):
    """What a setting belongs to."""

    CONFIGURATION = "configuration"
    CI = "ci"
    SCHEMA = "schema"


class SettingChange(Record, frozen=True, kw_only=True):
    """One setting of a file of data that came, went or changed, by its key path. Values are shortened; one
    that may be a secret is shown as `(hidden)`."""

    path: str
    area: Area
    key: str
    before: str
    after: str
    security: bool = False
    """Whether it decides who may do what: permissions, secrets, triggers that run foreign code."""


class SecurityNote(Record, frozen=True, kw_only=True):
    """Something a change newly does that a person who minds security looks at. `rule` is the scope gate's
    name for it, without `scope/`; `symbol` is the definition it is in, empty outside of all."""

    rule: str
    path: str
    line: int
    symbol: str
    words: str


class Noise(Record, frozen=True, kw_only=True):
    """Changed lines that mean nothing by themselves, each counted once, added and deleted ones alike."""

    changed: int = 0
    """All changed lines of the delta, those below included."""
    formatting: int = 0
    """Of statements that mean the same on both sides."""
    comments: int = 0
    """Comments and blank lines."""
    moved: int = 0
    """Gone at one place and there again, the same but for indentation, at another."""
    imports: int = 0
    """Import statements of a file that imports the same as before."""
    renamed: int = 0
    """Functions that differ in the names of local variables only."""
    generated: int = 0
    """Lock files, vendored code, and what the base already marks as generated."""
    generated_paths: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        """How many of the changed lines are noise."""
        parts = (self.formatting, self.comments, self.moved, self.imports, self.renamed, self.generated)
        return sum(parts)


class Heading(StrEnum):
    """What a part of a change is for, in reading order."""

    BREAKING = "removed or breaking"
    NEW = "new for users"
    CHANGED = "changed behaviour"
    FIXED = "fixed"
    SECURITY = "security-relevant"
    INSIDE = "inside only"
    BUILD = "build, dependencies, configuration, CI"
    TESTS = "tests"
    DOCS = "documentation and types"


class IntentEntry(Record, frozen=True, kw_only=True):
    """One line under a heading. `mark` is `+` (came), `-` (went), `~` (changed) or `!` (look here)."""

    mark: str
    words: str
    path: str = ""
    line: int = 0


class Intent(Record, frozen=True, kw_only=True):
    """What a change does under one heading."""

    heading: Heading
    entries: tuple[IntentEntry, ...]


class MemberShare(Record, frozen=True, kw_only=True):
    """What one member contributes to a set."""

    candidate: str
    name: str
    paths: tuple[str, ...]
    added_lines: int
    deleted_lines: int
    tree: str = ""
    """The member's own tree on the set's base; empty where it is not known."""
    headings: tuple[Heading, ...] = ()
    """What the member adds to, by what it does alone."""


class Delta(Record, frozen=True, kw_only=True):
    """The summary of one candidate or patch set against its base."""

    files: tuple[Change, ...]
    added_lines: int
    deleted_lines: int
    symbols: tuple[SymbolChange, ...]
    api_breaks: tuple[str, ...]
    """Public symbols removed or changed in signature, one sentence each."""
    tests_added: tuple[str, ...]
    tests_removed: tuple[str, ...]
    dependencies: tuple[DependencyChange, ...]
    findings_introduced: tuple[Finding, ...]
    findings_fixed: tuple[Finding, ...]
    unparsed: tuple[str, ...]
    """Python, dependency and settings files that no parser could read, so that silence about them means
    nothing."""
    members: tuple[MemberShare, ...] = ()
    risk: Risk | None = None
    tests_changed: tuple[str, ...] = ()
    """Tests that are there on both sides, under one name or another, and differ."""
    tests_weakened: tuple[str, ...] = ()
    """What the scope gate says was taken from tests, one sentence each."""
    tests_fixed: tuple[str, ...] = ()
    """Tests that fail on the base and pass now."""
    settings: tuple[SettingChange, ...] = ()
    security: tuple[SecurityNote, ...] = ()
    noise: Noise = Noise()
    intents: tuple[Intent, ...] = ()
    """The same by intent, in reading order; headings without entries are left out."""
