"""Warm workers, and cold ones in runs that have nothing warm."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import pytest
from tests.grade.projects import Benches, Project

from assay.grade.workbench import Workbench
from assay.policy.pace import Pace
from assay.policy.schema import Policy
from assay.sandbox.worker import WorkerDied


class Serving:
    """A sandbox whose workers answer with their number; the one that is asked to die does."""

    def __init__(self) -> None:
        self.started = self.running = 0

    @asynccontextmanager
    async def serve(self, _command):
        self.started += 1
        self.running += 1
        try:
            yield Numbered(self.started)
        finally:
            self.running -= 1


class Numbered:
    def __init__(self, number: int) -> None:
        self.number = number

    async def ask(self, request: bytes, _seconds: float) -> bytes:
        if request == b"die":
            raise WorkerDied("as it was told")
        return b"%d" % self.number


async def _start():
    return None


def asked(tmp_path, pace: Pace, *requests: bytes) -> tuple[list[bytes], Serving]:
    """What workers of one name answer in a run of this pace, and the sandbox they ran in."""
    serving = Serving()
    project = Project(tmp_path / "project", {"a.py": b"a"})

    async def work(bench: Workbench) -> list[bytes]:
        bench._workers._sandbox = serving
        paced = bench.at(pace)
        paced.sandbox = serving
        answers = []
        for request in requests:
            worker = await paced.worker("w", _start)
            try:
                answers.append(await worker.ask(request, 1.0))
            except WorkerDied:
                answers.append(b"dead")
        if pace.thorough:
            assert not serving.running
        return answers

    found = Benches(tmp_path).pretend(project, Policy(name="p"), lambda *_: None, work)
    return found, serving


@pytest.mark.parametrize("pace", [Pace.TOGETHER, Pace.CHOSEN, Pace.ALONE])
def test_one_warm_worker_answers_everybody_until_it_dies(tmp_path, pace):
    answers, serving = asked(tmp_path, pace, b"a", b"b", b"die", b"c")
    assert answers == [b"1", b"1", b"dead", b"2"]
    assert not serving.running


@pytest.mark.parametrize("pace", [Pace.LANDING, Pace.FULL])
def test_in_a_thorough_run_no_worker_answers_twice(tmp_path, pace):
    answers, _ = asked(tmp_path, pace, b"a", b"b", b"die", b"c")
    assert answers == [b"1", b"2", b"dead", b"4"]


def test_a_cancelled_request_leaves_no_cold_worker(tmp_path):
    from assay.grade.workers import ColdWorker

    class Slow(Numbered):
        async def ask(self, _request: bytes, _seconds: float) -> bytes:
            await anyio.sleep_forever()
            raise AssertionError

    class Forever(Serving):
        @asynccontextmanager
        async def serve(self, _command):
            async with super().serve(_command):
                yield Slow(0)

    serving = Forever()

    async def main() -> None:
        with anyio.move_on_after(0.01):
            await ColdWorker(serving, _start).ask(b"a", 1.0)

    anyio.run(main)
    assert (serving.started, serving.running) == (1, 0)
