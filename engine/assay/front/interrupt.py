"""Running one flow to its end, or to the user's wish to stop it.

Promises: SIGINT, SIGTERM and SIGHUP cancel the flow, which rolls itself back, and then raise
KeyboardInterrupt; a flow that had finished by then keeps its result, since its effects stand.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio.abc import TaskStatus

from assay.front import streams

T = TypeVar("T")
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_to_end(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` on an event loop of its own; its result, or KeyboardInterrupt if it was stopped."""
    results = anyio.run(_watched, work)
    if not results:
        raise KeyboardInterrupt
    return results[0]


async def _watched(work: Callable[[], Awaitable[T]]) -> list[T]:
    """The one result, or nothing if a signal came first."""
    results: list[T] = []
    async with anyio.create_task_group() as group:
        await group.start(_stop_on_signal, group.cancel_scope)
        results.append(await work())
        group.cancel_scope.cancel()
    return results


async def _stop_on_signal(scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    # Signals that our parent made us ignore (nohup, background jobs) stay ignored.
    wanted = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*wanted) as signals:
        task_status.started()
        async for _ in signals:
            break
    # The default handlers are back: a second signal ends the process at once, and what it leaves is
    # undone by the reaper and by the next run's recovery.
    streams.say("stopping; rolling everything back (once more to stop at once)")
    scope.cancel()
