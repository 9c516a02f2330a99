"""The tier `hardened`: what it denies, what goes on working under it, and what it keeps apart."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from assay.model.tool import Ending, Tier, ToolCall
from assay.policy.schema import Limits
from assay.sandbox.identity import host_identity
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import Stack
from bench import hostile_calls

from .conftest import Runner

pytestmark = pytest.mark.jail


@pytest.fixture
def run(either: Runner) -> Runner:
    """All of this holds for cold jails and for warm ones."""
    return either


PYTHON = "/usr/bin/python3"


@pytest.fixture(autouse=True)
def _needs_hardened(host: Probe) -> None:
    if host.tier is not Tier.HARDENED:
        pytest.skip("this host does not reach the tier hardened")
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")


def python(run: Runner, script: str, **rest: object) -> ToolCall:
    return run(PYTHON, "-c", script, **rest)


def attempt(run: Runner) -> dict[str, str]:
    asked = hostile_calls.calls()
    call = run(PYTHON, "-I", "-c", hostile_calls.program(), stdin=hostile_calls.request(asked))
    assert call.exit_code == 0, call
    return json.loads(call.stdout)


def test_every_hostile_call_is_denied(run: Runner) -> None:
    outcomes = attempt(run)
    through = {
        each.name: outcomes[each.name]
        for each in hostile_calls.calls()
        if not each.denied(outcomes[each.name])
    }
    assert through == {}


def test_the_first_process_cannot_be_given_limits(run: Runner) -> None:
    """Killed at one, it would look as if the machine had done it."""
    script = """
import resource, subprocess
for kind in (resource.RLIMIT_CPU, resource.RLIMIT_STACK, resource.RLIMIT_NOFILE):
    try:
        resource.prlimit(1, kind, (1, 1))
    except PermissionError:
        continue
    raise SystemExit("through")
assert resource.prlimit(1, resource.RLIMIT_CPU)
child = subprocess.Popen(["sleep", "60"])
resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (32, 32))
child.kill()
"""
    assert python(run, script).exit_code == 0


def test_the_filter_denies_what_namespaces_alone_do_not(host: Probe) -> None:
    weaker = Runner(probe("namespaced", environ={"ASSAY_CACHE_DIR": str(host.cache)}))
    outcomes = attempt(weaker)
    let_through = [each.name for each in hostile_calls.calls() if not each.denied(outcomes[each.name])]
    assert {"ptrace", "unshare NEWUSER", "clone above 32 bits", "keyctl"} <= set(let_through)


BENIGN = {
    "threads": """
import concurrent.futures as f
with f.ThreadPoolExecutor(4) as pool:
    assert sum(pool.map(int, "1234")) == 10
""",
    "multiprocessing": """
import multiprocessing as m
from multiprocessing import shared_memory
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = m.get_context(method)
        with context.Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
        queue = context.Queue()
        process = context.Process(target=queue.put, args=(7,))
        process.start()
        assert queue.get(timeout=20) == 7
        process.join()
    block = shared_memory.SharedMemory(create=True, size=64)
    block.buf[0] = 1
    block.close()
    block.unlink()
    with m.Semaphore(1), m.Lock():
        pass
""",
    "pty": """
import os, pty
pid, terminal = pty.fork()
if not pid:
    os.execvp("sh", ["sh", "-c", "tty; stty size; echo done"])
said = b""
while True:
    try:
        chunk = os.read(terminal, 1024)
    except OSError:
        break
    if not chunk:
        break
    said += chunk
os.waitpid(pid, 0)
assert said.startswith(b"/dev/pts/") and b"done" in said, said
""",
    "sockets": """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
six = socket.create_server(("::1", 0), family=socket.AF_INET6)
threading.Thread(target=lambda: server.accept()[0].sendall(b"x")).start()
assert socket.create_connection(server.getsockname()).recv(1) == b"x"
socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
left, right = socket.socketpair()
socket.send_fds(left, [b"x"], [0])
assert len(socket.recv_fds(right, 1, 1)[1]) == 1
abstract = socket.socket(socket.AF_UNIX)
abstract.bind("\\0mine")
""",
    "names": """
