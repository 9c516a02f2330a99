"""Fewer turns where a test was seen to pass often: never more room for chance."""

import anyio
from hypothesis import given
from hypothesis import strategies as st
from tests.gates.testing.fake import Once

from assay.gates.testing.suite import Case, Result, Suite
from assay.gates.testing.turns import OF_BASE, chance, note, passes, turns

COUNTS = st.integers(1, 8)


@given(COUNTS, st.integers(0, 200))
def test_chance_has_no_more_room_than_the_policy_leaves_it(wanted, seen):
    found = turns(wanted, seen)
    assert 1 <= found <= wanted
    assert chance(1 + found, found + OF_BASE + seen) <= chance(1 + wanted, wanted + OF_BASE)


@given(st.integers(1, 6), st.integers(1, 30), st.floats(0.0, 1.0))
def test_no_rate_is_likelier_to_fail_so_than_the_one_that_is_told(failures, good, rate):
    assert rate**failures * (1 - rate) ** good <= chance(failures, good) * (1 + 1e-9)


@given(COUNTS, st.integers(0, 100), st.integers(0, 100))
def test_more_passes_never_ask_for_more_turns(wanted, few, more):
    assert turns(wanted, few + more) <= turns(wanted, few)


def test_what_the_packs_want_is_three_turns_and_one_after_many_passes():
    assert [turns(3, seen) for seen in (0, 3, 4, 12, 13, 1000)] == [3, 3, 2, 2, 1, 1]


def test_passes_are_counted_by_test_and_base():
    toolbox = Once()
    good, bad = Case(id="t::a", result=Result.PASSED), Case(id="t::b", result=Result.FAILED)

    async def body():
        for _ in range(3):
            await note(toolbox, "base", Suite(cases=(good, bad)))
        return [
            await passes(toolbox, tree, tests)
            for tree, tests in (
                ("base", ["t::a"]),
                ("base", ["t::a", "t::b"]),
                ("other", ["t::a"]),
                ("base", []),
            )
        ]

    assert anyio.run(body) == [3, 0, 0, 0]
