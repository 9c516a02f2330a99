"""What the demo says around the reports.

Promises: pure; whether a candidate got the verdict it was made for is decided here and nowhere else.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay.delta.sanitise import cut, plain
from assay.front.answer import columns
from assay.model.report import CandidateReport, Report

if TYPE_CHECKING:
    from assay_fixtures import Case


def opening(root: Path, count: int) -> str:
    """What is about to happen."""
    return (
        f"A sample repository is at {root}: a small Python package with tests and four commits.\n"
        f"{count} candidates for it: good, broken, conflicting and hostile. Grading each in a sandbox.\n\n"
    )


def verdicts(cases: Sequence[Case], graded: Report, width: int) -> str:
    """A line for each candidate: its verdict, and whether that is what it was made for."""
    rows = [("", "CANDIDATE", "VERDICT", "WHAT IT IS")]
    for case, candidate in _pairs(cases, graded):
        mark = "ok" if _as_made(case, candidate) else "NO"
        rows.append((mark, case.name, _verdict(candidate), case.what))
    right = len(cases) - len(surprises(cases, graded))
    table = "\n".join(cut(line, width) for line in columns(rows).splitlines())
    return f"{table}\n\n{right} of {len(cases)} candidates got the verdict they were made for.\n\n"


def surprises(cases: Sequence[Case], graded: Report) -> tuple[str, ...]:
    """A sentence for each candidate that got another verdict than it was made for."""
    return tuple(
        plain(f"{case.name} was to be {_expected(case)} and is {_verdict(candidate)}: {candidate.reason}")
        for case, candidate in _pairs(cases, graded)
        if not _as_made(case, candidate)
    )


def landing() -> str:
    """The words before the landing's report."""
    return "Landing on main what was accepted, as far as it works together, in one step:\n\n"


def closing(cases: Sequence[Case], graded: Report, landed: Report, kept: Path | None) -> str:
    """What went wrong, if anything did, and the commands to go on with."""
    lines = [""]
    if wrong := surprises(cases, graded):
        lines += ["These got another verdict than they were made for:", *(f"  {each}" for each in wrong), ""]
    if landed.landed is None:
        lines += ["Nothing landed, which this demo does not expect.", ""]
    if kept is not None:
        lines += ["The sample stays. Look at what happened:", *_looking(kept), ""]
    lines += [
        "In a repository of your own:",
        "  assay check --staged                          what you are about to commit",
        "  assay check --base main                       this branch against main",
        "  assay grade *.patch                           any number of candidates",
        "  assay land *.patch --onto main --dry-run      choose and verify a set; publish nothing",
        "  assay audit list                              everything that was run, and why it was rejected",
    ]
    return "\n".join(lines)


def _looking(kept: Path) -> list[str]:
    where = shlex.quote(str(kept))
    return [
        f"  git -C {where} log --oneline --graph",
        f"  assay audit list -C {where} --rejected",
    ]


def _pairs(cases: Sequence[Case], graded: Report) -> Iterator[tuple[Case, CandidateReport]]:
    return zip(cases, graded.candidates, strict=True)


def _as_made(case: Case, candidate: CandidateReport) -> bool:
    return candidate.verdict == case.verdict and (candidate.rejected_by or "") == case.gate


def _expected(case: Case) -> str:
    return f"{case.verdict} by {case.gate}" if case.gate else case.verdict


def _verdict(candidate: CandidateReport) -> str:
    return (
        f"{candidate.verdict} by {candidate.rejected_by}" if candidate.rejected_by else str(candidate.verdict)
    )
