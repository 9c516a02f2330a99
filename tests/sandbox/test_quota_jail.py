"""Programs that take what they can get: each ends for that, and the host never notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import pytest

from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import MIB, Limits
from assay.sandbox import quota, watch
from assay.sandbox.cgroups import Hierarchies, find
from assay.sandbox.jail import JailSandbox
from assay.sandbox.probe import Probe
from assay.sandbox.quota import Room
from assay.sandbox.spec import JailCommand, Stack

from .conftest import Runner
from .test_scratch import eventually

pytestmark = pytest.mark.jail


@pytest.fixture
def run(either: Runner) -> Runner:
    """All of this holds for cold jails and for warm ones."""
    return either


PYTHON = "/usr/bin/python3"
PATIENT = 60.0
"""A limit of time that none of these should need."""


@pytest.fixture(params=["groups", "no groups", "warm, groups", "warm, no groups"])
def anywhere(request: pytest.FixtureRequest, host: Probe, warm: Callable[[Probe], Runner]) -> Runner:
    """A host with control groups, if this is one, and a host without."""
    if "no groups" in request.param:
        host = msgspec.structs.replace(host, hierarchies=Hierarchies(version=0))
    elif find().memory is None or find().pids is None:
        pytest.skip("no control groups on this host")
    return warm(host) if "warm" in request.param else Runner(host)


def python(run: Runner, script: str, **rest: object):
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")
    return run(PYTHON, "-c", script, **rest)


HOG = """
import time
kept = []
while True:
    kept.append(bytearray(b"x" * (1 << 20)))
    time.sleep(0.001)
"""


def test_a_memory_hog_ends_for_that(anywhere: Runner) -> None:
    call = python(anywhere, HOG, limits=Limits(memory=64 * MIB, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.MEMORY), call


def test_address_space_is_not_memory(anywhere: Runner) -> None:
    script = """
import mmap, threading
nothing, private_anonymous_unreserved = 0, 0x4022
for _ in range(4):
    mmap.mmap(-1, 10 << 30, flags=private_anonymous_unreserved, prot=nothing)
mmap.mmap(-1, 1 << 40, flags=private_anonymous_unreserved)
threading.stack_size(256 << 20)
thread = threading.Thread(target=print)
thread.start()
thread.join()
"""
    call = python(anywhere, script, limits=Limits(memory=64 * MIB, seconds=PATIENT))
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0), call


def test_memory_is_that_of_all_processes_together(anywhere: Runner) -> None:
    script = """
import os, sys, time
for _ in range(4):
    if not os.fork():
        kept = b"x" * (40 << 20)
        time.sleep(600)
os.wait()
sys.exit(1)
"""
    call = python(anywhere, script, limits=Limits(memory=96 * MIB, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.MEMORY), call


def test_what_processes_share_is_counted_once(anywhere: Runner) -> None:
    script = """
import os, time
kept = b"x" * (40 << 20)
for _ in range(6):
    if not os.fork():
        time.sleep(1)
        os._exit(0)
time.sleep(1)
"""
    call = python(anywhere, script, limits=Limits(memory=160 * MIB, seconds=PATIENT))
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0), call


@pytest.mark.parametrize("where", ["memfd", "unlinked"])
def test_memory_in_files_without_a_name_is_counted(anywhere: Runner, where: str) -> None:
    script = f"""
import os, time
if {where == "memfd"}:
    fd = os.memfd_create("x")
else:
    fd = os.open("/dev/shm/x", os.O_RDWR | os.O_CREAT)
    os.unlink("/dev/shm/x")
while True:
    os.write(fd, b"x" * (1 << 20))
    time.sleep(0.005)
"""
    call = python(anywhere, script, limits=Limits(memory=64 * MIB, seconds=PATIENT))
    if where == "unlinked":
        assert (call.ending, call.exit_code) == (Ending.EXITED, 1)
        assert b"No space left" in call.stderr
    else:
        assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.MEMORY), call


def test_full_private_file_systems_are_full_and_kill_nobody(anywhere: Runner) -> None:
    script = """
    for place in /tmp /dev/shm "$HOME"; do
        head -c 400000000 /dev/zero >$place/big 2>/dev/null; echo $?
    done
    """
    call = anywhere.sh(script, limits=Limits(memory=128 * MIB, seconds=PATIENT))
    assert (call.ending, call.stdout) == (Ending.EXITED, b"1\n1\n1\n"), call


def test_private_file_systems_hold_so_many_files(run: Runner) -> None:
    call = run.sh("seq 1 300 | (cd /tmp && xargs touch); ls /tmp | wc -l", limits=Limits(files=100))
    assert 0 < int(call.stdout) < 100


@pytest.mark.parametrize("detached", [False, True])
def test_a_fork_bomb_ends_for_that(anywhere: Runner, detached: bool) -> None:
    script = f"""
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0 and {detached}:
            os.setsid()
    except OSError:
        time.sleep(0.001)
