"""The parent of a program that no namespace holds together: it ends whatever the program started.

Promises: processes that leave their session or lose their parent come back to it (it is a subreaper), and
are gone when it ends: when the program does, when it is told to (SIGTERM), and when the engine dies. It ends
with the program's status. It cannot hold a program that kills it, which any program of the same user can.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from assay.policy.schema import Limits

# Arguments: limits as name=number, separated by commas, then the program. It keeps none of the descriptors,
# so that their ends are the program's ends.
_PROGRAM = """
import ctypes, os, resource, signal, sys, time

SUBREAPER = 36

class Told(Exception):
    pass

def told(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Told

def start(limits, argv):
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    for word in limits.split(","):
        name, _, value = word.partition("=")
        which = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(which)[1]
        bound = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(which, (bound, bound))
    os.execve(argv[0], argv, os.environ)

def descendants():
    below = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            below.setdefault(int(fields[1]), []).append((int(name), fields[0]))
    found, pending = [], [os.getpid()]
    while pending:
        for pid, state in below.get(pending.pop(), ()):
            pending.append(pid)
            if state not in b"ZX":
                found.append(pid)
    return found

def clear():
    # All are stopped before any is killed, since one that runs can start others meanwhile.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in descendants():
            try:
                os.kill(pid, number)
            except OSError:
                pass

def reap():
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return True
        except ChildProcessError:
            return False

ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
signal.signal(signal.SIGTERM, told)
status = signal.SIGTERM
try:
    child = os.fork()
    if not child:
        start(sys.argv[1], sys.argv[2:])
    os.closerange(3, 1 << 16)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    while True:
        pid, status = os.wait()
        if pid == child:
            break
except Told:
    pass
signal.signal(signal.SIGTERM, signal.SIG_IGN)
clear()
while reap():
    time.sleep(0.002)
    clear()
os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
"""
KILL = signal.SIGTERM
"""What tells it to end the program."""


def keep(argv: Iterable[str], limits: Limits) -> tuple[str, ...]:
    """`argv`, under a custodian and the limits that hold for each process alone."""
    bounds = {
        "CORE": 0,
        "FSIZE": limits.file_size or None,
        "NOFILE": limits.open_files or None,
        "CPU": int(limits.cpu_seconds) + 1 if limits.cpu_seconds else None,
    }
    words = ",".join(f"{name}={value}" for name, value in bounds.items() if value is not None)
    return (sys.executable, "-I", "-S", "-c", _PROGRAM, words, *argv)


def descendants(top: int) -> list[str]:
    """The processes below `top`, as their names in /proc."""
    below: dict[str, list[str]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            below.setdefault(fields[1].decode(), []).append(path.name)
    found: list[str] = []
    pending = [str(top)]
    while pending:
        children = below.get(pending.pop(), [])
        found += children
        pending += children
    return found
