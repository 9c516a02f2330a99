"""Points and sections that both add to a list of changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.merging.lines import read_prose
from assay.patchset.merging.sections import by_sections

ABOVE = "# Changes\n\n## Unreleased\n\n"


def _joined(mine: str, yours: str) -> str | None:
    rows = [read_prose(ABOVE + text).nodes[2:] for text in (mine, yours)]
    found = by_sections(*rows)
    return None if found is None else "".join(str(node.parts[0]) for node in found)


@pytest.mark.parametrize(
    ("mine", "yours", "both"),
    [
        ("- b\n", "- a\n", "- a\n- b\n"),
        ("### Fixed\n\n- f\n", "### Added\n\n- a\n", "### Added\n- a\n### Fixed\n- f\n"),
        ("- x\n", "### Added\n\n- a\n", "- x\n### Added\n- a\n"),
        (
            "- x\n\n### C\n\n- c\n- d\n",
            "- y\n\n### B\n\n- b\n\n### D\n\n- e\n",
            "- x\n- y\n### B\n- b\n### C\n- c\n- d\n### D\n- e\n",
        ),
    ],
    ids=["points", "sections", "points and a section", "points and sections each"],
)
def test_sections_stay_whole_and_points_go_first(mine: str, yours: str, both: str) -> None:
    assert _joined(mine, yours) == both == _joined(yours, mine)


@pytest.mark.parametrize(
    ("mine", "yours"),
    [
        ("Text.\n", "- a\n"),
        ("### Fixed\n\nText.\n", "### Added\n\n- a\n"),
        ("### 1.2\n\n- f\n", "### Added\n\n- a\n"),  # a release
        ("### Fixed\n", "### Added\n\n- a\n"),  # a heading alone takes what follows
        ("## Later\n\n- f\n", "### Added\n\n- a\n"),  # of another level
        ("- a\n", "* b\n"),
        ("1. a\n", "- b\n"),
    ],
)
def test_all_else_is_refused(mine: str, yours: str) -> None:
    assert _joined(mine, yours) is None
    assert _joined(yours, mine) is None


_NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=4)


@given(_NAMES, _NAMES, _NAMES)
def test_three_sides_come_to_the_same_whichever_two_are_first(
    a: list[str], b: list[str], c: list[str]
) -> None:
    sides = [
        "".join(f"### {name}\n\n- {name}{side}\n\n" for name in sorted(names))
        for side, names in enumerate((a, b, c))
    ]
    rows = [read_prose(ABOVE + text).nodes[2:] for text in sides]
    first = by_sections(by_sections(rows[0], rows[1]) or (), rows[2])
    last = by_sections(rows[0], by_sections(rows[1], rows[2]) or ())
    assert first is not None
    assert first == last
