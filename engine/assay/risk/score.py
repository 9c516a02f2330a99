"""The risk of one candidate: what the model says of its diff, folded with evidence and costs.

Promises: deterministic for the same repository, base and background; never raises for odd files; a candidate
without a tree has the band `unknown` and nothing else. Sensitive topics make a defect dearer, not likelier:
they are in the stake of the decision and in no probability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath

from msgspec.structs import replace

from assay.model.candidate import Candidate, Change
from assay.model.evidence import Evidence
from assay.model.outcome import GateResult
from assay.model.risk import Contribution, Interval, Prior, Risk
from assay.policy.schema import Policy
from assay.policy.stakes import RiskRules
from assay.repo.globs import compile_globs
from assay.repo.repository import Repository
from assay.risk.answers import Answers
from assay.risk.background import Background
from assay.risk.decision import Stake
from assay.risk.fold import fold, stake
from assay.risk.kinds import Kind, kind
from assay.risk.prior import changes_of
from assay.risk.together import Member, together
from assay.risk.topics import touched

_ESCAPE = 0.5
"""The chance that tests let a wrong meeting of two members through, where nothing is known of them."""
_WORDS = frozenset({".md", ".rst", ".txt", ".adoc"})


def assess(
    repo: Repository,
    candidate: Candidate,
    policy: Policy,
    results: Sequence[GateResult],
    known: Background,
    *,
    evidence: Evidence | None = None,
    wanted: Sequence[str] = (),
    false_green: float | None = None,
    apart: bool = True,
    answers: Answers | None = None,
) -> Risk:
    """How risky `candidate` is, from its diff, the past of its files, and what its tests have shown.

    `known` is what the run knows of the repository's past (`background.background`); `apart` also asks what
    the change would be without each of its files. `answers` on `known` are those of the
    whole run, where there are any.
    """
    if candidate.tree is None:
        return Risk(band="unknown", score=0.0, calibrated=False, probability=None, contributions=())
    changes = changes_of(repo, candidate)
    answer = (answers or Answers(repo, known)).on(changes, apart=apart)
    return fold(
        answer.prior,
        evidence,
        [finding for result in results for finding in result.findings],
        at_stake(changes, policy),
        policy.risk,
        without=answer.without,
        wanted=wanted,
        false_green=false_green,
        reverted=answer.reverted,
    )


def assess_set(
    repo: Repository,
    combined: Candidate,
    policy: Policy,
    results: Sequence[GateResult],
    members: Sequence[tuple[Candidate, Risk]],
    meeting: Collection[frozenset[str]],
) -> Risk:
    """How risky it is to land `members` together as the tree of `combined`.

    `members` have a probability each; `meeting` are the pairs of their ids that share files or names.
    """
    escapes = [risk.false_green for _, risk in members if risk.false_green is not None]
    escape = sum(escapes) / len(escapes) if escapes else _ESCAPE

    def ask(of: Callable[[Risk], float]) -> tuple[float, tuple[Contribution, ...]]:
        own = [Member(id=member.id, name=member.name, probability=of(risk)) for member, risk in members]
        return together(own, meeting, escape)

    probability, parts = ask(lambda risk: risk.score)
    low, _ = ask(lambda risk: risk.interval.low if risk.interval else risk.score)
    high, _ = ask(lambda risk: risk.interval.high if risk.interval else risk.score)
    doubts = Counter(doubt for _, risk in members if risk.prior for doubt in risk.prior.doubts)
    first = members[0][1].prior
    assert first is not None
    found = Prior(
        event=first.event.replace("this change", f"at least one of these {len(members)} changes"),
        model=first.model,
        probability=round(probability, 6),
        interval=Interval(low=round(low, 6), high=round(high, 6)),
        contributions=parts,
        doubts=tuple(_of_some(doubt, times, len(members)) for doubt, times in doubts.items()),
    )
    findings = [finding for result in results for finding in result.findings]
    stake = at_stake(changes_of(repo, combined), policy)
    return fold(found, None, findings, stake, _for_all(policy.risk, len(members)), whole=False)


def _of_some(doubt: str, times: int, members: int) -> str:
    return doubt if times == members else f"of {times} of the {members}: {doubt}"


def _for_all(rules: RiskRules, members: int) -> RiskRules:
    """To review a set, or to do without it, costs that for each of its members."""
    cost = rules.cost
    each = replace(cost, review=members * cost.review, reject=members * cost.reject)
    return replace(rules, cost=each, review_from=1.0)


def at_stake(changes: Sequence[Change], policy: Policy) -> Stake:
    """What a defect in these changes can cost, by the policy and the topics that they touch."""
    is_test = compile_globs(policy.tests.paths)
    paths = sorted({path for change in changes for path in (change.path, change.old_path)})
    passive = [path for path in paths if is_test.matches(path) or _is_passive(path)]
    topics = touched(paths, policy.risk.sensitive, passive)
    lines = sum(change.added_lines + change.deleted_lines for change in changes)
    return stake(paths, lines, topics, policy.risk)


def _is_passive(path: str) -> bool:
    """Whether a path is a test or text for people: it does not run where the product runs."""
    return kind(path) is Kind.TEST or PurePosixPath(path).suffix.lower() in _WORDS
