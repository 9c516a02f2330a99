"""Which places have their turn after which test."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.inject.turns import SELDOM, Turns, level

WEIGHTS = st.lists(st.integers(0, 10_000), max_size=30)


def of(most, **sizes):
    turns = Turns(most)
    for place, size in sizes.items():
        turns.weigh(place, size, same=True)
    return turns


def waits(turns, place):
    """After how many tests it has its turn."""
    count = 1
    while not turns.due(place):
        turns.put_off(place, count)
        count += 1
    return count


def test_where_there_is_little_every_place_has_its_turn_after_each_test():
    turns = of(100, a=60, b=40, c=0)
    assert all(turns.due(place) for place in "abc")


def test_a_large_place_waits_and_small_ones_beside_it_do_not():
    turns = of(100, small=10, large=900)
    assert waits(turns, "small") == 1
    assert waits(turns, "large") == 10
    assert turns.answering("large") == list(range(1, 10))
    assert turns.answering("large") == []
    assert waits(turns, "large") == 10


def test_nothing_waits_for_ever():
    assert waits(of(1, huge=10**9), "huge") == SELDOM


def test_what_changes_each_time_costs_more_and_comes_seldomer():
    turns = of(1000, busy=500)
    assert turns.due("busy")
    turns.weigh("busy", 500, same=False)
    assert waits(turns, "busy") == 10


def test_a_place_that_nobody_has_weighed_has_its_turn():
    assert Turns(0).due("new")
    assert of(10, old=50).due("new")


def test_whoever_waits_is_known_until_asked():
    turns = of(10, a=100, b=100)
    turns.put_off("a", "one")
    turns.put_off("b", "one")
    turns.put_off("b", "two")
    assert turns.shared("b")
    assert turns.put_off_places() == {"a", "b"}
    assert turns.answering("b") == ["one", "two"]
    assert not turns.shared("b")
    assert turns.put_off_places() == {"a"}
    assert turns.everybody() == ["one"]
    assert turns.everybody() == []


@given(WEIGHTS, st.integers(1, 20_000))
def test_all_together_is_no_more_than_may_be(weights, most):
    share = level(weights, most)
    assert share >= 1
    if sum(weights) <= most:
        assert all(weight <= share for weight in weights)
    else:
        # But for one object of each: nothing can be looked at by halves.
        assert sum(min(weight, share) for weight in weights) <= most + len(weights)


@given(WEIGHTS, st.integers(1, 20_000))
def test_small_places_leave_what_they_do_not_need(weights, most):
    """No smaller share would do: with one object more for each, it would be too much."""
    share = level(weights, most)
    if sum(weights) > most + len(weights):
        assert sum(min(weight, share + 1) for weight in weights) > most - len(weights)