import socket
assert socket.getaddrinfo("localhost", 80)
assert [name for _, name in socket.if_nameindex()] == ["lo"]
socket.gethostname()
""",
    "asyncio": """
import asyncio, sys
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)", stdout=-1)
    assert (await process.communicate())[0] == b"1\\n"
asyncio.run(main())
""",
    "subprocesses": """
import os, signal, subprocess
assert subprocess.run(["sh", "-c", "kill -9 $$"]).returncode == -9
process = subprocess.Popen(["sleep", "60"], start_new_session=True)
os.killpg(process.pid, signal.SIGTERM)
assert process.wait() == -15
assert subprocess.run("echo a | cat", shell=True, capture_output=True).stdout == b"a\\n"
""",
    "sqlite": """
import sqlite3
with sqlite3.connect("/tmp/db") as base:
    base.execute("pragma journal_mode=wal")
    base.execute("create table t(x)")
    base.execute("insert into t values (1)")
""",
    "files": """
import ctypes, fcntl, mmap, os, select, stat, tempfile
os.mkfifo("/tmp/fifo")
with tempfile.TemporaryFile() as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    fcntl.lockf(f, fcntl.LOCK_EX)
memory = os.memfd_create("m")
os.write(memory, b"x")
assert select.epoll().poll(0) == []
libc = ctypes.CDLL(None, use_errno=True)
assert libc.inotify_add_watch(libc.inotify_init(), b"/tmp", 0x100) >= 0
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 5)
assert callback() == 5
os.chmod("/tmp/fifo", stat.S_ISVTX | 0o700)
os.link("/tmp/fifo", "/tmp/other")
os.rename("/tmp/other", "/dev/shm/../../tmp/third")
""",
    "signals and limits": """
import os, resource, signal, time
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
os.nice(1)
os.sched_setaffinity(0, os.sched_getaffinity(0))
time.clock_gettime(time.CLOCK_BOOTTIME)
""",
    "filters and privileges of its own": """
import ctypes
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
class Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)
    ]
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]
steps = (Step * 1)(Step(6, 0, 0, 0x7FFF0000))
assert libc.prctl(22, 2, ctypes.byref(Program(1, steps)), 0, 0) == 0
assert libc.personality(0xFFFFFFFF) == 0
""",
    "tracing": """
import sys, threading
lines = []
def trace(frame, event, argument):
    lines.append(event)
    return trace
sys.settrace(trace)
(lambda: 1)()
sys.settrace(None)
assert "line" in lines
""",
}


@pytest.mark.parametrize("name", BENIGN)
def test_what_tests_do_goes_on_working(run: Runner, name: str) -> None:
    # In a file of its own, from which new interpreters can start.
    call = run.sh(f"cat >/tmp/script.py; exec {PYTHON} /tmp/script.py", stdin=BENIGN[name].encode())
    assert call.exit_code == 0, call.stderr.decode()


TOOLS = {
    "gcc": "printf '#include <stdio.h>\\nint main(){puts(\"hi\");}' >a.c && gcc -pthread a.c && ./a.out",
    "git": "git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm x && git log -1",
    "make": "printf 'all:\\n\\techo made\\n' >Makefile && make -j2",
    "tar": "touch a && mkdir d && chmod g+s d && tar cf x.tar a d && mkdir o && tar xpf x.tar -C o; ls o",
    "node": "node -e \"const http = require('http'), os = require('os'), cp = require('child_process');"
    "os.networkInterfaces(); os.cpus(); cp.execSync('true');"
    "const s = http.createServer((q, r) => r.end('x')).listen(0, '127.0.0.1', () =>"
    'http.get({port: s.address().port}, r => { console.log(r.statusCode); s.close(); }))"',
    "python3": "python3 -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix)'",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_go_on_working(run: Runner, stack: Stack, tool: str) -> None:
    if shutil.which(tool, path="/usr/bin:/bin") is None:
        pytest.skip(f"no {tool} on this host")
    call = run.sh(TOOLS[tool], stack=stack, limits=Limits(seconds=60))
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0), call.stderr.decode()
    assert call.stdout, call


def test_branch_coverage_goes_on_working(run: Runner) -> None:
    coverage = pytest.importorskip("coverage")
    from assay.sandbox.spec import Bind

    site = Path(coverage.__file__).parents[1]
    script = "import sys, json; print(len(sys.argv) > 1 and 'many' or 'one')"
    call = run.sh(
        f'echo "{script}" >/tmp/s.py; {PYTHON} -m coverage run --branch --data-file=/tmp/c /tmp/s.py',
        binds=(Bind(source=site),),
        variables={"PYTHONPATH": str(site)},
    )
    assert call.exit_code == 0, call.stderr


FORGE = """
import os, sys
for number in (4, 0, 1, 2, 7):
    try:
        forged = os.open(f"/proc/1/fd/{number}", os.O_WRONLY)
        os.write(forged, b"X0\\n")
        print("opened", number)
    except OSError:
        pass
