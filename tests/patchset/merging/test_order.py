from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.merging.align import gaps, name_rows
from assay.patchset.merging.entries import Node
from assay.patchset.merging.order import sorted_by, take_turns

_ROWS = st.permutations("abcdefghi").flatmap(
    lambda row: st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
        lambda cuts: (row[: min(cuts)], row[min(cuts) : max(cuts)], row[max(cuts) :])
    )
)


def nodes(names: str | list[str]) -> tuple[Node, ...]:
    return tuple(Node(keys=(name,), lead="", parts=(name,), sort=name) for name in names)


def names(found: tuple[Node, ...]) -> list[str]:
    return [node.sort for node in found]


@given(_ROWS)
def test_turns_come_to_the_same_whoever_is_first(rows: tuple[list[str], list[str], list[str]]) -> None:
    one, two, three = map(nodes, rows)
    assert take_turns(one, two) == take_turns(two, one)
    together = take_turns(take_turns(one, two), three)
    assert together == take_turns(one, take_turns(two, three)) == take_turns(take_turns(one, three), two)
    for row in rows:
        assert [name for name in names(together) if name in row] == list(row)


def test_numbers_count_by_value() -> None:
    assert names(take_turns(nodes(["step 10"]), nodes(["step 9"]))) == ["step 9", "step 10"]


def test_an_order_is_one_that_all_versions_keep() -> None:
    assert sorted_by([nodes("ab"), nodes("abc"), nodes("abd")], 2) is not None
    assert sorted_by([nodes("ab"), nodes("ba")], 2) is None
    assert sorted_by([nodes("a"), nodes("ab")], 2) is None


@given(_ROWS, _ROWS)
def test_gaps_hold_every_entry_once_and_in_order(
    ours: tuple[list[str], list[str], list[str]], theirs: tuple[list[str], list[str], list[str]]
) -> None:
    versions = [nodes("abcdefghi"), nodes([*ours[0], *ours[2]]), nodes([*theirs[1], *theirs[2], *theirs[0]])]
    rows = name_rows(versions)
    for index, row in enumerate(rows):
        found = [key for gap in gaps(*rows) for key in (*gap[index], gap.then) if key is not None]
        assert found == list(row)


def test_entries_that_are_there_twice_are_told_by_more_of_them() -> None:
    twice = [Node(keys=("f", f"f {n}"), lead="", parts=(str(n),)) for n in (1, 2)]
    rows = name_rows([twice, [*twice, Node(keys=("g", "g 1"), lead="", parts=("g",))]])
    assert list(rows[0]) == ["1 f 1 #1", "1 f 2 #1"] and list(rows[1])[2] == "0 g #1"
