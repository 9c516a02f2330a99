"""The risk score of one candidate: a sum of visible contributions, by judgement and not by data.

Promises: deterministic; never raises for odd files; `calibrated` is false and `probability` is None, since
nothing here was fitted (see `weights`). The score is the plain sum of the contributions' effects: no
intercept, and where the sum would pass 1 a last contribution named `cap` takes the rest away, so that the
effects always add up to the score exactly as shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, Severity
from assay.model.risk import Contribution, Risk
from assay.policy.schema import Policy, RiskRules
from assay.repo import diff
from assay.repo.globs import compile_globs
from assay.repo.repository import Repository
from assay.risk.metrics import Metrics, is_passive, measure
from assay.risk.topics import Touched, touched
from assay.risk.weights import MORE_TOPICS, MOST_FOR_TOPICS, WEIGHTS, Weight

_DOUBTS = frozenset({Severity.ERROR, Severity.REVIEW, Severity.WARNING})
_PLACES = 4


def assess(repo: Repository, candidate: Candidate, policy: Policy, results: Sequence[GateResult]) -> Risk:
    """How risky `candidate` looks, from its diff and the gate results it has so far.

    A candidate without a tree has the band `unknown` and no contributions. A test run counts as evidence
    only if the `tests` gate passed and says that at least one test did.
    """
    if candidate.tree is None:
        return Risk(band="unknown", score=0.0, calibrated=False, probability=None, contributions=())
    changes = candidate.changes or diff.changes(repo, candidate.base.tree, candidate.tree)
    is_test = compile_globs(policy.tests.paths)
    metrics = measure(repo, changes, is_test)
    paths = sorted({path for change in changes for path in (change.path, change.old_path)})
    topics = touched(paths, policy.risk.sensitive, [p for p in paths if is_passive(p, is_test)])
    return score(_values(metrics, results), topics, policy.risk)


def score(values: dict[str, float], topics: Sequence[Touched], rules: RiskRules) -> Risk:
    """Fold feature values (by the names of `WEIGHTS`) and sensitive topics into a risk. Pure."""
    parts = [_contribution(weight, values.get(weight.feature, 0.0)) for weight in WEIGHTS]
    parts += _topic_contributions(topics)
    parts = sorted((p for p in parts if p.effect), key=lambda p: (-p.effect, p.feature))
    total = round(sum(part.effect for part in parts), _PLACES)
    if total > 1:
        over = round(total - 1, _PLACES)
        parts.append(Contribution(feature="cap", value=total, effect=-over, words="the score ends at 1"))
        total = 1.0
    return Risk(
        band=band(total, rules), score=total, calibrated=False, probability=None, contributions=tuple(parts)
    )


def band(value: float, rules: RiskRules) -> str:
    """`low`, `medium` or `high`, by where the policy's bands start."""
    if value >= rules.high:
        return "high"
    return "medium" if value >= rules.medium else "low"


def _values(metrics: Metrics, results: Sequence[GateResult]) -> dict[str, float]:
    doubts = sum(finding.severity in _DOUBTS for result in results for finding in result.findings)
    return {
        "code-lines": metrics.code_lines,
        "files": metrics.files - 1,
        "directories": metrics.directories - 1,
        "hunks": metrics.hunks - 1,
        "entropy": metrics.entropy,
        "control-flow": metrics.control_flow,
        "nesting": metrics.nesting - 1,
        "signatures": metrics.signatures,
        "deleted-code": metrics.deleted_code,
        "binary-files": metrics.binary_files,
        "findings": doubts,
        "no-tests-ran": 1.0 if metrics.code_lines and not _tests_passed(results) else 0.0,
    }


def _tests_passed(results: Sequence[GateResult]) -> bool:
    return any(
        result.gate == "tests" and result.outcome is Outcome.PASSED and any(result.evidence.values())
        for result in results
    )


def _contribution(weight: Weight, value: float) -> Contribution:
    return Contribution(
        feature=weight.feature, value=value, effect=weight.effect(value), words=weight.say(value)
    )


def _topic_contributions(topics: Sequence[Touched]) -> list[Contribution]:
    """The strongest topic adds its own points, each further one a little, up to a limit for all."""
    parts: list[Contribution] = []
    left = MOST_FOR_TOPICS
    for index, topic in enumerate(topics):
        effect = round(min(left, topic.points if index == 0 else MORE_TOPICS), _PLACES)
        left = round(left - effect, _PLACES)
        words = f"touches {topic.name}: {topic.path}"
        parts.append(Contribution(feature=f"topic: {topic.name}", value=1, effect=effect, words=words))
    return parts
