"""From prior to posterior: what the tests' evidence adds to what the diff alone says.

Promises: pure. The contributions of a posterior are those of its prior and one of the evidence, in
probability, and add up to it. Where evidence says nothing the posterior is the prior.
"""

from __future__ import annotations

from assay.model.evidence import Evidence, Fate
from assay.model.risk import Contribution, Interval, Prior
from assay.risk.likelihood import level, likelihood, update

_PLACES = 6


def posterior(prior: Prior, evidence: Evidence | None) -> tuple[float, Interval, tuple[Contribution, ...]]:
    """The probability of the prior's event given `evidence`, its interval, and what makes it up."""
    shares = likelihood(evidence)
    if shares is None or evidence is None:
        return prior.probability, prior.interval, prior.contributions
    after = round(update(prior.probability, shares), _PLACES)
    interval = Interval(
        low=round(update(prior.interval.low, shares), _PLACES),
        high=round(update(prior.interval.high, shares), _PLACES),
    )
    told = Contribution(
        feature="evidence",
        value=round(shares.ratio, 2),
        effect=round(after - prior.probability, _PLACES),
        words=words(evidence),
    )
    return after, interval, (*prior.contributions, told)


def words(evidence: Evidence) -> str:
    """What was seen, with its figures: `tests run 11 of 12 changed lines; 3 of 4 mutants noticed`."""
    lines = evidence.executed + evidence.missed
    parts = [f"tests run {evidence.executed} of {lines} changed lines"]
    if evidence.branches:
        every = len(evidence.branches) + evidence.branches_taken
        parts.append(f"{evidence.branches_taken} of {every} branches taken")
    killed, survived = len(evidence.fates(Fate.KILLED)), len(evidence.fates(Fate.SURVIVED))
    if killed or survived:
        parts.append(f"{killed} of {killed + survived} mutants noticed")
    reached = level(evidence)
    if reached is None:
        parts.append("whether tests would notice was not asked")
    return "; ".join(parts)
