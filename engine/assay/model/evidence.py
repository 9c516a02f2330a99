"""Evidence: what makes a green verdict on a change mean something.

Promises: frozen records; lines are counted from 1 in the candidate's own version of a file; nothing here is
an average that could hide the worst place.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record


class Fate(StrEnum):
    """What became of one mutant."""

    KILLED = "killed"
    """A test that passes on the candidate fails on the mutant, or takes far longer there."""
    SURVIVED = "survived"
    """All tests that reach the line pass: no test notices if this were wrong."""
    UNREACHED = "unreached"
    """No test runs the line, so that nothing was run for it."""
    UNDECIDED = "undecided"
    """The run gave no answer for a reason that is no test's: the machine, or the end of the budget."""


class Mutant(Record, frozen=True, kw_only=True):
    """One small change of one changed line, and whether tests noticed. `before` and `after` are the source
    of what was changed; `by` is the test that killed it."""

    path: str
    line: int
    operator: str
    before: str
    after: str
    fate: Fate
    by: str = ""
    tests: int = 0
    """How many tests were there to notice."""


class Branch(Record, frozen=True, kw_only=True):
    """A way out of a changed line that no test took: from `line`, to `target` (0: out of the function)."""

    path: str
    line: int
    target: int
    words: str = ""


class LinesSeen(Record, frozen=True, kw_only=True):
    """Which changed lines of one file tests ran. Lines that cannot be run (blank, comments, the inside of one
    statement) are in neither."""

    path: str
    executed: tuple[int, ...]
    missed: tuple[int, ...]


class Evidence(Record, frozen=True, kw_only=True):
    """What the tests' own run says about the changed lines of one candidate."""

    files: tuple[LinesSeen, ...] = ()
    branches: tuple[Branch, ...] = ()
    """Those of changed lines that no test took, worst first."""
    branches_taken: int = 0
    mutants: tuple[Mutant, ...] = ()
    """Those that were made, survivors first."""
    unmade: int = 0
    """Mutants that the budget left out."""
    missing: str = ""
    """Why there is none of a part of it, in one sentence; empty where nothing is missing."""
    unseen: tuple[str, ...] = ()
    """Changed files of whose lines nobody can tell whether tests run them."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def executed(self) -> int:
        return sum(len(seen.executed) for seen in self.files)

    @property
    def missed(self) -> int:
        return sum(len(seen.missed) for seen in self.files)

    def fates(self, fate: Fate) -> tuple[Mutant, ...]:
        """The mutants that came to `fate`."""
        return tuple(mutant for mutant in self.mutants if mutant.fate is fate)
