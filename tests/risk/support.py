"""Evidence for tests, by what it says."""

from __future__ import annotations

from assay.model.evidence import Evidence, Fate, LinesSeen, Mutant


def seen(executed: int, missed: int, *fates: Fate) -> Evidence:
    """So many changed lines of one file that tests run, and do not, and a mutant with each of these fates."""
    lines = tuple(range(1, executed + missed + 1))
    files = (LinesSeen(path="a.py", executed=lines[:executed], missed=lines[executed:]),)
    mutants = tuple(
        Mutant(path="a.py", line=1, operator="compare", before="<", after="<=", fate=fate) for fate in fates
    )
    return Evidence(files=files, mutants=mutants)
