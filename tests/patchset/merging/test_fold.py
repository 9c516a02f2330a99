from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.merging.fold import value_of, whole_number

_NUMBERS = st.integers(-40, 40).map(str)
_SIMPLE = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "|", "&", "^"]), inner).map(
            lambda t: f"({' '.join(t)})"
        ),
        st.tuples(st.sampled_from("-+~"), inner).map("".join),
        st.tuples(inner, st.sampled_from(["<<", ">>"]), st.integers(0, 9).map(str)).map(
            lambda t: f"({' '.join(t)})"
        ),
    ),
    max_leaves=5,
)
_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([0.0, -0.0, 1.0, 2j, 1 + 0j]),
        st.text(max_size=2),
        st.binary(max_size=2),
    ),
    lambda inner: st.tuples(inner, inner),
    max_leaves=4,
)


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


@given(_SIMPLE)
def test_a_simple_expression_is_the_number_that_it_is(source: str) -> None:
    assert whole_number(_expression(source)) == eval(source)


@given(_VALUES, _VALUES)
def test_values_are_told_apart_just_if_they_are_not_equal(one: object, two: object) -> None:
    found = [value_of(_expression(repr(value))) for value in (one, two)]
    assert (found[0] and found[1]) or "+0j" in repr((one, two))
    if all(found):
        assert (found[0] == found[1]) is (one == two)


@pytest.mark.parametrize(
    "source",
    ["a", "f(1)", "1 << -1", "1 << 10**6", "2 ** 3", "(1, a)", "-a", "1 / 2", "1 << 9999", "+'a'"],
)
def test_what_cannot_be_told_is_not(source: str) -> None:
    assert value_of(_expression(source)) == ""


def test_nesting_ends() -> None:
    assert value_of(_expression("-" * 60 + "1")) == ""
    assert value_of(_expression("(" * 60 + "1" + ",)" * 60)) == ""
