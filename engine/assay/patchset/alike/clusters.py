"""Clusters of attempts at one task that behave alike, and who stands for each.

Promises: pure and deterministic; every attempt is in exactly one cluster. Attempts are together if they are
the same text up to formatting and idle order and came to the same decision, or if the tests answered the same
of them and no probe tells them apart. Attempts of which there is no answer are with those of their own text
only. (Self-consistency over behaviour rather than text: Wang et al., "Self-Consistency Improves Chain of
Thought Reasoning in Language Models", 2022; clusters by outputs: Li et al., AlphaCode, 2022.)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from assay.model.candidate import Candidate
from assay.model.outcome import PRIVATE, Outcome
from assay.model.report import Alike, Cluster
from assay.model.verdict import Decision, Verdict

_GATES = ("tests", "acceptance")
_ASKED = ("newly_failing", "newly_passing", "fail_to_pass", "pass_to_pass")

Answers = tuple[str | None, ...]


def vector(verdict: Verdict) -> Hashable | None:
    """What tests said of a candidate, as far as they are the same for everybody; None if they said nothing
    that can be relied on. Tests that only this candidate has are not in it."""
    said = []
    for result in verdict.gates:
        if result.gate not in _GATES or result.skip is not None:
            continue
        if result.outcome not in (Outcome.PASSED, Outcome.FAILED) or result.detail.get("flaky"):
            return None
        if result.outcome is Outcome.FAILED and PRIVATE in result.detail:
            return None  # which tests fail is not to be told, and groups would tell
        mine = set(map(str, result.detail.get("new_tests", ())))
        lists = (_fixed(result.detail.get(name), mine) for name in _ASKED)
        cut = dict(result.detail.get("cut", {}))
        said.append((result.gate, result.outcome, *lists, *(cut.get(name) for name in _ASKED)))
    return (verdict.decision, *said) if said else None


def clusters(
    attempts: Sequence[Candidate],
    verdicts: Mapping[str, Verdict],
    texts: Sequence[Mapping[str, Hashable]],
    answers: Mapping[str, Answers],
    *,
    probed: bool,
) -> tuple[Cluster, ...]:
    """The clusters of attempts at one task, the largest first.

    `verdicts` are by candidate id, with risks; `texts` say by id what counts as one text: the tree, the form
    up to formatting, the form up to order. `answers` are those to the probes that can tell trees apart, by
    tree. `probed`: accepted attempts without answers are not put together by tests alone.
    """
    known = {a.id: _behaviour(a, verdicts[a.id], answers, probed=probed) for a in attempts}
    joined = _join(attempts, known, texts, verdicts)
    ranked = sorted(joined, key=lambda group: -len(group))
    return tuple(_cluster(group, len(attempts), texts, verdicts, answers) for group in ranked)


def _behaviour(
    attempt: Candidate, verdict: Verdict, answers: Mapping[str, Answers], *, probed: bool
) -> Hashable | None:
    """What is known of how an attempt behaves; None: not enough to put it together with others."""
    said = vector(verdict)
    if said is None or verdict.decision is not Decision.ACCEPTED or not probed:
        return said
    return (said, answers[str(attempt.tree)]) if str(attempt.tree) in answers else None


def _join(
    attempts: Sequence[Candidate],
    known: Mapping[str, Hashable | None],
    texts: Sequence[Mapping[str, Hashable]],
    verdicts: Mapping[str, Verdict],
) -> list[list[Candidate]]:
    """The attempts of each behaviour together, and those of none with the first of their text and decision.
    Behaviours that are known to differ are not joined because some attempts of theirs share a text."""
    key: dict[str, Hashable] = {
        attempt.id: ("alone", attempt.id) if known[attempt.id] is None else ("known", known[attempt.id])
        for attempt in attempts
    }
    for text in texts:
        first: dict[Hashable, str] = {}
        for attempt in sorted(attempts, key=lambda one: known[one.id] is None):
            if (form := text.get(attempt.id)) is None:
                continue
            other = first.setdefault((form, verdicts[attempt.id].decision), attempt.id)
            if known[attempt.id] is None:
                mine, theirs = key[attempt.id], key[other]
                key = {one: theirs if k == mine and _alone(k) else k for one, k in key.items()}
    groups: dict[Hashable, list[Candidate]] = {}
    for attempt in attempts:
        groups.setdefault(key[attempt.id], []).append(attempt)
    return list(groups.values())


def _alone(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[0] == "alone"


def _cluster(
    group: Sequence[Candidate],
    count: int,
    texts: Sequence[Mapping[str, Hashable]],
    verdicts: Mapping[str, Verdict],
    answers: Mapping[str, Answers],
) -> Cluster:
    chosen = min(group, key=lambda member: (_risk(verdicts[member.id]), _size(member)))
    how = _how(group, texts, answers)
    return Cluster(
        size=len(group),
        attempts=count,
        members=tuple(member.id for member in group),
        how=how,
        representative=chosen.id,
        why=_why(group, chosen, how, verdicts),
    )


def _how(
    group: Sequence[Candidate], texts: Sequence[Mapping[str, Hashable]], answers: Mapping[str, Answers]
) -> Alike:
    """The strongest sense in which all of a cluster are the same."""
    for alike, text in zip((Alike.TREE, Alike.FORMATTING, Alike.ORDER), texts, strict=True):
        found = {text.get(member.id) for member in group}
        if len(found) == 1 and None not in found:
            return alike
    return Alike.PROBES if all(str(member.tree) in answers for member in group) else Alike.TESTS


def _why(group: Sequence[Candidate], chosen: Candidate, how: Alike, verdicts: Mapping[str, Verdict]) -> str:
    if len(group) == 1:
        return "no other attempt is known to behave like it"
    others = [member for member in group if member is not chosen]
    if all(_risk(verdicts[chosen.id]) < _risk(verdicts[other.id]) for other in others):
        ground = "looks least risky"
    elif all(_size(chosen) < _size(other) for other in others):
        ground = "is the smallest diff"
    elif any(
        (_risk(verdicts[o.id]), _size(o)) != (_risk(verdicts[chosen.id]), _size(chosen)) for o in others
    ):
        ground = "looks least risky, and of those is the smallest diff"
    else:
        ground = "came first"
    return f"{how.words}; {chosen.name} stands for them, which {ground}"


def _risk(verdict: Verdict) -> float:
    return verdict.risk.score if verdict.risk is not None else 0.0


def _size(candidate: Candidate) -> int:
    return sum(change.added_lines + change.deleted_lines for change in candidate.changes)


def _fixed(value: object, without: set[str]) -> Hashable:
    """A value of a result's detail as one that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), _fixed(one, without)) for key, one in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(sorted({str(one) for one in value} - without))
    return str(value)
