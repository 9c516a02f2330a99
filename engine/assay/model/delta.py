"""The delta: what a change, or a set of changes, does, in terms a person reads.

Promises: everything is derived from trees; lists are sorted, so that equal trees give equal deltas.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Change, Record
from assay.model.outcome import Finding
from assay.model.risk import Risk


class SymbolChangeKind(StrEnum):
    """What happened to one named definition."""

    ADDED = "added"
    REMOVED = "removed"
    SIGNATURE = "signature"
    BODY = "body"
    DOCS = "docs"


class SymbolChange(Record, frozen=True, kw_only=True):
    """One definition that changed. `symbol` is dotted inside its file (`Class.method`); `public` means no
    part of the module path or symbol starts with an underscore and the file is no test."""

    path: str
    symbol: str
    kind: SymbolChangeKind
    what: str
    """`function`, `class`, `method`, `constant`, `attribute` (of a class), or `module` for what a module does
    when it is imported (its symbol is `<module>`)."""
    public: bool
    before: str = ""
    after: str = ""
    """The signature on each side; of a constant or attribute, its (shortened) value."""


class DependencyChange(Record, frozen=True, kw_only=True):
    """A declared requirement that came, went or moved. Empty `before` or `after` means absent there."""

    path: str
    name: str
    before: str
    after: str
    group: str = ""
    """The extra or dependency group it belongs to; empty for what the product itself needs."""


class MemberShare(Record, frozen=True, kw_only=True):
    """What one member contributes to a set."""

    candidate: str
    name: str
    paths: tuple[str, ...]
    added_lines: int
    deleted_lines: int


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
    """Python and dependency files that no parser could read, so that silence about them means nothing."""
    members: tuple[MemberShare, ...] = ()
    risk: Risk | None = None
