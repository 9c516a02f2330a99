"""The train's next step: properties over queues and worlds, and the order of speculation."""

from __future__ import annotations

from itertools import pairwise

import msgspec
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
    hopeful = [msgspec.structs.replace(car, chance=0.97) for car in queue]
    assert drive(hopeful, {}, slots, False)[3] == min(1, len(queue))
    assert drive(queue, {}, slots, False)[3] <= len(queue)


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


def letters(count, chance=0.9, **more):
    return [Car(key=chr(ord("a") + n), chance=chance, **more) for n in range(count)]


def settle(queue, bad, slots):
    """The first step that is no question, and how many runs it took, where whoever is in `bad` breaks all."""
    answers: dict[tuple[str, ...], Answer] = {}
    while isinstance(step := next_step(queue, answers, slots=slots, every_commit=False), Verify):
        for members in step.combinations:
            assert members not in answers
            outcome = Outcome.FAILED if bad & set(members) else Outcome.PASSED
            answers[members] = Answer(outcome=outcome)
    return step, len(answers)


def test_a_batch_of_sixteen_with_one_culprit_takes_six_runs_at_most():
    queue = letters(16, 0.95)
    step, asked = settle(queue, {"j"}, 1)
    assert step == Publish(members=tuple(car.key for car in queue[:9]))
    assert asked <= 6


def test_the_unlikely_one_is_suspected_first():
    queue = [Car(key="a", chance=0.97), Car(key="b", chance=0.97), Car(key="c", chance=0.97)]
    queue += [Car(key="d", chance=0.3), Car(key="e", chance=0.97), Car(key="f", chance=0.97)]
    answers = {tuple("abcdef"): Answer(outcome=Outcome.FAILED)}
    step = next_step(queue, answers, slots=1, every_commit=False)
    assert step in (Verify(combinations=(tuple("abc"),)), Verify(combinations=(tuple("abcd"),)))


def test_a_batch_that_hardly_passes_is_not_asked_for_whole():
    step = next_step(letters(8, 0.5), {}, slots=1, every_commit=False)
    assert step == Verify(combinations=(("a",),))


def test_from_four_suspects_on_it_goes_one_by_one_and_the_last_is_never_asked():
    queue = letters(4)
    step, asked = settle(queue, {"d"}, 1)
    assert (step, asked) == (Publish(members=("a", "b", "c")), 4)
    assert settle(queue, {"a"}, 1)[1] == 2


@given(CARS, st.integers(1, 5), st.booleans(), st.data())
def test_who_does_not_go_together_is_never_asked_about_together(queue, slots, every_commit, data):
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=6))
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    queue = [
        msgspec.structs.replace(
            car, apart=frozenset(other for pair in pairs if car.key in pair for other in pair) - {car.key}
        )
        for car in queue
    ]
    answers: dict[tuple[str, ...], Answer] = {}
    waiting, landed = list(queue), []
    for _ in range(200):
        match next_step(waiting, answers, slots=slots, every_commit=every_commit):
            case Verify(combinations=wanted):
                for members in wanted:
                    assert not any({*pair} <= {*members} for pair in pairs)
                    answers[members] = Answer(outcome=Outcome.PASSED)
            case Publish(members=members):
                landed += members
                waiting = [car for car in waiting if car.key not in members]
                answers = {}
            case Wait():
                break
    assert sorted(landed) == sorted(car.key for car in queue)
