"""Who is behind which failure: the groups, what they cost, and whom chance must not get blamed."""

from __future__ import annotations

import random

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.patchset.hunt import Hunted, Seen, hunt


class World:
    """What fails where: each failure where its whole group is in."""

    def __init__(self, count, causes, by_chance=()):
        self.count, self.causes, self.by_chance = count, causes, by_chance
        self.dice = random.Random(1)
        self.asked: list[tuple[int, ...]] = []

    async def ask(self, groups):
        return [self.run(group) for group in groups]

    def run(self, group):
        assert group not in self.asked
        self.asked.append(group)
        shown = {name for name, cause in self.causes.items() if cause <= set(group)}
        shown |= {name for name in self.by_chance if self.dice.random() < 0.4}
        return Seen(frozenset(shown))

    def hunt(self, **options) -> Hunted:
        failures = sorted([*self.causes, *self.by_chance])
        return anyio.run(lambda: hunt(self.count, failures, self.ask, **options))


def groups(found: Hunted):
    return {frozenset(one.group) for one in found.found}


def pairs(count, number, seed=1):
    dice = random.Random(seed)
    return {f"t{n}": frozenset(dice.sample(range(count), 2)) for n in range(number)}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_group_is_found_and_was_run_or_proven(data):
    count = data.draw(st.integers(2, 14))
    member = st.integers(0, count - 1)
    groups_ = st.frozensets(member, min_size=2, max_size=min(3, count))
    causes = data.draw(st.dictionaries(st.sampled_from("uvwxyz"), groups_, min_size=1, max_size=4))
    slots = data.draw(st.integers(1, 3))
    world = World(count, causes)
    found = world.hunt(slots=slots)
    named = {failure: one for one in found.found for failure in one.failures}
    assert set(named) == set(causes)
    for failure, one in named.items():
        assert causes[failure] <= set(one.group), "nobody is blamed for a group that does not fail"
        assert set(one.group) <= set(one.shown)
        assert one.shown in world.asked or len(one.shown) == count
        if one.shown != one.group:
            assert causes[failure] == set(one.group), "what is proven is exact"
    assert found.unsteady == ()


def test_eight_pairs_of_two_hundred_take_a_fifth_of_what_bisection_takes():
    world = World(200, pairs(200, 8))
    found = world.hunt()
    assert groups(found) == set(world.causes.values())
    # Eight searches by halves take 8 * 2 * log2(200), about 120; one by one takes 200.
    assert len(world.asked) <= 24


def test_sixteen_pairs_take_hardly_more_runs_than_eight():
    world = World(200, pairs(200, 16))
    assert groups(world.hunt()) == set(world.causes.values())
    assert len(world.asked) <= 28


def test_three_among_many_are_singled_out_beside_pairs():
    causes = {**pairs(120, 8), "three": frozenset({2, 50, 99})}
    world = World(120, causes)
    assert groups(world.hunt()) == set(causes.values())
    # The information alone, 20 bits for the three, takes 20 runs.
    assert len(world.asked) <= 32


def test_a_reason_to_suspect_a_pair_has_it_asked_first():
    world = World(60, {"t": frozenset({7, 31})})
    found = world.hunt(groups=frozenset({(7, 31)}))
    assert world.asked == [(7, 31)] and groups(found) == {frozenset({7, 31})}


def test_what_a_test_says_saves_runs():
    def suspicion(failures):
        return [25.0 if place in (7, 31) else 1.0 for place in range(100)]

    world = World(100, {"t": frozenset({7, 31})})
    told = world.hunt(suspicion=suspicion)
    plain = World(100, {"t": frozenset({7, 31})})
    assert groups(told) == groups(plain.hunt())
    assert len(world.asked) < len(plain.asked)


def test_one_that_fails_by_itself_is_found_among_pairs():
    causes = {**pairs(60, 3), "alone": frozenset({5})}
    world = World(60, causes)
    assert groups(world.hunt(alone=frozenset(range(60)))) == set(causes.values())


def test_three_that_fail_only_together_are_found():
    world = World(40, {"t": frozenset({3, 17, 30})})
    assert groups(world.hunt()) == {frozenset({3, 17, 30})}


def test_what_comes_and_goes_blames_nobody_and_hides_no_pair():
    world = World(40, {"real": frozenset({3, 9})}, by_chance=["chance"])
    found = world.hunt(alone=frozenset(range(40)))
    assert [(one.group, one.failures) for one in found.found] == [((3, 9), ("real",))]
    assert found.unsteady == ("chance",)


def test_who_was_seen_in_other_company_without_the_failure_is_innocent():
    world = World(30, {"t": frozenset({3, 9})})
    (one,) = world.hunt().found
    for member in one.innocent:
        assert any(member in group and not {3, 9} <= set(group) for group in world.asked)
    assert one.chance > 0.9


def test_groups_that_cannot_be_put_together_say_nothing():
    world = World(12, {"t": frozenset({2, 8})})

    async def ask(asked):
        return [None if {0, 1} <= set(group) else world.run(group) for group in asked]

    found = anyio.run(lambda: hunt(12, ["t"], ask))
    assert groups(found) == {frozenset({2, 8})}


def test_what_no_three_explain_is_searched_whatever_was_suspected_before():
    for seed in range(12):
        world = World(40, {"real": frozenset({3, 9})}, by_chance=["chance"])
        world.dice = random.Random(seed)
        found = world.hunt(alone=frozenset(range(40)))
        assert frozenset({3, 9}) in groups(found)
        told = {failure for one in found.found for failure in one.failures} | set(found.unsteady)
        assert told == {"real", "chance"}
