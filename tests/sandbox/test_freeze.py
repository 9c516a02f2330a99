"""Jails that are held still: nothing runs, no clock goes on, ending them still works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
import msgspec
import pytest
from tests.sandbox.conftest import Runner
from tests.sandbox.test_jail import running
from tests.sandbox.test_scratch import eventually

from assay.model.tool import Ending
from assay.policy.schema import Limits
from assay.sandbox.cgroups import Hierarchies, find
from assay.sandbox.spec import JailCommand

pytestmark = pytest.mark.jail

ROOT = Path("/srv/project")
# Counts in a file-less way: what it has printed tells how far it came.
_COUNT = "i=0; while [ $i -lt {n} ]; do i=$((i+1)); echo $i; sleep 0.02; done"
_FAMILY = "(while :; do :; done) & (while :; do :; done) & wait"


def _version_1(hierarchies: Hierarchies) -> Hierarchies | None:
    """The same, with the freezer of version 1 where this host has one."""
    from assay.sandbox import cgroups

    for point, fstype, options in cgroups._mounts():
        if fstype == "cgroup" and "freezer" in options and cgroups._can_group(point):
            return msgspec.structs.replace(hierarchies, freezer=point)
    return None


@pytest.fixture(params=["group", pytest.param("version 1", marks=pytest.mark.slow), "signals"])
def runner(request, host):
    """A runner on each way to hold processes that there is here."""
    own = find()
    if request.param == "signals":
        return Runner(msgspec.structs.replace(host, hierarchies=Hierarchies(version=0)))
    if request.param == "version 1":
        own = _version_1(own)
    if own is None or own.freezer is None:
        pytest.skip("no such control group on this host")
    return Runner(msgspec.structs.replace(host, hierarchies=own))


def command(script: str, **limits: object) -> JailCommand:
    return JailCommand(label="test", argv=("/bin/sh", "-c", script), root=ROOT, limits=Limits(**limits))


async def _runs(sandbox) -> None:
    """Wait until a jail is there, and a little longer, so that its program has begun."""
    with anyio.fail_after(60):
        while not sandbox.freezer.busy:  # noqa: ASYNC110 -- what is waited for is a process
            await anyio.sleep(0.01)
    await anyio.sleep(0.3)


def held_for(runner: Runner, script: str, pause: float, **limits: object):
    """The call of a program that was held still for `pause` seconds soon after its start, and what its jail
    used of the processor in the meantime."""

    async def work(sandbox):
        async def hold():
            await _runs(sandbox)
            sandbox.freezer.freeze()
            await anyio.sleep(0.1)
            before = sandbox.freezer.cpu_seconds()
            await anyio.sleep(pause)
            used.append(sandbox.freezer.cpu_seconds() - before)
            assert not sandbox.freezer.busy
            sandbox.freezer.thaw()

        used: list[float] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold)
            call = await sandbox.run(command(script, **limits))
        return call, used[0]

    return runner.within(work)


def test_what_is_held_uses_no_processor_and_goes_on_afterwards(runner):
    call, used = held_for(runner, _COUNT.format(n=40), 0.3)
    assert call.ending is Ending.EXITED
    assert call.stdout.split()[-1] == b"40"
    assert used < 0.1


def test_children_are_held_too(runner):
    _, used = held_for(runner, f"timeout 1.0 /bin/sh -c '{_FAMILY}'; exit 0", 0.6)
    assert used < 0.1


def test_time_for_which_it_is_held_is_on_no_clock(runner):
    call, _ = held_for(runner, _COUNT.format(n=20), 1.6, seconds=1.5)
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0)


def test_invariant_6_what_does_not_end_well_after_it_was_held_runs_once_more_unheld(runner):
    # Fails exactly where a clock went on for longer than the program could see.
    script = "a=$(date +%s%N); sleep 0.6; b=$(date +%s%N); [ $((b - a)) -lt 1500000000 ]"
    call, _ = held_for(runner, script, 1.5)
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0)


def test_invariant_10_what_is_held_can_be_ended_at_any_instant(runner):
    async def work(sandbox):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.run, command(_FAMILY))
            await _runs(sandbox)
            sandbox.freezer.freeze()
            began = time.monotonic()
            tasks.cancel_scope.cancel()
        return time.monotonic() - began

    # Not for the time itself: a jail that cannot be ended before it is let go would never end here.
    assert runner.within(work) < 30


def test_nothing_starts_while_it_would_be_held_at_once(runner):
    async def work(sandbox):
        sandbox.freezer.freeze()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.run, command("exit 0"))
            await anyio.sleep(0.3)
            assert not sandbox.freezer.busy
            assert sandbox.freezer.cpu_seconds() == 0
            sandbox.freezer.thaw()

    runner.within(work)


def test_what_had_stopped_by_itself_is_not_let_go(runner):
    script = "sh -c 'kill -STOP $$; exit 7' & sleep 1.0; kill -KILL $!; wait $!; [ $? = 137 ]"
    call, _ = held_for(runner, script, 0.3)
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0)


ENGINE = """
import sys
from pathlib import Path
import anyio, msgspec
from assay.policy.schema import Limits
from assay.sandbox.cgroups import Hierarchies
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand

async def main():
    found = probe(environ={"ASSAY_CACHE_DIR": sys.argv[1]})
    groups = msgspec.structs.replace(found.hierarchies, freezer=Path(sys.argv[2]))
    groups = groups if sys.argv[2] else Hierarchies(version=0)
    found = msgspec.structs.replace(found, hierarchies=groups)
    script = f"sleep {sys.argv[3]} & sleep {sys.argv[3]}"
    async with open_sandbox(found, lambda call: None) as sandbox, anyio.create_task_group() as tasks:
        argv = ("/bin/sh", "-c", script)
        command = JailCommand(label="test", argv=argv, root=Path("/srv/project"), limits=Limits())
        tasks.start_soon(sandbox.run, command)
        while not sandbox.freezer.busy:
            await anyio.sleep(0.01)
        await anyio.sleep(0.5)
        sandbox.freezer.freeze()
        assert not sandbox.freezer.busy
        print("held", flush=True)
        await anyio.sleep(600)

anyio.run(main)
"""


def test_invariant_10_a_killed_engine_leaves_nothing_of_what_was_held(runner, tmp_path):
    # A number of seconds that nobody else on this machine sleeps for.
    nap = f"600.{os.getpid()}7"
    freezer = str(runner.host.hierarchies.freezer or "")
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(tmp_path), freezer, nap], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    try:
        assert engine.stdout.readline() == "held\n"
        assert running("sleep", nap)
        groups = [line for path in tmp_path.glob("run/*/groups") for line in path.read_text().splitlines()]
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()
    assert eventually(lambda: not running("sleep", nap))
    assert eventually(lambda: not any(Path(group).exists() for group in groups))
    assert eventually(lambda: not list((tmp_path / "run").iterdir()))
