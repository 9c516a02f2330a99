"""Cut the diffs of candidates down to what a report carries of them.

Promises: at most `MOST_CANDIDATES` diffs, `MOST_FILES` files and `MOST_LINES` lines of each and `MOST_IN_ALL`
lines together; members of the set come first, then what was accepted, then the others; in a candidate, files
that something was found out about come before others. What is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.model.candidate import Candidate, Change
from assay.model.excerpt import Excerpt, FileExcerpt, Hunk
from assay.model.verdict import Decision, Verdict
from assay.repo import diff
from assay.repo.repository import Repository

MOST_CANDIDATES = 64
MOST_FILES = 40
MOST_LINES = 600
MOST_IN_ALL = 10_000
_MOST_CHARACTERS = 300
"""Of one line. A minified file has lines of any length."""


def excerpts(
    repo: Repository, candidates: Sequence[Candidate], verdicts: Sequence[Verdict], members: Sequence[str]
) -> tuple[Excerpt, ...]:
    """The excerpts of `candidates`, in their order; `members` are ids of those that are to land together.

    A candidate that another stands for has none, nor has one without a tree.
    """
    by_id = {verdict.candidate: verdict for verdict in verdicts}
    left = MOST_IN_ALL
    found: dict[str, Excerpt] = {}
    for candidate in _by_rank(candidates, by_id, members)[:MOST_CANDIDATES]:
        if not left:
            break
        found[candidate.id] = _excerpt(repo, candidate, by_id.get(candidate.id), min(left, MOST_LINES))
        left -= sum(len(hunk.lines) for file in found[candidate.id].files for hunk in file.hunks)
    return tuple(found[candidate.id] for candidate in candidates if candidate.id in found)


def _by_rank(
    candidates: Sequence[Candidate], verdicts: Mapping[str, Verdict], members: Sequence[str]
) -> list[Candidate]:
    chosen = frozenset(members)

    def rank(candidate: Candidate) -> int:
        verdict = verdicts.get(candidate.id)
        if candidate.id in chosen:
            return 0
        return 1 if verdict is not None and verdict.decision is Decision.ACCEPTED else 2

    distinct = [c for c in candidates if c.tree is not None and c.equivalent_to is None]
    return sorted(distinct, key=rank)


def _excerpt(repo: Repository, candidate: Candidate, verdict: Verdict | None, most: int) -> Excerpt:
    told = frozenset(_told(verdict)) if verdict is not None else frozenset()
    ranked = sorted(candidate.changes, key=lambda change: change.path not in told)
    files: dict[str, FileExcerpt] = {}
    left = most
    for change in ranked[:MOST_FILES]:
        if not left:
            break
        files[change.path] = _file(repo, change, left)
        left -= sum(len(hunk.lines) for hunk in files[change.path].hunks)
    return Excerpt(
        candidate=candidate.id,
        files=tuple(files[change.path] for change in candidate.changes if change.path in files),
        left_out=len(candidate.changes) - len(files),
    )


def _told(verdict: Verdict) -> Iterator[str]:
    """The paths that something was found out about."""
    yield from (finding.path for result in verdict.gates for finding in result.findings)
    risk = verdict.risk
    if risk is not None and risk.advice is not None:
        yield from (place.path for place in risk.advice.places)
    if risk is not None and risk.evidence is not None:
        yield from (mutant.path for mutant in risk.evidence.mutants)
        yield from (seen.path for seen in risk.evidence.files if seen.missed)


def _file(repo: Repository, change: Change, most: int) -> FileExcerpt:
    hunks = diff.hunks(repo, change)
    shown = _cut(hunks, most)
    return FileExcerpt(
        path=change.path,
        old_path=change.old_path,
        kind=change.kind,
        binary=change.binary,
        added_lines=change.added_lines,
        deleted_lines=change.deleted_lines,
        hunks=shown,
        cut=sum(len(hunk.lines) for hunk in hunks) - sum(len(hunk.lines) for hunk in shown),
    )


def _cut(hunks: Sequence[Hunk], most: int) -> tuple[Hunk, ...]:
    """The first `most` lines of the hunks, each of a bounded length."""
    shown: list[Hunk] = []
    left = most
    for hunk in hunks:
        if not left:
            break
        lines = tuple(map(_short, hunk.lines[:left]))
        shown.append(Hunk(old=hunk.old, new=hunk.new, lines=lines))
        left -= len(lines)
    return tuple(shown)


def _short(line: str) -> str:
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"
