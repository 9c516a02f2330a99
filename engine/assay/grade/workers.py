"""Warm workers, by name: started at their first use, again after they died, stopped with the run; and cold
ones, for runs in which nothing is warm.

Promises: one request at a time reaches a worker; each warm worker is entered and left in a task of its own,
so that a cancelled candidate cannot tear down what its siblings use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assay.gates.protocol import Sandbox, Worker
from assay.sandbox.spec import JailCommand
from assay.sandbox.worker import WorkerDied

Start = Callable[[], Awaitable[JailCommand]]


class _Held:
    """A running worker behind a lock; `dead` once it failed to answer."""

    def __init__(self, worker: Worker) -> None:
        self.dead = False
        self.stop = anyio.Event()
        self._worker = worker
        self._lock = anyio.Lock()

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """The worker's reply. Raises `WorkerDied`; after that, and after a cancelled request (whose reply
        would otherwise answer the next one), the worker is replaced."""
        async with self._lock:
            if self.dead:
                raise WorkerDied("the worker died while this request waited for it")
            try:
                return await self._worker.ask(request, seconds)
            except BaseException:
                self.dead = True
                self.stop.set()
                raise


class ColdWorker:
    """A worker that answers each request in a process which has answered none before, nor will again."""

    def __init__(self, sandbox: Sandbox, start: Start) -> None:
        self._sandbox = sandbox
        self._start = start

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """The reply to one request. Raises `WorkerDied`."""
        async with self._sandbox.serve(await self._start()) as worker:
            return await worker.ask(request, seconds)


class WorkerPool:
    """The warm workers of one run. `tasks` outlives every use of the pool."""

    def __init__(self, sandbox: Sandbox, tasks: TaskGroup) -> None:
        self._sandbox = sandbox
        self._tasks = tasks
        self._held: dict[str, _Held] = {}
        self._starting: dict[str, anyio.Lock] = {}

    async def get(self, name: str, start: Start) -> Worker:
        """The live worker of this name. Whatever `start` or the sandbox raises reaches the caller."""
        async with self._starting.setdefault(name, anyio.Lock()):
            held = self._held.get(name)
            if held is None or held.dead:
                command = await start()
                held = self._held[name] = await self._tasks.start(self._host, command)
            return held

    async def _host(self, command: JailCommand, *, task_status: TaskStatus[_Held]) -> None:
        async with self._sandbox.serve(command) as worker:
            held = _Held(worker)
            task_status.started(held)
            try:
                await held.stop.wait()
            finally:
                held.dead = True
