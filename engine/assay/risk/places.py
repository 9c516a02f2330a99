"""Where a reviewer looks first: lines of a change, ranked by what is known against them.

Promises: pure and deterministic; overlapping and neighbouring lines of one reason are one place; the same
line is never listed twice, but once with its strongest reason first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate
from assay.model.outcome import Finding, Severity
from assay.model.risk import Place

MOST = 10

_FINDINGS = {Severity.ERROR: 1.0, Severity.REVIEW: 0.8, Severity.WARNING: 0.6}
_SURVIVED = 0.9
_MISSED = 0.7
_BRANCH = 0.65


class _Point(Record, frozen=True, kw_only=True):
    """One line and one thing known against it."""

    path: str
    line: int
    why: str
    weight: float


def places(evidence: Evidence | None, findings: Sequence[Finding], most: int = MOST) -> tuple[Place, ...]:
    """The `most` places to look at, strongest first."""
    points = [*_of_findings(findings), *(_of_evidence(evidence) if evidence is not None else ())]
    return _joined(points)[:most]


def _of_findings(findings: Sequence[Finding]) -> Iterable[_Point]:
    for finding in findings:
        weight = _FINDINGS.get(finding.severity)
        if weight is not None and finding.path and finding.line:
            why = f"{finding.message} [{finding.rule}]"
            yield _Point(path=finding.path, line=finding.line, why=why, weight=weight)


def _of_evidence(evidence: Evidence) -> Iterable[_Point]:
    for mutant in evidence.fates(Fate.SURVIVED):
        why = f"no test notices if `{mutant.before}` were `{mutant.after}`"
        yield _Point(path=mutant.path, line=mutant.line, why=why, weight=_SURVIVED)
    for seen in evidence.files:
        for number in seen.missed:
            yield _Point(path=seen.path, line=number, why="no test runs this", weight=_MISSED)
    for branch in evidence.branches:
        why = branch.words or "a branch that no test takes"
        yield _Point(path=branch.path, line=branch.line, why=why, weight=_BRANCH)


def _joined(points: Iterable[_Point]) -> tuple[Place, ...]:
    by_line: dict[tuple[str, int], list[_Point]] = {}
    for point in points:
        by_line.setdefault((point.path, point.line), []).append(point)
    made: list[Place] = []
    for path, number in sorted(by_line):
        place = _place(path, number, by_line[path, number])
        last = made[-1] if made else None
        if last is not None and (last.path, last.why) == (path, place.why) and last.end + 1 >= number:
            made[-1] = Place(
                path=path, line=last.line, end=number, why=last.why, weight=max(last.weight, place.weight)
            )
        else:
            made.append(place)
    return tuple(sorted(made, key=lambda place: (-place.weight, place.path, place.line)))


def _place(path: str, number: int, points: Sequence[_Point]) -> Place:
    """One line with all that is known against it: what is independently known adds up, below 1."""
    ranked = sorted(points, key=lambda point: (-point.weight, point.why))
    doubt = 1.0
    for point in ranked:
        doubt *= 1 - min(point.weight, 0.99)
    reasons = list(dict.fromkeys(point.why for point in ranked))
    return Place(path=path, line=number, end=number, why="; ".join(reasons), weight=round(1 - doubt, 4))
