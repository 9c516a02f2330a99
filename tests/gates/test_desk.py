"""Questions that go together: who waits, who does not, and what a lost asker takes along."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from assay.gates.desk import MOST, Desk


class Counter:
    """Answers each number with its double, once it is let; notes the waves."""

    def __init__(self) -> None:
        self.waves: list[list[int]] = []
        self.go = anyio.Event()

    async def exchange(self, questions: Sequence[int]) -> list[int]:
        self.waves.append(list(questions))
        await self.go.wait()
        return [2 * question for question in questions]


def test_the_first_goes_alone_and_those_who_came_meanwhile_together() -> None:
    answers: dict[int, int] = {}

    async def main() -> list[list[int]]:
        counter = Counter()
        desk = Desk(counter.exchange)

        async def ask(number: int) -> None:
            answers[number] = await desk.ask(number)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, 0)
            await anyio.wait_all_tasks_blocked()
            for number in range(1, 5):
                group.start_soon(ask, number)
            await anyio.wait_all_tasks_blocked()
            counter.go.set()
        return counter.waves

    first, second = anyio.run(main)
    assert first == [0]
    assert sorted(second) == [1, 2, 3, 4]
    assert answers == {number: 2 * number for number in range(5)}


def test_a_wave_is_bounded() -> None:
    async def main() -> list[list[int]]:
        counter = Counter()
        desk = Desk(counter.exchange)
        async with anyio.create_task_group() as group:
            for number in range(2 * MOST):
                group.start_soon(desk.ask, number)
            await anyio.wait_all_tasks_blocked()
            counter.go.set()
        return counter.waves

    waves = anyio.run(main)
    assert max(map(len, waves)) <= MOST
    assert sorted(number for wave in waves for number in wave) == list(range(2 * MOST))


def test_a_cancelled_asker_takes_no_other_with_it() -> None:
    answers: list[int] = []

    async def main() -> list[list[int]]:
        counter = Counter()
        desk = Desk(counter.exchange)
        lost = anyio.CancelScope()

        async def lose() -> None:
            with lost:
                await desk.ask(1)

        async def ask() -> None:
            answers.append(await desk.ask(2))

        async with anyio.create_task_group() as group:
            group.start_soon(lose)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            lost.cancel()
            counter.go.set()
        return counter.waves

    assert anyio.run(main) == [[1], [2]]
    assert answers == [4]


def test_what_an_exchange_raises_reaches_the_one_who_led_it() -> None:
    async def main() -> None:
        async def exchange(questions: Sequence[int]) -> list[int]:
            raise ValueError(questions)

        with pytest.raises(ValueError, match="7"):
            await Desk(exchange).ask(7)

    anyio.run(main)
