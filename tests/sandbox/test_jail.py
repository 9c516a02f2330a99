"""Real jails: what they show, what they allow, how they end, what they leave."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import MIB, Limits
from assay.sandbox import scratch
from assay.sandbox.cgroups import find
from assay.sandbox.jail import JailSandbox
from assay.sandbox.probe import Probe
from assay.sandbox.spec import Bind, JailCommand, Stack

from .conftest import Runner

pytestmark = pytest.mark.jail


@pytest.fixture
def run(either: Runner) -> Runner:
    """All of this holds for cold jails and for warm ones."""
    return either


PYTHON = "/usr/bin/python3"


def needs_python() -> None:
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")


def test_the_candidates_tree_is_what_a_program_sees(run: Runner, stack: Stack) -> None:
    call = run.sh("pwd; find . -type f | sort; cat changed", stack=stack)
    assert call.ending is Ending.EXITED
    assert call.stdout.decode().split() == ["/srv/project", "./changed", "./kept", "./made/c", "new"]


@pytest.mark.parametrize(
    "root", ["/tmp/x/repo", "/home/u/x", "/home/assay", "/srv/x y/ü", "/o:d,d/'q'", "/root/r", "/var/tmp/r"]
)
def test_the_tree_is_at_the_repositorys_own_path(run: Runner, stack: Stack, root: str) -> None:
    call = run.sh("pwd; cat kept; echo more >>kept; cat kept", stack=stack, root=Path(root))
    assert call.stdout.decode().splitlines() == [root, "kept", "kept", "more"], call


def test_invariant_10_no_run_leaves_anything_for_the_next(run: Runner, stack: Stack) -> None:
    async def twice(sandbox: JailSandbox) -> list[bytes]:
        script = "ls -a . /tmp /home/assay /dev/shm; rm -rf kept; touch x /tmp/y /dev/shm/z $HOME/h"
        command = JailCommand(label="x", argv=("sh", "-c", script), root=Path("/srv/project"), stack=stack)
        return [(await sandbox.run(command)).stdout for _ in range(2)]

    first, second = run.within(twice)
    assert first == second
    assert b"kept" in first


def test_invariant_4_nothing_of_the_host_is_there(
    run: Runner, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    monkeypatch.setenv("HOST_TOKEN", "secret")
    script = f"""
    for path in {secret} /root /boot /mnt /opt /media /sys/class /etc/shadow /var/lib /run/user; do
        [ -e "$path" ] && echo "visible: $path"
    done
    env | grep -i secret
    for file in /usr/x /etc/x /bin/x /x /dev/x; do
        touch "$file" 2>/dev/null && echo "written: $file"
    done
    grep -v -E '^(root|assay|nobody):' /etc/passwd
    grep CapEff /proc/self/status; hostname; id -u; id -g
    """
    call = run.sh(script, stack=stack)
    assert call.stdout.decode().split() == ["CapEff:", "0" * 16, "assay", "1000", "1000"]


def test_a_jail_has_its_own_loopback_and_no_other_network(run: Runner) -> None:
    needs_python()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"""
import socket
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname()).close()
print([name for _, name in socket.if_nameindex()])
try:
    socket.create_connection(("127.0.0.1", {port}), 5)
except OSError as error:
    print(type(error).__name__)
