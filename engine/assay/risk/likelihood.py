"""What evidence says about a defect: levels of evidence, and how much likelier each is where there is one.

Promises: pure. A change's level is that of its worst place, never of an average: one changed line that no
test runs is one that nothing was shown of. The two columns of `SHARES` are distributions over the levels, so
that the expectation of the posterior over what evidence may come is the prior.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate


class Level(StrEnum):
    """How far tests reach into the changed lines, best first."""

    NOTICED = "noticed"
    """Every changed line and branch is run, and each mutant of them was noticed."""
    SURVIVED = "survived"
    """Every changed line is run; a branch of one never is, or a mutant of one was not noticed."""
    MISSED = "missed"
    """A changed line is run by no test, others are."""
    UNRUN = "unrun"
    """No changed line is run by any test."""


class Shares(Record, frozen=True, kw_only=True):
    """How often changes have one level: among those with a later fix, and among those without."""

    buggy: float
    clean: float

    @property
    def ratio(self) -> float:
        """The likelihood ratio: what the odds of a defect are multiplied by."""
        return self.buggy / self.clean


SHARES: dict[Level, Shares] = {
    Level.NOTICED: Shares(buggy=0.201, clean=0.207),
    Level.SURVIVED: Shares(buggy=0.286, clean=0.293),
    Level.MISSED: Shares(buggy=0.416, clean=0.409),
    Level.UNRUN: Shares(buggy=0.097, clean=0.091),
}
"""Ratios: .97, .98, 1.02 and 1.07. Two strengths, in log-odds: .00 for what goes unnoticed, .04 for each step
of lines not run. Published figures (code that no test runs gets about twice the fixes of other code; 70 % of
the bugs that mattered were coupled to a mutant: Petrovic et al. 2021, arXiv 2103.07189), shrunk, are the
normal prior of both; the likelihood is that of 111 commits that a fix pointed back to and of 106 mates of
their size (`bench.inducing`), by which alone both would be 0. They make no probability better by any figure
that was taken, and are next to 1 for that reason: see ADR 30 and the model card. How often levels come
without a defect is as it was among the mates."""


def level(evidence: Evidence | None) -> Level | None:
    """The level of a change; None where nothing was collected, or no changed line can be run.

    Without mutants, a change whose lines and branches are all run has no level of its own: between
    `noticed` and `survived` nothing was asked. It is told apart by `likelihood`, which knows the mixture.
    """
    if evidence is None or not (evidence.executed or evidence.missed):
        return None
    if not evidence.executed:
        return Level.UNRUN
    if evidence.missed:
        return Level.MISSED
    if evidence.branches or evidence.fates(Fate.SURVIVED):
        return Level.SURVIVED
    return Level.NOTICED if evidence.fates(Fate.KILLED) else None


def likelihood(evidence: Evidence | None) -> Shares | None:
    """How often evidence like this comes with a defect and without; None where it says nothing.

    Every line and branch run, and no mutant that told: that is `noticed` or `survived`, and which is unknown.
    """
    found = level(evidence)
    if found is not None:
        return SHARES[found]
    if evidence is None or not evidence.executed:
        return None
    parts = (SHARES[Level.NOTICED], SHARES[Level.SURVIVED])
    return Shares(buggy=sum(part.buggy for part in parts), clean=sum(part.clean for part in parts))


def update(probability: float, shares: Shares) -> float:
    """Bayes' rule: the probability of a defect after evidence with these `shares` was seen."""
    buggy, clean = probability * shares.buggy, (1 - probability) * shares.clean
    return buggy / (buggy + clean)
