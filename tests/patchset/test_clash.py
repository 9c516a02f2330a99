"""The one conflict of two candidates, of all that was found between them."""

from __future__ import annotations

from tests.patchset.support import Lab

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash, conflict


def test_of_what_is_equally_strong_the_first_that_was_found_is_told(lab: Lab) -> None:
    a, b = lab.candidate("a", {"a.py": b"1\n"}), lab.candidate("b", {"b.py": b"1\n"})
    clashes = [
        Clash(
            kind=ConflictKind.SEMANTIC,
            proven=False,
            label="m:f",
            where="m.py:f",
            mine=Witness(path="m.py", line=1, does="changes it"),
            theirs=Witness(path="use.py", line=line, does="uses it"),
        )
        for line in (7, *range(30, 1, -1))
    ]
    found = conflict(a, b, clashes)
    assert found is not None
    assert found.witness[1].line == 7
