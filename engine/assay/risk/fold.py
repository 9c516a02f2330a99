"""The fold: prior, evidence and costs into one risk with its advice.

Promises: pure; the probability is the posterior, its contributions add up to it, and the advice follows from
it and the policy's costs alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.model.evidence import Evidence
from assay.model.outcome import Finding
from assay.model.risk import Prior, Risk
from assay.policy.stakes import RiskRules
from assay.repo.globs import compile_globs
from assay.risk.decision import Other, Stake, advise
from assay.risk.likelihood import SHARES, Level, level, update
from assay.risk.places import places
from assay.risk.posterior import posterior
from assay.risk.topics import Touched

_TIMES = 10.0
"""By how much a topic's points raise the cost of a defect: .30 points, four times as dear."""


def fold(
    prior: Prior,
    evidence: Evidence | None,
    findings: Sequence[Finding],
    stake: Stake,
    rules: RiskRules,
    *,
    without: Mapping[str, float] | None = None,
    wanted: Sequence[str] = (),
    false_green: float | None = None,
    reverted: Prior | None = None,
    whole: bool = True,
) -> Risk:
    """The risk of one change that a model knows.

    `without` are the priors that the change would have had without one of its files, by path; `wanted` is
    the evidence that can still be collected.
    """
    probability, interval, parts = posterior(prior, evidence)
    advice = advise(
        probability,
        stake,
        rules.cost,
        wanted=wanted,
        others=_others(prior, evidence, without or {}) if whole else (),
        places=places(evidence, findings),
        top=(prior.percentile, rules.review_from) if rules.review_from < 1 else None,
    )
    return Risk(
        band=band(probability, rules),
        score=probability,
        calibrated=True,
        probability=probability,
        contributions=parts,
        interval=interval,
        prior=prior,
        reverted=reverted,
        evidence=evidence,
        false_green=false_green,
        advice=advice,
    )


def band(value: float, rules: RiskRules) -> str:
    """`low`, `medium` or `high`, by where the policy's bands start."""
    if value >= rules.high:
        return "high"
    return "medium" if value >= rules.medium else "low"


def stake(paths: Sequence[str], lines: int, topics: Sequence[Touched], rules: RiskRules) -> Stake:
    """What a change of `paths` can cost: the dearest of the policy's entries that it touches or, where it
    touches none, the policy's cost of a defect times that of its most sensitive topic."""
    named = [(entry.defect, path) for entry in rules.at if (path := _first(entry.paths, paths))]
    if named:
        cost, path = max(named)
        return Stake(defect=cost, lines=lines, why=f"the cost of a defect in {path}")
    if not topics:
        return Stake(defect=rules.cost.defect, lines=lines)
    times = 1 + _TIMES * topics[0].points
    why = f"{times:g} times the usual: it touches {topics[0].name} ({topics[0].path})"
    return Stake(defect=rules.cost.defect * times, lines=lines, why=why)


def _first(patterns: Sequence[str], paths: Sequence[str]) -> str | None:
    matcher = compile_globs(patterns)
    return next((path for path in sorted(paths) if matcher.matches(path)), None)


def _others(prior: Prior, evidence: Evidence | None, without: Mapping[str, float]) -> list[Other]:
    """What the change might have been: with the tests that it lacks, or without one of its files."""
    others = [Other(words=f"without {path}", probability=chance) for path, chance in without.items()]
    if level(evidence) is not Level.NOTICED:
        best = update(prior.probability, SHARES[Level.NOTICED])
        words = "with tests that run every changed line and notice each mutant of them"
        others.append(Other(words=words, probability=best))
    return others
