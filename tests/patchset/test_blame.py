from __future__ import annotations

from math import log2

import anyio
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.blame import culprits


def search(count: int, bad: set[int]) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    asked: list[tuple[int, ...]] = []

    async def fails(group: tuple[int, ...]) -> bool:
        asked.append(group)
        return bad <= set(group)

    return anyio.run(culprits, range(count), fails), asked


@given(st.data())
def test_the_culprits_are_found_and_nothing_is_asked_twice_or_in_vain(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 30))
    bad = data.draw(st.sets(st.integers(0, count - 1), min_size=2, max_size=min(4, count)))
    found, asked = search(count, bad)
    assert set(found) == bad
    assert found == tuple(sorted(bad))
    assert len(set(asked)) == len(asked)
    assert all(1 < len(group) < count for group in asked)
    assert len(asked) <= len(bad) * (log2(count) + 4)


def test_a_pair_needs_no_test_at_all() -> None:
    assert search(2, {0, 1}) == ((0, 1), [])


def test_four_suspects_are_tried_in_turn_and_the_last_one_is_not_tested() -> None:
    found, asked = search(4, {0, 3})
    assert found == (0, 3)
    assert asked[:2] == [(0, 1), (0, 1, 2)]
    assert (0, 1, 2, 3) not in asked
