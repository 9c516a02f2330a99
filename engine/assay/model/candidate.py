"""Base, proposals and candidates: what is graded, and where it came from.

Promises: a candidate's identity is its resulting tree; a candidate without a tree says why it has none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from msgspec import Struct

Oid = NewType("Oid", str)
"""A git object name: 40 (or 64) lower-case hexadecimal digits."""


class Record(Struct, frozen=True, kw_only=True):
    """The common base of every record: immutable, built by keyword, compared by value."""


class Base(Record, frozen=True, kw_only=True):
    """The commit that candidates are graded against. `commit` is None in a repository without commits."""

    commit: Oid | None
    tree: Oid


class Signature(Record, frozen=True, kw_only=True):
    """Who made a change, and when (`time`: seconds since the epoch, `offset`: minutes east of UTC)."""

    name: str
    email: str
    time: int
    offset: int = 0


class Proposal(Record, frozen=True, kw_only=True):
    """One change as a source gave it, before it is applied: exactly one of `patch` and `tree` is set.

    `tree` is set by sources that are already git objects (refs, commits, the index, directories); `patch`
    holds the bytes of a diff as given. `base` is set where the source names its own base (a commit of a
    range has its parent), else None and the run's base is used.
    """

    name: str
    source: str
    patch: bytes | None = None
    tree: Oid | None = None
    commit: Oid | None = None
    base: Base | None = None
    author: Signature | None = None
    message: str = ""
    instance: str = ""
    """The task this is one attempt at (`instance_id` of a JSONL prediction), or empty."""
    problem: ApplyProblem | None = None
    """What the source itself found wrong with it; then it is not applied."""


class ProblemKind(StrEnum):
    """Why a proposal has no tree."""

    MALFORMED = "malformed"
    DOES_NOT_APPLY = "does-not-apply"
    HOSTILE_PATH = "hostile-path"
    EMPTY = "empty"
    WRONG_BASE = "wrong-base"


class ApplyProblem(Record, frozen=True, kw_only=True):
    """Which part of which file could not be applied, and why. `hunk` counts from 1; 0 means no one hunk."""

    kind: ProblemKind
    message: str
    path: str = ""
    hunk: int = 0
    line: int = 0


class ChangeKind(StrEnum):
    """What happened to one path between two trees."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"
    MODE = "mode"
    TYPE = "type"


class Change(Record, frozen=True, kw_only=True):
    """One path that differs between base and candidate.

    Modes are git's (0o100644, 0o100755, 0o120000 symlink, 0o160000 submodule), 0 where the side is absent;
    blobs are object names, empty where the side is absent. `old_path` equals `path` unless renamed. Paths
    are git's, '/'-separated; bytes that are no UTF-8 are kept by surrogateescape.
    """

    kind: ChangeKind
    path: str
    old_path: str
    old_mode: int
    new_mode: int
    old_blob: str
    new_blob: str
    binary: bool = False
    added_lines: int = 0
    deleted_lines: int = 0


class Candidate(Record, frozen=True, kw_only=True):
    """A proposal applied to a base. `tree` is None exactly when `problem` says why."""

    id: str
    name: str
    source: str
    base: Base
    tree: Oid | None
    problem: ApplyProblem | None = None
    changes: tuple[Change, ...] = ()
    patch: bytes = b""
    """The bytes as given by the source, or the diff computed from trees; kept for the audit."""
    author: Signature | None = None
    message: str = ""
    instance: str = ""
    commit: Oid | None = None
    """The commit that the source named, if any. Its tree may differ: it may be on another base."""
    equivalent_to: str | None = None
    """The id of the earlier candidate with the same tree, which is graded in this one's place."""
