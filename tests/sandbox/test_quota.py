"""When a program has to go for what it uses, and whose fault it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.policy.schema import MIB, Limits
from assay.sandbox.ending import Stop
from assay.sandbox.quota import (
    Room,
    may_be_over,
    over_disk,
    over_memory,
    over_tasks,
    private_sizes,
    reserve,
    too_many_refused,
)
from assay.sandbox.tree import Size

GIB = 1024 * MIB
sizes = st.integers(0, 1 << 50)
rooms = st.builds(Room, total=sizes, free=sizes, files=st.none() | st.integers(0, 1 << 30))
used = st.builds(Size, bytes=sizes, files=st.integers(0, 1 << 20))


@given(sizes, sizes)
def test_private_file_systems_leave_memory_for_the_program(scratch: int, memory: int) -> None:
    found = private_sizes(scratch, memory)
    if memory >= 8:  # below that, each has its one byte
        assert sum(found) <= memory * 3 // 4
    if scratch:
        assert max(found) <= scratch
    if memory >= 8 or scratch:
        assert min(found) > 0 or memory


@given(used, rooms, rooms, st.booleans())
def test_invariant_6_who_keeps_to_the_limits_is_blamed_only_for_filling_the_disk_alone(
    size: Size, began: Room, now: Room, largest: bool
) -> None:
    limits = Limits()
    stop = over_disk(limits, size, began=began, now=now, largest=largest)
    if size.bytes > limits.disk:
        assert stop is Stop.DISK
    elif size.files > limits.files:
        assert stop is Stop.FILES
    elif stop is Stop.DISK:
        assert now.low
        assert largest
        assert size.bytes >= limits.disk // 4
        assert 2 * size.bytes >= began.free - reserve(began.total)


@pytest.mark.parametrize(
    ("size", "began", "free", "largest", "stop"),
    [
        (Size(bytes=10 * GIB), 500 * GIB, 400 * GIB, True, Stop.DISK),
        (Size(bytes=GIB), 500 * GIB, 400 * GIB, True, None),
        (Size(files=10**6), 500 * GIB, 400 * GIB, True, Stop.FILES),
        (Size(bytes=2 * GIB), 3 * GIB, 100 * MIB, True, Stop.DISK),
        (Size(bytes=2 * GIB), 30 * GIB, 100 * MIB, True, Stop.NO_DISK),
        (Size(bytes=2 * GIB), 3 * GIB, 100 * MIB, False, None),
        (Size(bytes=100 * MIB), 200 * MIB, 100 * MIB, True, Stop.NO_DISK),
        (Size(bytes=MIB), 200 * MIB, 100 * MIB, True, None),
    ],
)
def test_who_goes_when_the_disk_runs_full(
    size: Size, began: int, free: int, largest: bool, stop: Stop | None
) -> None:
    rooms = [Room(total=1000 * GIB, free=each) for each in (began, free)]
    assert over_disk(Limits(), size, began=rooms[0], now=rooms[1], largest=largest) is stop


@given(used, rooms, rooms)
def test_without_limits_and_with_room_nobody_goes(size: Size, began: Room, now: Room) -> None:
    limits = Limits(disk=0, files=0, memory=0)
    stop = over_disk(limits, size, began=began, now=now, largest=True)
    assert stop is None or (stop is Stop.NO_DISK and now.low)
    assert not may_be_over(limits, size, then=began, now=now)


def test_measuring_is_due_when_what_the_disk_lost_may_matter() -> None:
    limits = Limits(disk=100 * MIB, files=1000)
    then = Room(total=10 * GIB, free=5 * GIB, files=100_000, total_files=200_000)
    now = Room(total=10 * GIB, free=5 * GIB - 30 * MIB, files=100_000, total_files=200_000)
    few = Room(total=10 * GIB, free=5 * GIB, files=99_700, total_files=200_000)
    assert not may_be_over(limits, Size(), then=then, now=then)
    assert may_be_over(limits, Size(), then=then, now=now)
    assert may_be_over(limits, Size(), then=then, now=few)
    assert may_be_over(limits, Size(bytes=100 * MIB), then=then, now=now)


@pytest.mark.parametrize(
    ("taken", "available", "largest", "stop"),
    [
        (3 * GIB, 10 * GIB, False, Stop.MEMORY),
        (GIB, 10 * GIB, True, None),
        (GIB, 10 * MIB, True, Stop.NO_MEMORY),
        (GIB, 10 * MIB, False, None),
        (MIB, 10 * MIB, True, None),
    ],
)
def test_who_goes_when_memory_runs_out(taken: int, available: int, largest: bool, stop: Stop | None) -> None:
    found = over_memory(Limits(), taken, total=16 * GIB, available=available, largest=largest)
    assert found is stop


def test_tasks_beyond_the_limit_or_long_at_it_are_too_many() -> None:
    limits = Limits(pids=10)
    assert not over_tasks(limits, 1, 11)
    assert over_tasks(limits, 1, 12)
    assert over_tasks(limits, 100, 10)
    assert not over_tasks(Limits(pids=0), 100, 10_000)
    assert too_many_refused(limits, 5000)
    assert not too_many_refused(limits, 5)
    assert not too_many_refused(Limits(pids=0), 5000)


@given(sizes)
def test_the_reserve_is_a_small_part(total: int) -> None:
    assert 0 <= reserve(total) <= max(total // 50, 0)
    assert reserve(total) <= 256 * MIB
