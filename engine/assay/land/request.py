"""What a user asks of the engine, as data.

Promises: nothing in here is read from a terminal, a home directory or the process environment; the front
fills it in.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import field

from assay.model.candidate import Record
from assay.policy.stakes import Collect


class Change(StrEnum):
    """Which one change `check` looks at."""

    STAGED = "staged"
    WORKTREE = "worktree"
    RANGE = "range"


class Lane(StrEnum):
    """Whether somebody waits for a run, or it gives way to those that somebody waits for."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Request(Record, frozen=True, kw_only=True):
    """One run. 0 for `jobs` means the cores, for `first` and `time_limit` (seconds) no such limit."""

    repo: Path
    sources: tuple[str, ...] = ()
    base: str | None = None
    policy: str | None = None
    jobs: int = 0
    first: int = 0
    time_limit: float = 0.0
    repeat: int = 1
    """How often each candidate is graded."""
    full: bool = False
    """No selection of tests, no cache, no warm process: the slow way, to compare with."""
    lane: Lane = Lane.INTERACTIVE
    budget_seconds: float = 0.0
    """Time that may be spent on grading, without that for which a bulk run gave way; 0: no bound."""
    budget_cpu: float = 0.0
    """Processor time that may be spent in all, in seconds; 0: no bound."""
    squash: bool = False
    isolation: str | None = None
    trust_tests: bool = False
    """Changed tests count as the candidates have them, by the user's word."""
    acceptance: str | None = None
    """A directory, patch or file of instance records with hidden tests, relative to the current directory."""
    require: str | None = None
    """A file of tests that must pass."""
    allow: tuple[str, ...] = ()
    """Globs of the only paths that candidates may touch, in place of the policy's."""
    evidence: Collect | None = None
    """What evidence is gathered of candidates that pass, in place of the policy's word."""
    excerpts: bool = False
    """The report carries diffs of candidates."""
    stdin: bytes | None = None
    environ: dict[str, str] = field(default_factory=dict)
