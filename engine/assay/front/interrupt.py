"""Running one flow to its end, or to the user's wish to stop it.

Promises: SIGINT, SIGTERM and SIGHUP cancel the flow, which rolls itself back, and then raise
KeyboardInterrupt; a flow that had finished by then keeps its result, since its effects stand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio.abc import TaskStatus

from assay.front import streams
from assay.front.signals import handlers_kept, heeded

T = TypeVar("T")


def run_to_end(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` on an event loop of its own; its result, or KeyboardInterrupt if it was stopped."""
    # The event loop leaves the system's defaults behind, not the handlers that it found.
    with handlers_kept() as restore:
        results = anyio.run(_watched, work, restore)
    if not results:
        raise KeyboardInterrupt
    return results[0]


async def _watched(work: Callable[[], Awaitable[T]], restore: Callable[[], None]) -> list[T]:
    """The one result, or nothing if a signal came first."""
    results: list[T] = []
    async with anyio.create_task_group() as group:
        await group.start(_stop_on_signal, group.cancel_scope)
        results.append(await work())
        group.cancel_scope.cancel()
    # The receiver leaves the system's defaults behind; what is to be told yet must not die of them.
    restore()
    return results


async def _stop_on_signal(scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(*heeded()) as signals:
        task_status.started()
        async for _ in signals:
            break
    # The system's own handlers are back: a second signal ends the process at once, and what it leaves is
    # undone by the reaper and by the next run's recovery.
    streams.say("stopping; rolling everything back (once more to stop at once)")
    scope.cancel()
