"""Warm workers: frames, deaths, time limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.tool import Ending
from assay.policy.schema import Limits
from assay.sandbox.jail import JailSandbox
from assay.sandbox.spec import JailCommand
from assay.sandbox.worker import JailWorker, WorkerDied, frame

from .conftest import Runner

ECHO = """
import os, struct, sys, time
out = int(os.environ["ASSAY_REPORT_FD"])
def exactly(size):
    data = b""
    while len(data) < size:
        chunk = os.read(0, size - len(data))
        if not chunk:
            sys.exit()
        data += chunk
    return data
while True:
    request = exactly(*struct.unpack(">I", exactly(4)))
    if request == b"hang":
        time.sleep(600)
    if request == b"die":
        os._exit(3)
    if request == b"huge":
        os.write(out, struct.pack(">I", 1 << 31))
        time.sleep(600)
    print("noise", flush=True)
    reply = struct.pack(">I", len(request)) + request[::-1]
    while reply:
        reply = reply[os.write(out, reply):]
"""


def serving(run: Runner, use: Callable[[JailWorker], Awaitable[None]], limits: Limits = Limits()) -> None:
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no /usr/bin/python3 on this host")
    command = JailCommand(
        label="worker", argv=("/usr/bin/python3", "-c", ECHO), root=Path("/srv/x"), limits=limits
    )

    async def work(sandbox: JailSandbox) -> None:
        async with sandbox.serve(command) as worker:
            await use(worker)

    run.within(work)


@pytest.mark.jail
def test_requests_are_answered_in_turn(run: Runner) -> None:
    async def use(worker: JailWorker) -> None:
        for request in (b"", b"abc", bytes(range(256)) * 4096):
            assert await worker.ask(request, 20) == request[::-1]

    serving(run, use)
    assert [call.label for call in run.calls] == ["worker"]
    assert run.calls[0].ending is Ending.CANCELLED


@pytest.mark.jail
def test_a_worker_outlives_the_time_limit_of_a_run(run: Runner) -> None:
    async def use(worker: JailWorker) -> None:
        await anyio.sleep(0.4)
        assert await worker.ask(b"ab", 20) == b"ba"

    serving(run, use, Limits(seconds=0.2))


@pytest.mark.jail
@pytest.mark.parametrize(
    ("request_", "seconds", "why"),
    [(b"hang", 0.3, "no answer within"), (b"die", 20, "without an answer"), (b"huge", 20, "longer than")],
)
def test_a_worker_without_an_answer_is_dead_for_good(
    run: Runner, request_: bytes, seconds: float, why: str
) -> None:
    async def use(worker: JailWorker) -> None:
        with pytest.raises(WorkerDied, match=why):
            await worker.ask(request_, seconds)
        with pytest.raises(WorkerDied):
            await worker.ask(b"x", 20)

    serving(run, use)


@pytest.mark.jail
def test_a_cancelled_request_leaves_no_stale_answer(run: Runner) -> None:
    async def use(worker: JailWorker) -> None:
        with anyio.move_on_after(0.2):
            await worker.ask(b"hang", 60)
        with pytest.raises(WorkerDied, match="middle of a request"):
            await worker.ask(b"x", 20)

    serving(run, use)


@pytest.mark.jail
def test_who_waits_for_a_stopped_worker_is_told(run: Runner) -> None:
    command = JailCommand(label="worker", argv=("sleep", "600"), root=Path("/srv/x"))

    async def work(sandbox: JailSandbox) -> None:
        async def ask(worker: JailWorker) -> None:
            with pytest.raises(WorkerDied):
                await worker.ask(b"x", 600)

        async with anyio.create_task_group() as tasks, sandbox.serve(command) as worker:
            tasks.start_soon(ask, worker)
            await anyio.sleep(0.2)
        with pytest.raises(WorkerDied, match="stopped"):
            await worker.ask(b"x", 1)

    run.within(work)


@pytest.mark.jail
def test_errors_of_the_user_of_a_worker_come_out_as_they_are(run: Runner) -> None:
    async def use(worker: JailWorker) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        serving(run, use)


@given(st.binary(max_size=1000))
def test_a_frame_is_its_length_and_its_payload(payload: bytes) -> None:
    assert int.from_bytes(frame(payload)[:4], "big") == len(payload)
    assert frame(payload)[4:] == payload
