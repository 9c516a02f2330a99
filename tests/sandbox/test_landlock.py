"""Landlock applied from inside: what it takes away, what it leaves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from assay.model.tool import Ending, ToolCall
from assay.sandbox import landlock
from assay.sandbox.spec import Bind, Stack

from .conftest import Runner

pytestmark = pytest.mark.jail
PYTHON = "/usr/bin/python3"
ROOT = Path("/srv/project")

_CONFINE = f"""
names = {{"__name__": "landlock"}}
exec({landlock.source()!r}, names)
abi = names["confine"](WRITABLE)
if not abi:
    print("no landlock")
    raise SystemExit(0)
"""


def confined(run: Runner, script: str, writable: tuple[str, ...], **rest: object) -> ToolCall:
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")
    call = run(PYTHON, "-c", _CONFINE.replace("WRITABLE", repr(list(writable))) + script, **rest)
    if call.stdout == b"no landlock\n":
        pytest.skip("the kernel has no Landlock, or not enough of it")
    return call


def test_the_injected_text_is_for_old_interpreters_too() -> None:
    ast.parse(landlock.source(), feature_version=(3, 8))


def test_the_writable_places_are_the_jails_own() -> None:
    binds = (Bind(source=Path("/a"), writable=True), Bind(source=Path("/b")))
    assert landlock.writable(ROOT, binds) == (
        "/srv/project",
        "/tmp",
        "/dev",
        "/proc",
        "/home/assay",
        "/a",
    )


def test_what_tests_do_goes_on_working(run: Runner, stack: Stack) -> None:
    script = """
import multiprocessing, os, signal, socket, subprocess, tempfile, threading
for directory in (".", "/tmp", "/dev/shm", os.environ["HOME"]):
    with open(directory + "/f", "w") as f:
        f.write("x")
    os.truncate(directory + "/f", 0)
    os.mkdir(directory + "/d")
    os.rename(directory + "/f", directory + "/d/f")
    os.symlink("d", directory + "/l")
    os.link(directory + "/d/f", directory + "/g")
    os.mkfifo(directory + "/p")
    socket.socket(socket.AF_UNIX).bind(directory + "/s")
open("/dev/null", "w").write("x")
os.openpty()
subprocess.run("echo >/dev/stdout; kill -9 $$", shell=True)
process = multiprocessing.get_context("fork").Process(target=signal.pause)
process.start()
process.terminate()
process.join()
assert process.exitcode == -15
with tempfile.TemporaryFile() as f:
    f.write(b"x")
threading.Thread(target=print).start()
socket.create_server(("127.0.0.1", 0))
os.killpg(0, signal.SIGWINCH)
print("done")
"""
    call = confined(run, script, landlock.writable(ROOT), stack=stack)
    assert call.stdout.split()[-1:] == [b"done"], call.stderr.decode()


def test_nothing_else_can_be_written_or_reached(run: Runner, stack: Stack, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir(mode=0o777)
    given.chmod(0o777)
    script = """
import os, signal
for attempt in (
    lambda: open("/opt/given/f", "w"),
    lambda: os.mkdir("/opt/given/d"),
    lambda: os.kill(1, signal.SIGCONT) if abi >= 6 else os.mkdir("/opt/given/d"),
    lambda: os.listdir("/proc/1/fd"),
    lambda: os.rename("kept", "/opt/given/kept"),
):
    try:
        attempt()
        print("got through")
    except OSError as error:
        print(error.strerror)
"""
    binds = (Bind(source=given, target=Path("/opt/given"), writable=True),)
    call = confined(run, script, landlock.writable(ROOT), stack=stack, binds=binds)
    assert call.ending is Ending.EXITED
    told = call.stdout.decode().splitlines()
    assert len(told) == 5, call
    assert set(told) <= {"Permission denied", "Operation not permitted", "Invalid cross-device link"}


def test_without_ctypes_nothing_is_done(run: Runner) -> None:
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")
    call = run(
        PYTHON, "-c", "import sys; sys.modules['ctypes'] = None\n" + _CONFINE.replace("WRITABLE", "[]")
    )
    assert call.stdout == b"no landlock\n"
