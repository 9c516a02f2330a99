"""The part of a policy that weighs: what a change may cost, what evidence has to show, what risk decides.

Promises: pure data, like all of `schema`; every default is written down once.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record
from assay.model.outcome import Severity


class Costs(Record, frozen=True, kw_only=True):
    """What a change can cost, in one unit; the decision compares expected costs."""

    unit: str = "minutes"
    defect: float = 240.0
    """A defect that lands, is found later and fixed."""
    review: float = 10.0
    """A person taking up a change, and reading each changed line of it (`review_line`)."""
    review_line: float = 0.1
    catches: float = 0.5
    """The share of defects that a review finds."""
    reject: float = 60.0
    """Doing without the change: somebody proposes it anew."""
    evidence: float = 1.0
    """Collecting coverage and mutants, and looking at what they say."""


class PathCost(Record, frozen=True, kw_only=True):
    """Where a defect costs more, or less, than elsewhere: the dearest entry that a change touches counts."""

    paths: tuple[str, ...]
    defect: float


class Hold(StrEnum):
    """From which decision on an accepted change does not land by itself: this one and all below it here."""

    NEVER = "never"
    MORE = "more evidence"
    REVIEW = "review"
    REJECT = "reject"


class Collect(StrEnum):
    """What evidence is gathered of candidates that passed."""

    NEVER = "never"
    COVERAGE = "coverage"
    """Which of the changed lines tests run."""
    MUTANTS = "mutants"
    """And whether tests notice when these are wrong."""


class EvidenceRules(Record, frozen=True, kw_only=True):
    """The evidence behind an accept: what is gathered, at what cost, and how much of it there must be."""

    collect: Collect = Collect.NEVER
    mutants: int = 60
    """So many are run at most."""
    seconds: float = 120.0
    """No mutant is begun after so much time."""
    per_line: int = 1
    """So many mutants of one statement at most; each has one before any has two."""
    max_missed: int | None = None
    """More changed lines that no test runs are too many. None: no demand."""
    max_branches: int | None = None
    """The same for ways out of changed lines that no test takes."""
    max_survivors: int | None = None
    """The same for mutants that no test notices."""
    min_killed: float = 0.0
    """The least share of the mutants of lines that tests run which they have to notice."""
    max_false_green: float = 1.0
    """The highest bound on the chance that the tests pass though the change is wrong."""
    severity: Severity = Severity.REVIEW
    """What it does that some of this is not met."""


class RiskRules(Record, frozen=True, kw_only=True):
    """What the risk treats as sensitive, where its bands start (0..1), and what a decision rests on."""

    sensitive: tuple[str, ...] = ()
    medium: float = 0.10
    """A little above the share of ordinary changes that are fixed within a year."""
    high: float = 0.25
    model: str = ""
    """A file with a risk model or a correction (`assay risk train`): of the base where the base's policy
    names it, else beside the policy file that does. Empty: what was trained here, or the shipped model."""
    cost: Costs = Costs()
    at: tuple[PathCost, ...] = ()
    review_from: float = 1.0
    """A change riskier than this share of the repository's own past changes is read by a person, whatever
    it is expected to cost; 1: the costs alone decide."""
    hold: Hold = Hold.NEVER
    """From this decision on, a change does not land by itself."""
