"""The order in which the members of a verified set become commits."""

from __future__ import annotations

import anyio
from hypothesis import given
from hypothesis import strategies as st

from assay.land.chain import Chain, chain

NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


def chained(members, refused):
    """The chain of members where the prefixes in `refused` (sets) are no good, and what was asked."""
    asked: list[tuple[str, ...]] = []

    async def refusal(prefix):
        asked.append(prefix)
        return f"no {prefix[-1]}" if frozenset(prefix) in refused else None

    return anyio.run(chain, tuple(members), refusal), asked


@given(NAMES, st.sets(st.frozensets(st.sampled_from("abcdef"))))
def test_no_prefix_of_a_chain_was_refused_and_each_was_asked_about(members, refused):
    found, asked = chained(members, refused)
    assert len(asked) == len(set(asked)) <= len(members) * (len(members) + 1) // 2
    if found.refused is None:
        assert sorted(found.order) == sorted(members)
        for length in range(1, len(members)):
            assert found.order[:length] in asked
            assert frozenset(found.order[:length]) not in refused
    else:
        assert found.refused in members
        assert found.why


def test_who_needs_a_later_one_is_put_off_behind_it():
    found, _ = chained("abc", {frozenset("ab")})
    assert found == Chain(order=("a", "c", "b"))


def test_who_can_land_nowhere_is_named_with_the_first_reason():
    found, asked = chained("abc", {frozenset("ab"), frozenset("ac")})
    assert found == Chain(refused="b", why="no b")
    assert asked == [("a",), ("a", "b"), ("a", "c")]


def test_of_a_chain_of_which_nobody_is_refused_the_last_commit_is_not_asked_about():
    found, asked = chained("abc", set())
    assert found.order == ("a", "b", "c")
    assert asked == [("a",), ("a", "b")]
