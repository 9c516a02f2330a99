from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.solve import Solver, bits


@st.composite
def problems(draw: st.DrawFn, most: int = 9) -> tuple[list[int], list[int], list[int]]:
    count = draw(st.integers(0, most))
    weights = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count))
    neighbours = [0] * count
    for a, b in combinations(range(count), 2):
        if draw(st.booleans()):
            neighbours[a] |= 1 << b
            neighbours[b] |= 1 << a
    groups = draw(st.lists(st.integers(1, (1 << count) - 1), max_size=4)) if count else []
    return weights, neighbours, groups


def permitted(mask: int, neighbours: list[int], groups: list[int]) -> bool:
    return not any(neighbours[v] & mask for v in bits(mask)) and not any(g & ~mask == 0 for g in groups)


@given(problems())
def test_best_is_permitted_and_as_heavy_as_brute_force(
    problem: tuple[list[int], list[int], list[int]],
) -> None:
    weights, neighbours, groups = problem
    solver = Solver(weights, neighbours, groups)
    found = solver.best()
    heaviest = max(solver.weight(m) for m in range(1 << len(weights)) if permitted(m, neighbours, groups))
    assert permitted(found.mask, neighbours, groups)
    assert solver.weight(found.mask) == heaviest
    assert found.exact
    assert solver.bound() >= heaviest


@given(problems())
def test_greedy_is_permitted_maximal_and_keeps_its_bound(
    problem: tuple[list[int], list[int], list[int]],
) -> None:
    weights, neighbours, groups = problem
    solver = Solver(weights, neighbours, groups)
    found = solver.best(limit=1)
    assert permitted(found.mask, neighbours, groups)
    for vertex in range(len(weights)):
        assert found.mask >> vertex & 1 or not permitted(found.mask | 1 << vertex, neighbours, groups)
    if not groups:
        floor = sum(w / (n.bit_count() + 1) for w, n in zip(weights, neighbours, strict=True))
        assert solver.weight(found.mask) >= floor - len(weights)  # degrees divide whole numbers


def test_forty_vertices_are_exact_even_when_dense_in_part() -> None:
    neighbours = [0] * 40
    for a, b in combinations(range(40), 2):
        if (a * b + a + b) % 4 == 0:
            neighbours[a] |= 1 << b
            neighbours[b] |= 1 << a
    found = Solver([1] * 40, neighbours, ()).best()
    assert found.exact
    assert permitted(found.mask, neighbours, [])


@pytest.mark.parametrize("count", [41, 200])
def test_large_components_are_solved_without_claiming_to_be_exact(count: int) -> None:
    # A ring: half of it can be chosen, and whoever cuts it open once finds that half.
    neighbours = [1 << (v - 1) % count | 1 << (v + 1) % count for v in range(count)]
    found = Solver([1] * count, neighbours, ()).best()
    assert not found.exact
    assert permitted(found.mask, neighbours, [])
    assert found.mask.bit_count() >= count // 3
