"""Programs without a jail: the limits hold, and what detaches itself ends with them all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import MIB, Limits
from assay.sandbox import custodian
from assay.sandbox.cgroups import Hierarchies
from assay.sandbox.probe import probe

from .conftest import Runner
from .test_jail import running
from .test_scratch import eventually

DETACHED = """
import os, signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["sleep", sys.argv[1]], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execlp("sleep", "sleep", sys.argv[1])
    os._exit(0)
os.wait()
{end}
"""
PATIENT = 60.0


@pytest.fixture
def plain(tmp_path: Path) -> Runner:
    """No jail, and no control groups either."""
    found = probe("none", environ={"ASSAY_CACHE_DIR": str(tmp_path / "cache")})
    return Runner(msgspec.structs.replace(found, hierarchies=Hierarchies(version=0)))


def nap(number: int) -> str:
    """A number of seconds that nobody else on this machine sleeps for."""
    return f"600.{os.getpid()}{number}"


def python(run: Runner, script: str, *args: str, **rest: object):
    return run(sys.executable, "-c", script, *args, **rest)


@pytest.mark.parametrize(
    ("end", "ending", "code"), [("sys.exit(0)", Ending.EXITED, 0), ("sys.exit(5)", Ending.EXITED, 5)]
)
def test_detached_processes_end_with_the_program(plain: Runner, end: str, ending: Ending, code: int) -> None:
    call = python(plain, DETACHED.format(end=end), nap(1), limits=Limits(seconds=PATIENT))
    assert (call.ending, call.exit_code) == (ending, code), call
    assert not running("sleep", nap(1))


def test_detached_processes_end_with_the_time(plain: Runner) -> None:
    call = python(plain, DETACHED.format(end="time.sleep(600)"), nap(2), limits=Limits(seconds=1.5))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.TIME)
    assert not running("sleep", nap(2))


def test_signals_are_told_as_in_a_jail(plain: Runner) -> None:
    call = plain.sh("kill -SEGV $$")
    assert (call.ending, call.signal) == (Ending.SIGNALLED, 11), call


def test_memory_is_limited_by_looking(plain: Runner) -> None:
    script = "import time\nkept = []\nwhile True: kept.append(b'x' * (1 << 20)); time.sleep(0.001)"
    call = python(plain, script, limits=Limits(memory=64 * MIB, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.MEMORY), call


def test_processes_are_limited_by_looking(plain: Runner) -> None:
    script = "import subprocess, time\nwhile True: subprocess.Popen(['sleep', '600']); time.sleep(0.02)"
    call = python(plain, script, limits=Limits(pids=20, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.PIDS), call


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("while :; do head -c 4000000 /dev/zero >f$((i=i+1)); done", Limits(disk=32 * MIB)),
        ("exec head -c 9000000 /dev/zero >f", Limits(file_size=MIB)),
        ("while :; do head -c 4000000 /dev/zero >$TMPDIR/f$((i=i+1)); done", Limits(disk=32 * MIB)),
    ],
)
def test_the_disk_is_limited(plain: Runner, script: str, limits: Limits) -> None:
    call = plain.sh(script, limits=msgspec.structs.replace(limits, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.DISK), call


def test_output_is_limited(plain: Runner) -> None:
    call = plain.sh("yes", limits=Limits(output=10_000, seconds=PATIENT))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.OUTPUT)


def test_a_custodian_whose_parent_dies_ends_everything() -> None:
    argv = custodian.keep((sys.executable, "-c", DETACHED.format(end="time.sleep(600)"), nap(3)), Limits())
    # Dies as soon as there is something to end.
    parent = f"""
import subprocess, sys
subprocess.Popen(("setpriv", "--pdeathsig", "TERM", "--", *{argv!r}))
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE)
    try:
        assert eventually(lambda: running("sleep", nap(3)))
    finally:
        process.kill()
        process.communicate()
    assert eventually(lambda: not running("sleep", nap(3)))
    assert eventually(lambda: not running(DETACHED.format(end="time.sleep(600)")))
