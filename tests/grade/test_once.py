"""Things made once: shared values, shared errors, cancelled makers."""

import anyio
import pytest

from assay.grade.once import OnceMap


def run(function):
    return anyio.run(function)


def test_many_askers_one_making():
    async def scenario():
        once, made, seen = OnceMap(), [], []

        async def make():
            made.append(1)
            await anyio.sleep(0.01)
            return "value"

        async def ask():
            seen.append(await once.get("k", make))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
        assert made == [1]
        assert seen == ["value"] * 10

    run(scenario)


def test_an_error_reaches_every_asker_and_stays():
    async def scenario():
        once = OnceMap()

        async def make():
            raise LookupError("no")

        for _ in range(2):
            with pytest.raises(LookupError):
                await once.get("k", make)

    run(scenario)


def test_none_is_a_value():
    async def scenario():
        once, made = OnceMap(), []

        async def make():
            made.append(1)

        assert await once.get("k", make) is None
        assert await once.get("k", make) is None
        assert made == [1]

    run(scenario)


def test_when_the_maker_is_cancelled_a_waiter_starts_over():
    async def scenario():
        once, started, results = OnceMap(), anyio.Event(), []

        async def hang():
            started.set()
            await anyio.sleep_forever()

        async def quick():
            return "second"

        async def wait():
            await started.wait()
            results.append(await once.get("k", quick))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            with anyio.move_on_after(0.02):
                await once.get("k", hang)
        assert results == ["second"]

    run(scenario)


def test_forgetting_makes_anew():
    async def scenario():
        once, made = OnceMap(), []

        async def make():
            made.append(1)
            return len(made)

        assert await once.get("k", make) == 1
        once.forget("k")
        assert await once.get("k", make) == 2
        once.forget("never made")

    run(scenario)