try:
    open("/proc/1/mem", "r+b")
    print("memory")
except OSError:
    pass
sys.exit(3)
"""


def test_a_program_cannot_reach_the_process_that_says_how_it_ended(run: Runner) -> None:
    call = python(run, FORGE)
    assert (call.ending, call.exit_code, call.stdout) == (Ending.EXITED, 3, b"")


def test_a_status_forged_inside_never_makes_a_success(monkeypatch: pytest.MonkeyPatch, host: Probe) -> None:
    # As if the first process could be opened: a shell that hands its own descriptor on. Warm ones have none.
    run = Runner(host)
    from assay.sandbox import supervise

    closing = '( exec "$@" 2>&7 7>&- 4>&- )'
    assert closing in supervise._KEEP
    monkeypatch.setattr(supervise, "_KEEP", supervise._KEEP.replace(closing, '( exec "$@" )'))
    honest = run.sh("printf '' >&4")
    assert (honest.ending, honest.exit_code) == (Ending.EXITED, 0)
    call = run.sh("printf 'X0\\n' >&4; exit 3")
    assert (call.ending, call.exit_code) != (Ending.EXITED, 0)
    detached = run.sh("(trap '' TERM; while :; do printf 'X0\\n' >&4; done) & exit 3")
    assert (detached.ending, detached.exit_code) != (Ending.EXITED, 0)


def test_descriptors_of_the_engine_are_closed_to_the_last(run: Runner) -> None:
    call = python(run, "import os; print(sorted(os.listdir('/proc/self/fd')))", report=True)
    assert call.stdout == b"['0', '1', '2', '3', '4']\n"  # the last is that of the listing itself


def test_abstract_sockets_of_the_host_are_unreachable(run: Runner) -> None:
    name = f"\0assay-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        call = python(run, f"import socket; print(socket.socket(socket.AF_UNIX).connect_ex({name!r}))")
    assert call.stdout == b"111\n"


def test_proc_tells_little_of_the_host_and_takes_nothing(run: Runner) -> None:
    script = """
for name in cmdline keys key-users locks kallsyms interrupts modules; do
    [ -e /proc/$name ] && wc -c </proc/$name
done
ls /proc/fs /proc/acpi 2>/dev/null | grep -v -e : -e '^$'
echo x 2>/dev/null >/proc/self/comm && echo written
cat /proc/1/environ 2>/dev/null && echo read
"""
    call = run.sh(script)
    assert set(call.stdout.split()) <= {b"0"}, call


def test_nothing_maps_to_the_hosts_root(run: Runner) -> None:
    if os.geteuid() != 0 or host_identity().is_self:
        pytest.skip("not root of this host")
    call = run.sh("cat /proc/self/uid_map /proc/self/gid_map")
    fields = [int(field) for field in call.stdout.split()]
    assert 0 not in (fields[1], fields[4])
    assert (fields[0], fields[2], fields[5]) == (1000, 1, 1)
