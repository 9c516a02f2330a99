"""Lanes: who waits is seen across processes, goes with the process, and bulk keeps its share."""

import os
import signal
import subprocess
import sys

import anyio
from hypothesis import given
from hypothesis import strategies as st

from assay.grade.lane import interactive
from assay.grade.lanes import Floor, give_way
from assay.sandbox.freeze import Freezer

WAITS = """
import sys, time
from pathlib import Path
from assay.grade.lane import interactive
with interactive(Path(sys.argv[1])):
    print("there", flush=True)
    time.sleep(60)
"""


def follow(directory, scenario):
    """Run `scenario(freezer)` beside a bulk run that gives way."""

    async def work():
        freezer = Freezer()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_way, directory, freezer)
            with anyio.fail_after(20):
                await scenario(freezer)
            tasks.cancel_scope.cancel()
        assert not freezer.frozen

    anyio.run(work)


async def until(condition):
    while not condition():  # noqa: ASYNC110 -- what is waited for is another process
        await anyio.sleep(0.01)


def test_bulk_gives_way_while_somebody_waits(tmp_path):
    async def scenario(freezer):
        await anyio.sleep(0.1)
        assert not freezer.frozen
        with interactive(tmp_path), interactive(tmp_path):
            await until(lambda: freezer.frozen)
        await until(lambda: not freezer.frozen)

    follow(tmp_path, scenario)


def test_a_process_that_is_killed_waits_no_longer(tmp_path):
    argv = [sys.executable, "-c", WAITS, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    async def scenario(freezer):
        with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environ) as other:  # noqa: ASYNC220
            assert other.stdout is not None
            await anyio.to_thread.run_sync(other.stdout.readline)
            await until(lambda: freezer.frozen)
            other.send_signal(signal.SIGKILL)
        await until(lambda: not freezer.frozen)

    follow(tmp_path, scenario)


def test_bulk_runs_do_not_take_each_other_for_somebody_who_waits(tmp_path):
    async def scenario(freezer):
        other = Freezer()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_way, tmp_path, other)
            await anyio.sleep(0.3)
            assert not freezer.frozen
            assert not other.frozen
            tasks.cancel_scope.cancel()

    follow(tmp_path, scenario)


def test_a_directory_that_takes_no_lock_keeps_nobody_from_running(tmp_path):
    ran = False
    with interactive(tmp_path / "not-there"):
        ran = True
    assert ran
    anyio.run(give_way, tmp_path / "not-there", Freezer())


def share_of(floor, wanted, steps, step=0.04):
    """The share of steps in which bulk ran."""
    ran, held = 0, False
    for _ in range(steps):
        held = floor.holds(wanted, step, running=not held)
        ran += not held
    return ran / steps


def test_bulk_gets_a_tenth_however_long_somebody_waits():
    assert 0.08 < share_of(Floor(), True, 10_000) < 0.12


def test_bulk_runs_freely_while_nobody_waits():
    assert share_of(Floor(), False, 1000) == 1


def test_what_ran_while_nobody_waited_is_not_held_against_bulk():
    floor = Floor()
    share_of(floor, False, 100_000)
    assert share_of(floor, True, 1000) > 0.05


def test_what_may_not_be_held_is_paid_for():
    floor = Floor()
    for _ in range(500):  # 20 s of something that is exempt
        assert floor.holds(True, 0.04, running=True)
    assert share_of(floor, True, 2000) < 0.03


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5), st.booleans()), max_size=200))
def test_nobody_waiting_means_that_bulk_runs(looks):
    floor = Floor()
    for wanted, passed, running in looks:
        held = floor.holds(wanted, passed, running=running)
        assert wanted or not held
