"""Keys that one candidate renames where they are given, and another newly reads of what it is handed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph

GIVES = b"def facts():\n    return {'size_left': 1, 'kind': 'x'}\n"
RENAMED = GIVES.replace(b"size_left", b"room_left").replace(b"kind", b"sort")
READS = b"def low(told):\n    return told.get('size_left', 0) < 3\n"


def between(
    place: Path, right: bytes, left: bytes = RENAMED, more: dict[str, bytes] | None = None
) -> Conflict | Cleared:
    """What is known of one who renames keys and one who adds `right`; `more` is in the base, too."""
    base = {
        "gives.py": GIVES,
        **{path: text for path, text in (more or {}).items() if isinstance(text, bytes)},
    }
    lab = Lab(place / "repo.git", base)
    a, b = lab.candidate("a", {"gives.py": left}), lab.candidate("b", {"reads.py": right})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


def test_a_key_that_nothing_speaks_of_any_more_is_suspected(tmp_path: Path) -> None:
    found = between(tmp_path, READS, more={"doc.py": b'"""Told is "size_left", as of old."""\n'})
    assert isinstance(found, Conflict)
    assert (found.confidence, found.symbols) == (Confidence.SUSPECTED, ("key:size_left",))
    assert found.followed


@pytest.mark.parametrize(
    ("right", "more"),
    [
        (READS, {"other.py": b"OTHER = {'size_left': 2}\n"}),
        (READS.replace(b"size_left", b"kind"), {}),
        (b"def more(told):\n    told['size_left'] = 2\n", {}),
    ],
    ids=["others have it", "everybody's word", "given, not read"],
)
def test_a_key_that_may_be_another_is_not(tmp_path: Path, right: bytes, more: dict[str, bytes]) -> None:
    assert isinstance(between(tmp_path, right, more=more), Cleared)


def test_what_became_of_it_is_told(tmp_path: Path) -> None:
    for number, left in enumerate((RENAMED, GIVES.replace(b"'size_left': 1, ", b""))):
        found = between(tmp_path / str(number), READS, left)
        assert isinstance(found, Conflict)
        assert ("in favour of 'room_left'" in found.why) == (left == RENAMED)
        assert "'kind'" not in found.why
