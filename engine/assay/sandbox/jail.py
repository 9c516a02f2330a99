"""The sandbox of one transaction: runs programs and warm workers in jails, and records every call.

Promises: `run` never raises for what a program does; a cancelled run leaves nothing behind; each finished
call reaches the record before its result reaches the caller (invariant 9); nothing of a candidate runs
anywhere else (invariant 4).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread
from msgspec.structs import replace

from assay.model.candidate import Record as Frozen
from assay.model.errors import Unsound
from assay.model.outcome import ResourceUse
from assay.model.tool import Ending, Isolation, Tier, ToolCall
from assay.sandbox.backend import Backend, Cold, Pipes, Prepared, Standing, digest, environment, open_pipes
from assay.sandbox.ending import Conclusion, Stop, conclude
from assay.sandbox.freeze import Freezer
from assay.sandbox.hunger import Hunger
from assay.sandbox.probe import Probe
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import Started, Supervisor
from assay.sandbox.view import home_for
from assay.sandbox.watch import Neighbours
from assay.sandbox.worker import JailWorker, WorkerDied
from assay.sandbox.workspace import Obstructed

T = TypeVar("T")
Record = Callable[[ToolCall], None]
_DRAIN_SECONDS = 2.0
_NO_ROOM = "the disk of the cache is full; free some space, or set ASSAY_CACHE_DIR to another place"
_THREADS = 64
_REASONS, _OTHERS = 20, "other reasons"
"""So many reasons for cold starts are told apart."""


class Warming(Frozen, frozen=True, kw_only=True):
    """What came of starting programs warm: the interpreters for it, how many programs were started cold all
    the same, by why, and which modules are not imported ahead of time, with why."""

    standing: Standing = Standing()
    cold: tuple[tuple[str, int], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


class JailSandbox:
    """Runs programs in jails of one isolation tier, any number at a time."""

    def __init__(self, backend: Backend, record: Record) -> None:
        self._backend = backend
        self._record = record
        self._neighbours = Neighbours()
        self.freezer = Freezer()
        self._alone = anyio.Lock()
        self.cold_because = ""
        self._cold: Counter[str] = Counter()
        self._left_out: dict[str, str] = {}
        # Of its own: jails must not wait for whatever else the engine does in threads.
        self._threads = anyio.CapacityLimiter(_THREADS)

    @property
    def isolation(self) -> Isolation:
        """The backend and tier of every jail started here."""
        return self._backend.isolation

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """Modules that programs asked to find imported and that cannot be, and what they do when they are."""
        return tuple(self._left_out.items())

    def warming(self) -> Warming:
        """What came of starting programs warm so far."""
        return Warming(
            standing=self._backend.standing(), cold=tuple(self._cold.items()), left_out=self.left_out
        )

    def cpu_seconds(self) -> float:
        """Processor time of all jails so far, running ones included, and of warm interpreters."""
        return self.freezer.cpu_seconds() + self._backend.standing().cpu_seconds

    async def run(self, command: JailCommand) -> ToolCall:
        """Run to the end, or to a limit. A jail that did not start is tried once more; so is a program that
        was held still and did not end well, since clocks went on for it (invariant 6). What asked to be run
        warm and was not is run cold, and `cold_because` says why."""
        call, started, held = await self._attempt(command)
        if call.ending is Ending.INFRA and not started:
            call, _, held = await self._attempt(command)
        if held and (call.ending is not Ending.EXITED or call.exit_code != 0):
            async with self._alone:
                call, _, _ = await self._attempt(command, exempt=True)
        self._record(call)
        return call

    def serve(self, command: JailCommand) -> AbstractAsyncContextManager[JailWorker]:
        """Start a warm worker; it ends with the context. `limits.seconds` does not apply, each request has
        its own. Raises Unsound if the jail does not start, WorkerDied if the tree obstructs it."""
        limits = replace(command.limits, seconds=0.0)
        return self._serve(replace(command, report=True, limits=limits, warm=None))

    async def _attempt(self, command: JailCommand, *, exempt: bool = False) -> tuple[ToolCall, bool, float]:
        """As `_run_once`, and cold where it cannot be warm or a warm start was spoilt."""
        if command.warm is not None:
            if self.isolation.tier in (Tier.HARDENED, Tier.NAMESPACED):
                tried = await self._run_once(command, exempt=exempt)
                if tried[0].warm or tried[0].ending is Ending.REFUSED:
                    return tried
                self.cold_because = tried[0].reason
            else:
                self.cold_because = f"nothing starts warm in the tier {self.isolation.tier}"
            known = self.cold_because in self._cold or len(self._cold) < _REASONS
            self._cold[self.cold_because if known else _OTHERS] += 1
        return await self._run_once(replace(command, warm=None), exempt=exempt)

    async def _run_once(self, command: JailCommand, *, exempt: bool = False) -> tuple[ToolCall, bool, float]:
        """The call, whether the program was started at all, and for how long it was held still in between;
        `exempt`: it never is."""
        await self.freezer.going()
        blank = _blank(command)
        try:
            prepared = await self._in_thread(lambda: self._backend.prepare(command))
        except Obstructed as error:
            return replace(blank, ending=Ending.REFUSED, reason=str(error)), False, 0.0
        except OSError as error:
            return replace(blank, reason=f"no place for the jail ({error})"), False, 0.0
        supervisor: Supervisor | None = None
        try:
            supervisor = await self._start(prepared, command, keep_stdin=False)
            with self.freezer.enrolled(supervisor, exempt=exempt) as member:
                async with _watched(supervisor, report=command.report):
                    if await supervisor.begin():
                        await supervisor.wait(command.limits.seconds)
            call = await self._finish(blank, supervisor, prepared, command)
        except Cold as error:
            return replace(blank, reason=str(error)), False, 0.0
        except OSError as error:
            return replace(blank, reason=f"the jail could not be started ({error})"), False, 0.0
        except BaseException:
            if supervisor is not None:
                self._record(_tell(blank, supervisor, conclude(supervisor.observed(), command.limits)))
            raise
        else:
            return call, supervisor.observed().started, member.held
        finally:
            with anyio.CancelScope(shield=True):
                if supervisor is not None:
                    supervisor.close()
                await self._in_thread(prepared.remove)

    @asynccontextmanager
    async def _serve(self, command: JailCommand) -> AsyncIterator[JailWorker]:
        await self.freezer.going()
        blank = _blank(command)
        try:
            prepared = await self._in_thread(lambda: self._backend.prepare(command))
        except Obstructed as error:
            raise WorkerDied(str(error)) from error
        except OSError as error:
            raise _no_start(command, str(error)) from error
        supervisor: Supervisor | None = None
        try:
            try:
                supervisor = await self._start(prepared, command, keep_stdin=True)
            except OSError as error:
                raise _no_start(command, str(error)) from error
            with self.freezer.enrolled(supervisor):
                async with _watched(supervisor, report=False):
                    if not await supervisor.begin():
                        raise _no_start(command, conclude(supervisor.observed(), command.limits).reason)
                    worker = JailWorker(supervisor)
                    try:
                        yield worker
                    finally:
                        await worker.retire()
        finally:
            with anyio.CancelScope(shield=True):
                if supervisor is not None:
                    self._record(_tell(blank, supervisor, conclude(supervisor.observed(), command.limits)))
                    supervisor.close()
                await self._in_thread(prepared.remove)

    async def _start(self, prepared: Prepared, command: JailCommand, *, keep_stdin: bool) -> Supervisor:
        pipes = open_pipes(command, keep_stdin=keep_stdin)
        # Not to be interrupted between the start of the process and our knowing of it.
        with anyio.CancelScope(shield=True):
            started = await self._in_thread(lambda: _start(prepared, pipes))
        self._left_out.update(started.left_out)
        supervisor = Supervisor(started, command.limits, self._neighbours, report_bytes=command.report_bytes)
        supervisor.patience.starved = Hunger(started).starved
        return supervisor

    async def _finish(
        self, blank: ToolCall, supervisor: Supervisor, prepared: Prepared, command: JailCommand
    ) -> ToolCall:
        """The call, with what the program left in its tree."""
        conclusion = conclude(supervisor.observed(), command.limits)

        def collect() -> dict[str, bytes]:
            found = prepared.outputs(command.outputs, command.limits.output)
            if command.writes is not None and conclusion.ending is Ending.EXITED:
                prepared.keep(command.writes)
            return found

        outputs = {}
        if command.outputs or command.writes is not None:
            with anyio.CancelScope(shield=True):
                outputs = await self._in_thread(collect)
        call = replace(_tell(blank, supervisor, conclusion), outputs=outputs)
        return _with_room(call, supervisor.was_crowded or prepared.crowded())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


@asynccontextmanager
async def open_sandbox(probe: Probe, record: Record) -> AsyncIterator[JailSandbox]:
    """The sandbox of one transaction on what `probe` found. `record` is handed every finished call. Raises
    Unsound where candidates cannot be isolated. When the context ends, so do all jails."""
    backend = await anyio.to_thread.run_sync(probe.open_backend)
    try:
        yield JailSandbox(backend, record)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(backend.close)


@asynccontextmanager
async def _watched(supervisor: Supervisor, *, report: bool) -> AsyncIterator[None]:
    """Read all that the program says while the body runs. It is over afterwards, whatever happens."""
    raised: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            await supervisor.watch(tasks, report=report)
            yield
        except Exception as error:
            raised = error  # outside of the group, which would wrap it
        finally:
            await _wind_up(supervisor)
            tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


async def _wind_up(supervisor: Supervisor) -> None:
    """Make sure that the program is over and all it said has been read."""
    with anyio.CancelScope(shield=True):
        if not supervisor.over:
            supervisor.stop(Stop.CANCELLED)
        await supervisor.reap()
        await supervisor.drain(_DRAIN_SECONDS)


def _start(prepared: Prepared, pipes: Pipes) -> Started:
    try:
        return prepared.start(pipes)
    except BaseException:
        pipes.close()
        raise


def _blank(command: JailCommand) -> ToolCall:
    return ToolCall(
        label=command.label,
        argv=command.argv,
        environment_digest=digest(command, environment(command, home_for(str(command.root)))),
        ending=Ending.INFRA,
        exit_code=None,
        started_at=time.time(),
    )


def _with_room(call: ToolCall, crowded: bool) -> ToolCall:
    """Invariant 6: what fails while there is no room to write may have failed for that alone."""
    ended = call.ending in (Ending.EXITED, Ending.SIGNALLED)
    if ended and call.exit_code != 0 and crowded:
        return replace(call, ending=Ending.INFRA, exit_code=None, signal=None, reason=_NO_ROOM)
    return call


def _tell(blank: ToolCall, supervisor: Supervisor, conclusion: Conclusion) -> ToolCall:
    spoilt = conclusion.ending is Ending.INFRA and (supervisor.lost or not supervisor.observed().started)
    return replace(
        blank,
        warm=supervisor.started.warm and not spoilt,
        ending=conclusion.ending,
        exit_code=conclusion.exit_code,
        signal=conclusion.signal,
        resource=conclusion.resource,
        reason=conclusion.reason,
        stdout=bytes(supervisor.stdout.data),
        stderr=bytes(supervisor.stderr.data),
        report=bytes(supervisor.report.data),
        truncated=supervisor.stdout.cut or supervisor.stderr.cut or supervisor.report.cut,
        use=ResourceUse(
            seconds=supervisor.seconds,
            cpu_seconds=supervisor.cpu_seconds,
            peak_memory=supervisor.peak_memory,
        ),
    )


def _no_start(command: JailCommand, why: str) -> Unsound:
    return Unsound(why or "the jail did not start", where=command.label, fix="see `assay doctor`")