"""
        call = run(PYTHON, "-c", script)
    assert call.stdout.decode().split() == ["['lo']", "ConnectionRefusedError"]


def test_processes_of_the_host_are_out_of_sight(run: Runner) -> None:
    call = run.sh(f"kill -0 {os.getpid()} 2>/dev/null || echo unseen; ls -d /proc/[0-9]* | wc -l")
    unseen, count = call.stdout.split()
    assert unseen == b"unseen"
    assert int(count) < 10


def test_the_environment_is_fixed_and_digested(run: Runner) -> None:
    call = run.sh("env | sort; umask", variables={"MINE": "1"})
    other = run.sh("env | sort; umask", variables={"MINE": "2"})
    variables = dict(line.split("=", 1) for line in call.stdout.decode().splitlines()[:-1])
    assert variables.pop("PWD", "/tmp") in ("/tmp", "/srv/project")
    assert variables == {
        "HOME": "/home/assay",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LOGNAME": "assay",
        "MINE": "1",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SHELL": "/bin/sh",
        "TERM": "dumb",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
        "USER": "assay",
    }
    assert call.stdout.endswith(b"0022\n")
    assert call.environment_digest != other.environment_digest


def test_only_the_named_descriptors_are_there(run: Runner) -> None:
    leak = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leak, True)
    try:
        call = run("/bin/sh", "-c", "ls /proc/$$/fd", report=True)
    finally:
        os.close(leak)
    assert call.stdout.split() == [b"0", b"1", b"2", b"3"]


def test_input_report_and_outputs(run: Runner, stack: Stack) -> None:
    script = 'cat; echo told >&"$ASSAY_REPORT_FD"; mkdir o; echo left >o/f; ln -s /etc/passwd l; echo err >&2'
    call = run.sh(script, stack=stack, stdin=b"given", report=True, outputs=("o/f", "l", "kept"))
    assert (call.stdout, call.stderr, call.report) == (b"given", b"err\n", b"told\n")
    assert call.outputs == {"o/f": b"left\n"}
    assert run.calls == [call]


def test_large_streams_are_whole(run: Runner) -> None:
    data = os.urandom(1 << 20)
    call = run.sh("cat; seq 100000 >&2", stdin=data, limits=Limits(output=4 * MIB))
    assert call.stdout == data
    assert len(call.stderr.splitlines()) == 100000
    assert not call.truncated


@pytest.mark.parametrize("code", [0, 1, 126, 127, 137, 255])
def test_exit_codes_are_the_programs_own(run: Runner, code: int) -> None:
    call = run.sh(f"exit {code}")
    assert (call.ending, call.exit_code) == (Ending.EXITED, code)


@pytest.mark.parametrize(("script", "ending"), [("exit 1", Ending.INFRA), ("exit 0", Ending.EXITED)])
def test_invariant_6_what_fails_on_a_full_disk_is_the_machines_trouble(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch, script: str, ending: Ending
) -> None:
    monkeypatch.setattr(scratch, "_FULL", 1 << 62)
    call = run.sh(script, stack=stack)
    assert call.ending is ending
    assert ("full" in call.reason) is (ending is Ending.INFRA)


def test_signals_are_told_from_exit_codes(run: Runner) -> None:
    call = run.sh("kill -SEGV $$")
    assert (call.ending, call.signal, call.exit_code) == (Ending.SIGNALLED, 11, None)


def test_a_missing_program_is_no_trouble_of_the_machine(run: Runner) -> None:
    call = run("not-a-program")
    assert (call.ending, call.exit_code) == (Ending.EXITED, 127)


def test_a_directory_that_the_candidate_removed_is_no_trouble_of_the_machine(
    run: Runner, stack: Stack
) -> None:
    call = run("true", stack=stack, cwd=Path("/srv/project/gone"))
    assert (call.ending, call.exit_code) == (Ending.EXITED, 126)


def test_orphans_are_reaped_and_end_with_the_program(run: Runner) -> None:
    call = run.sh("(sleep 600 &); (sleep 0.01 &); sleep 0.3; ps -e -o stat= 2>/dev/null | grep -c Z; true")
    assert call.ending is Ending.EXITED
    assert call.stdout.strip() in (b"0", b"")


def test_time_is_limited(run: Runner) -> None:
    call = run.sh("sleep 600", limits=Limits(seconds=0.3))
    assert (call.ending, call.resource, call.exit_code) == (Ending.EXHAUSTED, Resource.TIME, None)


def test_a_program_that_ignores_signals_and_forks_is_ended_all_the_same(run: Runner) -> None:
    script = "trap '' TERM INT HUP; (trap '' TERM; setsid sleep 600 &) ; while :; do sleep 600; done"
    call = run.sh(script, limits=Limits(seconds=0.3))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.TIME)


def test_a_report_may_be_longer_than_what_a_program_prints(run: Runner) -> None:
    script = 'head -c 30000 /dev/zero >&"$ASSAY_REPORT_FD"'
    call = run.sh(script, report=True, report_bytes=40_000, limits=Limits(output=10_000))
    assert (call.ending, len(call.report), call.truncated) == (Ending.EXITED, 30_000, False)
    more = run.sh(script, report=True, report_bytes=20_000, limits=Limits(output=10_000))
    assert (more.ending, more.resource) == (Ending.EXHAUSTED, Resource.OUTPUT)
    printed = run.sh(
        "head -c 30000 /dev/zero", report=True, report_bytes=40_000, limits=Limits(output=10_000)
    )
    assert (printed.ending, printed.resource) == (Ending.EXHAUSTED, Resource.OUTPUT)


def test_output_is_limited(run: Runner) -> None:
    call = run.sh("yes", limits=Limits(output=10_000))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.OUTPUT)
    assert len(call.stdout) == 10_000
    assert call.truncated


def test_memory_is_limited(run: Runner) -> None:
    needs_python()
    call = run(PYTHON, "-c", "x = b'1' * (3 << 30); print('got it')", limits=Limits(memory=64 * MIB))
    assert b"got it" not in call.stdout
    if find().memory is not None:
        assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.MEMORY)


def test_saying_out_of_memory_does_not_make_it_so(run: Runner) -> None:
    call = run.sh("echo 'Cannot allocate memory' >&2; exit 1")
    assert (call.ending, call.exit_code) == (Ending.EXITED, 1)


def test_processes_are_limited(run: Runner) -> None:
    call = run.sh("for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait", limits=Limits(pids=5, seconds=20))
    assert call.exit_code != 0
    if find().pids is not None:
        assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.PIDS)


def test_cpu_time_is_limited(run: Runner) -> None:
    call = run.sh("while :; do :; done", limits=Limits(cpu_seconds=0.5))
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, Resource.CPU)


def test_files_and_scratch_space_are_limited(run: Runner, stack: Stack) -> None:
    script = """
    head -c 3000000 /dev/zero >big; echo $?
    head -c 9000000 /dev/zero >/tmp/big; echo $?
    head -c 9000000 /dev/zero >/dev/shm/big; echo $?
    """
    call = run.sh(script, stack=stack, limits=Limits(file_size=MIB, scratch=4 * MIB))
    assert "0" not in call.stdout.decode().split()
    assert call.ending is Ending.EXITED


def test_resource_use_is_counted(run: Runner) -> None:
    call = run.sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
    assert call.use.cpu_seconds > 0
    assert call.use.seconds > 0
    assert call.use.peak_memory > 0 or find().memory is None


def test_ordinary_build_tools_work(run: Runner, stack: Stack) -> None:
    needs_python()
    script = """