"""
    call = python(anywhere, script, limits=Limits(pids=40, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.PIDS), call


def test_threads_count_like_processes(anywhere: Runner) -> None:
    script = """
import threading, time
while True:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.0005)
"""
    call = python(anywhere, script, limits=Limits(pids=30, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.PIDS), call


def test_processor_time_is_limited_over_all_processes(anywhere: Runner) -> None:
    script = """
import os
for _ in range(3):
    os.fork()
while True:
    pass
"""
    call = python(anywhere, script, limits=Limits(cpu_seconds=0.7, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.CPU), call


WRITERS = {
    "one file after another": "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero >f$i; done",
    "below a closed directory": """
    mkdir d; i=0
    while :; do i=$((i+1)); chmod 700 d; head -c 4000000 /dev/zero >d/f$i; chmod 0 d; done
    """,
    "files without a name": """
    while :; do head -c 4000000 /dev/zero >f; exec 9<f; rm f; tail -f /dev/null <&9 & done
    """,
    "deep down": """
    i=0; while [ $i -lt 300 ]; do i=$((i+1)); mkdir deep-deep-deep; cd -P deep-deep-deep; done
    i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero >f$i; done
    """,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_disk_is_limited(run: Runner, stack: Stack, host: Probe, writer: str) -> None:
    call = run.sh(WRITERS[writer], stack=stack, limits=Limits(disk=32 * MIB, seconds=PATIENT, pids=4000))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.DISK), call
    assert not any(host.cache.glob("run/*/*/u"))


def test_the_number_of_files_is_limited(run: Runner, stack: Stack) -> None:
    script = """
import itertools
for number in itertools.count():
    open(f"file{number}", "w").close()
"""
    call = python(run, script, stack=stack, limits=Limits(files=3000, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.DISK), call
    assert "files" in call.reason


def test_what_was_there_before_is_not_charged(run: Runner, trees, store) -> None:
    tree = trees.tree({f"d{number}/f": b"x" * 5000 for number in range(300)})
    call = run.sh(
        "sleep 2.5; cat d*/f | wc -c",
        stack=store.base(tree),
        limits=Limits(disk=MIB, files=100, seconds=PATIENT),
    )
    assert (call.ending, call.stdout.strip()) == (Ending.EXITED, b"1500000"), call


def test_invariant_6_a_disk_that_others_fill_is_the_machines_trouble(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_room", lambda tree: Room(total=100 * MIB, free=0))
    call = run.sh("sleep 0.5; exit 1", stack=stack, limits=Limits(seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.INFRA, None)
    assert "full" in call.reason


def test_invariant_6_who_writes_much_but_may_is_not_blamed_for_a_small_disk(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_room", lambda tree: Room(total=100 * MIB, free=MIB))
    monkeypatch.setattr(quota, "_WORTH", MIB)
    call = run.sh("head -c 3000000 /dev/zero >f; sleep 600", stack=stack, limits=Limits(seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.INFRA, None)
    assert "running out of space" in call.reason


def test_invariant_6_a_first_process_killed_from_outside_is_the_machines_trouble(
    run: Runner, stack: Stack
) -> None:
    async def killed(sandbox: JailSandbox) -> None:
        async with anyio.create_task_group() as tasks:
            nap = f"600.{os.getpid()}7"
            command = JailCommand(label="x", argv=("sleep", nap), root=Path("/srv/project"), stack=stack)
            tasks.start_soon(sandbox.run, command)
            assert await anyio.to_thread.run_sync(lambda: eventually(lambda: first_process_of(nap) > 0))
            os.kill(first_process_of(nap), signal.SIGKILL)

    run.within(killed)
    assert [call.ending for call in run.calls] == [Ending.INFRA]
    assert "from outside" in run.calls[0].reason


def first_process_of(nap: str) -> int:
    """The first process of the jail in which `sleep nap` runs: its parent."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cmdline").read_bytes() == f"sleep\0{nap}\0".encode():
                return int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return 0


ENGINE = """
import sys, anyio
from pathlib import Path
from assay.policy.schema import Limits
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand
async def main():
    found = probe(environ={"ASSAY_CACHE_DIR": sys.argv[1]})
    async with open_sandbox(found, lambda call: None) as sandbox:
        command = JailCommand(
            label="x",
            argv=("/bin/sh", "-c", "sleep 2.5; exit 7"),
            root=Path("/srv/p"),
            limits=Limits(seconds=4.0),
        )
        print("ready", flush=True)
        call = await sandbox.run(command)
        print(call.ending, call.exit_code, call.use.seconds < 4.0, flush=True)
anyio.run(main)
"""


def test_invariant_6_no_time_runs_out_while_the_engine_stands_still(tmp_path: Path) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    try:
        assert engine.stdout.readline() == "ready\n"
        time.sleep(1.0)
        engine.send_signal(signal.SIGSTOP)
        time.sleep(5.0)
        engine.send_signal(signal.SIGCONT)
        assert engine.stdout.readline().split() == ["exited", "7", "True"]
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()
