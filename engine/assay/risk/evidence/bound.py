"""The chance that green is false: an upper bound on it, from what became of mutants.

Promises: pure; never below what the assumptions allow, and 1 where nothing was learnt.

Asked is the probability that the tests pass although the change is wrong, given that it is wrong. It is taken
apart like this:

    bound = (1 - c) + c * (u + (1 - u) * q)

- `c` is the share of real bugs that are coupled to a mutant of the lines they are in, so that tests which
  notice the one notice the other: 0.70 (Petrovic, Ivankovic, Fraser, Just: Does mutation testing improve
  testing practices?, arXiv 2103.07189, who found it for 70 % of high-priority bugs). Of the other bugs
  nothing is assumed: they are counted as missed, every one.
- `u` is the share of the changed statements that no test runs. All of them are looked at, so it is no
estimate.
- `q` is the upper end of the one-sided 95 % interval of Clopper and Pearson (Biometrika 26, 1934) for the
  share of mutants in the lines that do run which no test notices. Mutants are drawn by a digest, one for each
  statement before any gets a second, and stand for the statements that were left out.

Assumptions, to be doubted: a wrong line is as likely to be one changed statement as another; a fault at a
line is as hard to notice as a mutant there; the tests that ran are the ones that will go on running. A
surviving mutant that changes nothing observable raises the bound: it errs to the careful side."""

from __future__ import annotations

from math import exp, lgamma, log

from assay.model.evidence import Evidence, Fate

COUPLED = 0.70
CONFIDENCE = 0.95
_HALVINGS = 60


def false_green(evidence: Evidence) -> float | None:
    """The bound, in 0..1; None where no changed line can be run at all, or nothing is known of the lines; 1
    where nothing is known of the lines of one file."""
    lines = evidence.executed + evidence.missed
    if not lines:
        return None
    if evidence.unseen:
        return 1.0
    return bound(
        killed=len(evidence.fates(Fate.KILLED)),
        survived=len(evidence.fates(Fate.SURVIVED)),
        unreached=evidence.missed / lines,
    )


def bound(*, killed: int, survived: int, unreached: float) -> float:
    """The bound from counts of mutants that were decided, and the share of changed statements that no test
    runs."""
    unnoticed = upper(survived, killed + survived)
    return round((1 - COUPLED) + COUPLED * (unreached + (1 - unreached) * unnoticed), 4)


def upper(hits: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The upper end of the one-sided interval of Clopper and Pearson for `hits` out of `of`: the share at
    which so few hits, or fewer, have a chance of 1 - `confidence`."""
    if hits >= of:
        return 1.0
    low, high = hits / of, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(hits, of, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, of: int, share: float) -> float:
    """The chance of at most `hits` out of `of`, each having `share`, which is inside of 0..1."""
    return sum(
        exp(
            lgamma(of + 1)
            - lgamma(count + 1)
            - lgamma(of - count + 1)
            + count * log(share)
            + (of - count) * log(1 - share)
        )
        for count in range(hits + 1)
        if 0.0 < share < 1.0
    ) or float(share <= 0.0)