import multiprocessing, os, pty, tempfile, threading
multiprocessing.Lock()
with tempfile.NamedTemporaryFile(): pass
master, slave = pty.openpty()
print(os.ttyname(slave).startswith("/dev/pts/"), open("/dev/null", "w").write("x"))
os.rename("kept", "renamed"); os.link("renamed", "linked"); os.symlink("linked", "soft")
print(os.path.expanduser("~"), os.getppid() != 0)
"""
    call = run(PYTHON, "-c", script, stack=stack)
    assert call.stdout.decode().split() == ["True", "1", "/home/assay", "True"], call.stderr


@pytest.mark.parametrize("hostile", ["link", "file", "parent"])
def test_a_tree_in_the_way_of_the_environment_is_refused_and_blamed(
    run: Runner, trees, store, tmp_path: Path, hostile: str
) -> None:
    old = trees.tree({"f": b"1"})
    new = trees.tree(
        {
            "link": {".venv": (0o120000, b"/etc")},
            "file": {".venv": b"x"},
            "parent": {"env": (0o120000, b"/etc")},
        }[hostile]
    )
    target = "env/sub" if hostile == "parent" else ".venv"
    venv = tmp_path / "venv"
    venv.mkdir()
    call = run(
        "true",
        stack=store.over(store.base(old), old, new),
        binds=(Bind(source=venv, target=Path("/srv/project") / target),),
    )
    assert call.ending is Ending.REFUSED
    assert "symbolic link" in call.reason or "a file" in call.reason
    assert list(venv.iterdir()) == []


def test_binds_are_shown_read_only_unless_asked(run: Runner, stack: Stack, tmp_path: Path) -> None:
    shown, scratch, single = tmp_path / "shown", tmp_path / "scratch", tmp_path / "file"
    shown.mkdir()
    scratch.mkdir()
    scratch.chmod(0o777)
    single.write_text("single\n")
    (shown / "in").write_text("inside\n")
    script = """
    cat .venv/in /srv/file; touch .venv/x 2>/dev/null && echo written; ls -d gone 2>/dev/null; touch /out/y
    """
    call = run.sh(
        script,
        stack=stack,
        binds=(
            Bind(source=shown, target=Path("/srv/project/.venv")),
            Bind(source=single, target=Path("/srv/file")),
            Bind(source=scratch, target=Path("/out"), writable=True),
        ),
    )
    assert call.stdout.decode().split() == ["inside", "single"], call
    assert (scratch / "y").exists()
    assert [path.name for path in shown.iterdir()] == ["in"]


def test_what_a_prepare_step_added_becomes_a_layer(run: Runner, stack: Stack, store) -> None:
    script = "echo built >out; mkdir made/more; echo n >made/more/n"
    with store.building("prepare test") as directory:
        call = run.sh(script, stack=stack, writes=directory)
        assert call.exit_code == 0
        layer = store.adopt(stack.tree, f"prepare test {directory.name}", directory)
    prepared = Stack(layers=(*stack.layers, layer), tree=stack.tree)
    shown = run.sh("cat out; find . -type f | sort", stack=prepared)
    names = ["./changed", "./kept", "./made/c", "./made/more/n", "./out"]
    assert shown.stdout.decode().split() == ["built", *names]


def leftovers(host: Probe) -> list[str]:
    """What jails could leave: areas, groups, processes below this one."""
    left = [str(path) for path in (host.cache / "run").iterdir()]
    for parent in find().parents:
        left += [str(path) for path in parent.glob("assay-*") if f"-{os.getpid()}" in path.name]
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        left += children.read_text().split()
    return left


def test_invariant_10_a_cancelled_run_leaves_nothing(run: Runner, stack: Stack, host: Probe) -> None:
    async def cancelled(sandbox: JailSandbox) -> None:
        with anyio.move_on_after(0.5):
            command = JailCommand(label="x", argv=("sleep", "600"), root=Path("/srv/project"), stack=stack)
            await sandbox.run(command)

    before = set(leftovers(host))
    mounts = Path("/proc/self/mounts").read_text()
    run.within(cancelled)
    assert set(leftovers(host)) <= before
    assert Path("/proc/self/mounts").read_text() == mounts
    assert [call.ending for call in run.calls] == [Ending.CANCELLED]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_jails_at_once_leak_no_descriptor(run: Runner, stack: Stack) -> None:
    async def many(sandbox: JailSandbox) -> int:
        async def one(number: int) -> None:
            command = JailCommand(
                label="x",
                argv=("sh", "-c", f"echo {number}; exit {number}"),
                root=Path("/srv/project"),
                stack=stack,
            )
            call = await sandbox.run(command)
            assert (call.exit_code, call.stdout) == (number, b"%d\n" % number)

        await one(0)
        before = descriptors()
        async with anyio.create_task_group() as tasks:
            for number in range(64):
                tasks.start_soon(one, number)
        return descriptors() - before

    assert run.within(many) <= 2  # the threads' own wake-up pipes


ENGINE = """
import sys, anyio
from pathlib import Path
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand, Stack
async def main():
    cache, layer = map(Path, sys.argv[1:3])
    found = probe(environ={"ASSAY_CACHE_DIR": str(cache)})
    async with open_sandbox(found, lambda call: sys.exit(f"ended: {call}")) as sandbox:
        async def one(nap):
            script = f"echo >started; (setsid sleep {nap} &); exec sleep {nap}"
            stack = Stack(layers=(layer,), tree="t")
            argv = ("sh", "-c", script)
            await sandbox.run(JailCommand(label="x", argv=argv, root=Path("/srv/p"), stack=stack))
        async with anyio.create_task_group() as tasks:
            for nap in sys.argv[3:]:
                tasks.start_soon(one, nap)
            with anyio.fail_after(30):
                while len(list(cache.glob("run/*/*/u/started"))) < 3:
                    await anyio.sleep(0.02)
            print("groups", *next(cache.glob("run/*/groups")).read_text().split(), flush=True)
