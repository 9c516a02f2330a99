"""What a set comes to under random oracles: what lands passes, and nothing more could."""

from __future__ import annotations

from itertools import combinations

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.patchset.support import Lab
from tests.patchset.test_verify import Grader, bad, disjoint, good

from assay.model.verdict import Decision

COUNT = 9
names = st.integers(0, COUNT - 1).map("c{}".format)
groups = st.frozensets(names, min_size=2, max_size=3)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("oracle") / "repo", {"a": b"a\n"})


def holds(members: frozenset[str], causes: list[frozenset[str]]) -> bool:
    return any(cause <= members for cause in causes)


def most(causes: list[frozenset[str]]) -> int:
    everyone = [f"c{n}" for n in range(COUNT)]
    return next(
        size
        for size in range(COUNT, -1, -1)
        if any(not holds(frozenset(some), causes) for some in combinations(everyone, size))
    )


def land(shared: Lab, tests: dict[str, list[frozenset[str]]], slots: int):
    def rule(members: set[str]):
        shown = [name for name, causes in tests.items() if holds(frozenset(members), causes)]
        return bad(*shown) if shown else good()

    grader = Grader(shared, rule)
    found = anyio.run(lambda: grader.run(disjoint(shared, COUNT), slots=slots))
    assert found.verdict is Decision.ACCEPTED
    assert found.tree in [tree for tree, _ in grader.asked], "what lands was itself run"
    return frozenset(member.removeprefix("id-") for member in found.members), found


@given(st.dictionaries(st.sampled_from("tuv"), groups, max_size=3), st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_with_one_cause_for_each_test_the_best_set_lands(shared: Lab, causes, slots) -> None:
    every = list(causes.values())
    members, found = land(shared, {test: [cause] for test, cause in causes.items()}, slots)
    assert not holds(members, every)
    assert len(members) == most(every)
    for group in found.failing:
        assert frozenset(m.removeprefix("id-") for m in group.members) in every


@given(st.dictionaries(st.sampled_from("tu"), st.lists(groups, min_size=1, max_size=2), max_size=2))
@settings(deadline=None, max_examples=60)
def test_whatever_the_causes_what_lands_passes_and_nobody_is_left_out_for_nothing(shared: Lab, tests) -> None:
    every = [cause for causes in tests.values() for cause in causes]
    members, found = land(shared, tests, 1)
    assert not holds(members, every)
    blamed = {member for group in found.failing for member in group.members}
    assert {f"id-c{n}" for n in range(COUNT)} - set(found.members) <= blamed
