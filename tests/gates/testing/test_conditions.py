"""The other conditions of a base: as good as drawn, and always the same."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.conditions import USUAL, Conditions, others

TREES = st.text("0123456789abcdef", min_size=40, max_size=40)


@given(TREES)
def test_invariant_8_they_follow_from_the_tree_alone(tree):
    assert others(tree) == others(tree)


@given(TREES)
def test_they_are_not_the_usual_ones_and_python_takes_the_seed(tree):
    conditions = others(tree)
    assert conditions.order
    assert 1 <= conditions.hash_seed <= 4_294_967_295
    assert conditions.variables == {"PYTHONHASHSEED": str(conditions.hash_seed)}


def test_the_usual_ones_leave_everything_as_it_is():
    assert USUAL.variables == {}
    assert USUAL.words == "hash seed 0 and the tests in file order"
    assert Conditions(hash_seed=7, order="ab").words == "hash seed 7 and the tests in another order (key ab)"
