"""The train's next step: properties over queues and worlds, and the order of speculation."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assay.land.train.schedule import (
    Answer,
    Car,
    Evict,
    Outcome,
    Publish,
    PutOff,
    Verify,
    Wait,
    likeliest,
    next_step,
)

KEYS = "abcdef"
CARS = st.lists(
    st.builds(Car, key=st.sampled_from(KEYS), chance=st.floats(0.05, 0.95)),
    unique_by=lambda car: car.key,
    max_size=6,
)
WORLD = st.dictionaries(
    st.frozensets(st.sampled_from(KEYS), min_size=1), st.sampled_from(list(Outcome)), max_size=30
)
"""What a verification says of everything that is on the branch, by the cars in it; PASSED where unsaid."""
MOVES = st.lists(st.integers(0, 40), max_size=4)
"""Before which steps another pusher moves the branch, which makes every answer worthless."""


def drive(queue, world, slots, every_commit, moves=()):
    """Run a train to its end in a world: who landed, was evicted, was put off, and how much was asked."""
    queue, landed, evicted, put_off, asked = list(queue), [], [], [], 0
    answers: dict[tuple[str, ...], Answer] = {}
    for turn in range(500):
        if turn in moves:
            answers = {}
        step = next_step(queue, answers, slots=slots, every_commit=every_commit)
        match step:
            case Wait():
                assert not queue
                return landed, evicted, put_off, asked
            case Verify(combinations=wanted):
                assert 0 < len(wanted) <= slots or not every_commit
                assert len(set(wanted)) == len(wanted)
                for members in wanted:
                    assert members not in answers
                    outcome = world.get(frozenset(landed) | frozenset(members), Outcome.PASSED)
                    answers[members] = Answer(outcome=outcome, why=f"because {members}")
                    asked += 1
            case Publish(members=members):
                prefixes = [members[:n] for n in range(1, len(members) + 1)]
                for prefix in prefixes if every_commit else prefixes[-1:]:
                    assert answers[prefix].outcome is Outcome.PASSED
                landed += members
                queue = [car for car in queue if car.key not in members]
                # The same trees on the new tip: what was found of them holds.
                answers = {
                    found[len(members) :]: answer
                    for found, answer in answers.items()
                    if found[: len(members)] == members and len(found) > len(members)
                }
            case Evict(key=key, why=why):
                assert answers[key,].outcome is Outcome.FAILED
                assert why
                evicted.append(key)
                queue = [car for car in queue if car.key != key]
            case PutOff(key=key):
                assert answers[key,].outcome is Outcome.UNSURE
                put_off.append(key)
                queue = [car for car in queue if car.key != key]
    raise AssertionError("it does not end")


@given(CARS, WORLD, st.integers(1, 5), st.booleans(), MOVES)
def test_every_car_lands_once_or_is_refused_with_a_reason(queue, world, slots, every_commit, moves):
    landed, evicted, put_off, _ = drive(queue, world, slots, every_commit, moves)
    assert sorted([*landed, *evicted, *put_off]) == sorted(car.key for car in queue)
    assert [key for key in (car.key for car in queue) if key in landed] == landed


@given(CARS, WORLD, st.integers(1, 5), st.integers(1, 5))
def test_how_far_ahead_is_looked_decides_nothing(queue, world, one, other):
    assert drive(queue, world, one, True)[:3] == drive(queue, world, other, True)[:3]


@given(CARS, st.integers(1, 5))
def test_where_nobody_is_refused_nothing_is_verified_twice_nor_for_nothing(queue, slots):
    landed, *_, asked = drive(queue, {}, 1, True)
    assert len(landed) == asked == len(queue)
    assert drive(queue, {}, slots, False)[3] == min(1, len(queue))


@given(CARS, WORLD, st.integers(1, 8))
def test_combinations_come_in_the_order_of_their_chances(queue, world, slots):
    def chance(members):
        result, last = 1.0, members[-1]
        for car in queue:
            if car.key == last:
                return result
            result *= car.chance if car.key in members else 1 - car.chance
        raise AssertionError(members)

    found = [chance(members) for members in likeliest(queue, {}, slots)]
    assert all(a >= b - 1e-12 for a, b in pairwise(found))


def test_the_likeliest_path_is_verified_ahead():
    queue = [Car(key="a", chance=0.9), Car(key="b", chance=0.4), Car(key="c", chance=0.9)]
    assert likeliest(queue, {}, 4) == (("a",), ("a", "b"), ("a", "c"), ("a", "b", "c"))


def test_what_is_known_closes_the_paths_that_it_rules_out():
    queue = [Car(key="a"), Car(key="b"), Car(key="c")]
    failed = {("a",): Answer(outcome=Outcome.FAILED)}
    assert likeliest(queue, failed, 9) == (("b",), ("b", "c"), ("c",))


def test_nobody_is_evicted_for_one_who_has_not_landed():
    queue = [Car(key="a"), Car(key="b")]
    answers = {("a",): Answer(outcome=Outcome.PASSED), ("a", "b"): Answer(outcome=Outcome.FAILED)}
    assert next_step(queue, answers, slots=2, every_commit=True) == Publish(members=("a",))


def test_a_batch_of_sixteen_with_one_culprit_is_halved():
    queue = [Car(key=chr(ord("a") + n)) for n in range(16)]
    world = {frozenset(chr(ord("a") + n) for n in range(16) if n <= k): Outcome.FAILED for k in range(9, 16)}
    keys = tuple(car.key for car in queue)
    answers: dict[tuple[str, ...], Answer] = {}
    while isinstance(step := next_step(queue, answers, slots=2, every_commit=False), Verify):
        (members,) = step.combinations
        answers[members] = Answer(outcome=world.get(frozenset(members), Outcome.PASSED))
    assert step == Publish(members=keys[:9])
    assert len(answers) == 5
