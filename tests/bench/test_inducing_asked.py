"""What is kept of commits that were asked about, and which of it no budget had a part in."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.inducing_asked import Told, keep, read, whole
from bench.inducing_sample import Group

from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant


def told(*fates: Fate, unmade: int = 0) -> Told:
    mutants = tuple(
        Mutant(path="a.py", line=1, operator="compare", before="<", after="<=", fate=fate) for fate in fates
    )
    files = (LinesSeen(path="a.py", executed=(1,), missed=()),)
    evidence = Evidence(files=files, mutants=mutants, unmade=unmade)
    return Told(
        project="a", commit="1", group=Group.FIX, time=1, size=2, prior=0.1, evidence=evidence, fix="1"
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (told(), True),
        (told(*[Fate.KILLED] * 12, *[Fate.UNREACHED] * 9), True),
        (told(*[Fate.KILLED] * 7, *[Fate.SURVIVED] * 6), False),
        (told(Fate.KILLED, unmade=1), False),
        (Told(project="a", commit="1", group=Group.FIX, time=1, size=2, prior=0.1), False),
    ],
)
def test_evidence_under_another_budget_is_not_taken_for_todays(known: Told, expected: bool) -> None:
    assert whole(known) is expected


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert read(path) == []
    for each in (told(Fate.KILLED), told()):
        keep(path, each)
    assert read(path) == [told(Fate.KILLED), told()]
