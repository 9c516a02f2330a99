"""Hundreds of hostile programs through one sandbox: nothing of them is left, and the engine has not grown."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import anyio
import msgspec
import pytest

from assay.model.tool import Ending, ToolCall
from assay.policy.schema import MIB, Limits
from assay.sandbox.cgroups import Hierarchies, find
from assay.sandbox.jail import JailSandbox
from assay.sandbox.probe import Probe
from assay.sandbox.spec import JailCommand, Stack, Warmth

from .conftest import BECOME, PYTHON, Runner
from .test_jail import descriptors, running

pytestmark = [pytest.mark.jail, pytest.mark.slow]
ROUNDS = 20
AT_ONCE = 4
LIMITS = Limits(seconds=20, memory=128 * MIB, pids=64, disk=16 * MIB, files=5000, output=100_000)
NAP = f"600.{os.getpid()}4"

PROGRAMS = {
    "double fork": f"(setsid sleep {NAP} &) ; (setsid setsid sleep {NAP} &); exit 0",
    "deaf": f"trap '' TERM INT HUP QUIT; (trap '' TERM; sleep {NAP}) & exit 3",
    "many files open": 'i=9; while [ $i -lt 200 ]; do i=$((i+1)); touch f$i; eval "exec $i<f$i"; done; true',
    "fills the disk": "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero >f$i; done",
    "fills /tmp": "head -c 200000000 /dev/zero >/tmp/f; head -c 200000000 /dev/zero >/dev/shm/f",
    "many files": "mkdir d; cd d; seq 1 2000 | xargs touch",
    "mounts": "mkdir m; mount -t tmpfs x m; mount --bind / m; unshare -Urm mount -t tmpfs x m; true",
    "closed directories": "mkdir -p a/b/c; touch a/b/c/f; chmod 0 a/b/c a/b a; chmod 0 .; true",
    "odd files": "mkfifo p; ln -s /etc l; ln -s l l2; touch \"$(printf 'new\\nline')\" -- -rf '*'; "
    "n=$(head -c 255 /dev/zero | tr '\\0' x); touch $n; mkdir $n$n; true",
    "prints": "yes",
    "dies": "kill -SEGV $$",
    "stops": "kill -STOP $$",
}
PYTHON_PROGRAMS = {
    "forks": """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.001)
""",
    "takes memory": "kept = []\nwhile True: kept.append(bytearray(b'x' * (1 << 20)))",
    "deep": """
import os
for _ in range(150):
    os.mkdir("deep" * 20)
    os.chdir("deep" * 20)
""",
    "sockets": """
import os, socket
kept = [socket.socketpair() for _ in range(100)]
server = socket.socket(socket.AF_UNIX)
server.bind("socket")
os.mkfifo("fifo")
os.chmod(".", 0)
""",
}


def groups(host: Probe) -> list[Path]:
    """The control groups that sandboxes on this cache were given."""
    listed = [path.read_text().split() for path in host.cache.glob("run/*/groups")]
    return [Path(each) for some in listed for each in some]


def jails(tops: list[Path]) -> int:
    """How many groups there are below."""
    return sum(1 for top in tops for path in top.iterdir() if path.is_dir())


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children() -> set[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= set((task / "children").read_text().split())
    return found


def commands(stack: Stack, *, warm: bool) -> list[JailCommand]:
    programs = [(name, ("/bin/sh", "-c", script)) for name, script in PROGRAMS.items()]
    if Path(PYTHON).exists():
        programs += [(name, (PYTHON, "-c", script)) for name, script in PYTHON_PROGRAMS.items()]
    if warm:
        programs = [
            (name, (PYTHON, "-c", BECOME, *(argv[1:] if argv[0] == PYTHON else argv)))
            for name, argv in programs
        ]
    # Stopped for good: only the limit on time helps.
    short = msgspec.structs.replace(LIMITS, seconds=0.5)
    return [
        JailCommand(
            label=name,
            argv=argv,
            root=Path("/srv/project"),
            stack=stack,
            limits=short if name == "stops" else LIMITS,
            warm=Warmth() if warm else None,
        )
        for name, argv in programs
    ]


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("with_groups", [True, False])
def test_invariant_10_hundreds_of_hostile_programs_leave_nothing(
    host: Probe, stack: Stack, with_groups: bool, warm: bool
) -> None:
    if warm and not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")
    if not with_groups:
        host = msgspec.structs.replace(host, hierarchies=Hierarchies(version=0))
    run = Runner(host)
    wanted = commands(stack, warm=warm)

    async def storm(sandbox: JailSandbox) -> tuple[list[ToolCall], list[tuple[int, ...]]]:
        calls: list[ToolCall] = []
        limiter = anyio.CapacityLimiter(AT_ONCE)

        async def one(command: JailCommand) -> None:
            async with limiter:
                calls.append(msgspec.structs.replace(await sandbox.run(command), stdout=b"", stderr=b""))

        figures = []
        own = groups(host)
        assert bool(own) == bool(with_groups and find().parents)
        for _ in range(ROUNDS if with_groups else ROUNDS // 4):
            async with anyio.create_task_group() as tasks:
                for command in wanted:
                    tasks.start_soon(one, command)
            run.calls.clear()  # what was recorded is not the sandbox's
            left = len(list(host.cache.glob("run/*/*/u")))
            figures.append((resident(), descriptors(), len(children()), jails(own), left))
        return calls, figures

    mounts = Path("/proc/self/mounts").read_text().count(str(host.cache))
    calls, figures = run.within(storm)
    # The engine's threads and their stacks come with the first rounds.
    early, late = figures[len(figures) // 3], figures[-1]
    assert late[0] - early[0] < 8 * MIB, figures
    assert late[1:] == early[1:], figures
    assert late[3:] == (0, 0)
    assert not any(group.exists() for group in groups(host))
    assert not running("sleep", NAP)
    assert Path("/proc/self/mounts").read_text().count(str(host.cache)) == mounts
    assert not any((host.cache / "run").glob("*/*/u"))
    assert {call.warm for call in calls} == {warm}
    troubled = {call.label: call.reason for call in calls if call.ending is Ending.INFRA}
    assert not troubled, troubled
