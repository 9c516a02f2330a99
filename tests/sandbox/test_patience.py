"""Waiting counts only time that was really given."""

from __future__ import annotations

from collections.abc import Awaitable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.sandbox.patience import Patience


class Clock:
    """Jumps by what is given, one after the other, at each second look."""

    def __init__(self, *jumps: float) -> None:
        self.now = 0.0
        self._jumps = list(jumps)
        self._looks = 0

    def __call__(self) -> float:
        self._looks += 1
        if self._looks % 2 == 0:
            self.now += self._jumps.pop(0) if self._jumps else 0.001
        return self.now


def test_what_comes_in_time_is_waited_for() -> None:
    async def work() -> tuple[bool, bool]:
        event = anyio.Event()
        patience = Patience()
        late = await patience.within(0.05, event.wait)
        event.set()
        return late, await patience.within(0.05, event.wait)

    assert anyio.run(work) == (False, True)


def test_no_limit_is_no_limit() -> None:
    async def work() -> bool:
        return await Patience().within(0, lambda: anyio.sleep(0.02))

    assert anyio.run(work)


@pytest.mark.parametrize("jump", [5.0, 86400.0])
def test_a_standstill_is_not_charged(jump: float) -> None:
    tries = 0

    async def work() -> bool:
        async def wait() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                await anyio.sleep_forever()

        patience = Patience(Clock(jump, 0.5))
        came = await patience.within(2.0, wait)
        assert patience.lost == pytest.approx(jump - 1.0)
        return came

    assert anyio.run(work)


@given(st.floats(0.01, 0.5), st.lists(st.floats(0, 1e6), max_size=50))
def test_what_is_charged_and_what_is_lost_is_all_there_was(step: float, times: list[float]) -> None:
    patience = Patience()
    for took in times:
        charged = patience.charge(step, took)
        assert step <= charged <= step + 0.5
    assert patience.lost <= sum(times)


def never() -> Awaitable[None]:
    return anyio.sleep_forever()


def test_time_for_which_the_program_is_held_is_lost_and_not_counted() -> None:
    patience = Patience()
    assert patience.charge(0.5, 0.5, held=0.4) == pytest.approx(0.1)
    assert patience.charge(0.5, 0.5, held=0.5) == 0
    patience.held = lambda: 7.0
    assert patience.lost == 7.0


def test_time_that_others_had_counts_up_to_a_bound() -> None:
    clock = Clock(*[0.01] * 1000)
    patience = Patience(clock)
    patience.starved = lambda took: took

    async def work() -> bool:
        return await patience.within(0.01, never)

    assert anyio.run(work) is False
    assert clock.now == pytest.approx(0.1, rel=0.2)