anyio.run(main)
"""


def running(*argv: str) -> bool:
    """Whether a process on this host has these arguments next to each other."""
    mark = "\x00".join(argv)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_invariant_10_a_killed_engine_leaves_nothing(tmp_path: Path, host: Probe) -> None:
    from .test_scratch import eventually

    cache, layer = tmp_path / "cache", tmp_path / "layer"
    layer.mkdir(mode=0o755)
    (layer / "file").write_text("x")
    if not host.identity.is_self:
        for path in (layer, layer / "file"):
            os.chown(path, host.identity.uid, host.identity.gid)
    litter = set(Path("/tmp").glob("nsjail.*"))
    # Numbers of seconds that nobody else on this machine sleeps for.
    naps = [f"600.{os.getpid()}{number}" for number in range(3)]
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(cache), str(layer), *naps], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    try:
        word, *listed = engine.stdout.readline().split() or [""]
        groups = [Path(each) for each in listed]
        assert word == "groups"
        assert eventually(lambda: all(running("sleep", nap) for nap in naps))
        assert all(group.is_dir() for group in groups)
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()
    assert eventually(lambda: not any(running("sleep", nap) for nap in naps))
    assert eventually(lambda: not running(str(cache)))
    assert eventually(lambda: not any(group.exists() for group in groups))
    assert eventually(lambda: not list((cache / "run").iterdir()))
    assert str(cache) not in Path("/proc/self/mounts").read_text()
    assert eventually(lambda: set(Path("/tmp").glob("nsjail.*")) <= litter)
