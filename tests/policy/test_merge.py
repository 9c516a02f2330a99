from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.policy.merge import lay, leaves

_plain = st.one_of(
    st.integers(), st.booleans(), st.text("xyz", max_size=4), st.lists(st.text("xyz", max_size=3), max_size=3)
)
_tables = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), _plain, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), st.one_of(_plain, inner), max_size=4),
    max_leaves=12,
)


def test_tables_merge_by_key_and_the_rest_replaces() -> None:
    below = {"limits": {"pids": 1, "memory": 2}, "gates": ["a", "b"]}
    above = {"limits": {"pids": 9}, "gates": ["c"]}
    assert lay(below, above) == {"limits": {"pids": 9, "memory": 2}, "gates": ["c"]}
    assert below == {"limits": {"pids": 1, "memory": 2}, "gates": ["a", "b"]}


def test_three_dots_stand_for_the_list_below() -> None:
    assert lay({"gates": ["a", "b"]}, {"gates": ["x", "...", "y"]}) == {"gates": ["x", "a", "b", "y"]}
    assert lay({}, {"gates": ["...", "y"]}) == {"gates": ["y"]}


@given(_tables)
def test_nothing_over_a_layer_and_a_layer_over_itself_change_nothing(table: dict[str, object]) -> None:
    assert lay(table, {}) == table
    assert lay({}, table) == table
    assert lay(table, table) == table


@given(_tables, _tables)
def test_the_upper_layer_says_what_its_own_keys_are(
    below: dict[str, object], above: dict[str, object]
) -> None:
    merged = dict(leaves(lay(below, above)))
    assert all(merged[key] == value for key, value in leaves(above))
