"""Children of a warm interpreter: they are what a cold start would be, and hold nothing of their server."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from assay.model.tool import Ending, Tier, ToolCall
from assay.policy.schema import Limits
from assay.sandbox import forkserver_start, trial
from assay.sandbox.jail import JailSandbox
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import Bind, JailCommand, Stack, Warmth

from .conftest import PYTHON, Runner, Trees
from .test_jail import descriptors, leftovers, running
from .test_scratch import eventually

pytestmark = pytest.mark.jail
ROOT = Path("/srv/project")


@pytest.fixture(autouse=True)
def _needs_python() -> None:
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")


def program(text: str, *arguments: str, stack: Stack, modules: tuple[str, ...] = (), **rest) -> JailCommand:
    return JailCommand(
        label="test",
        argv=(PYTHON, "-c", text, *arguments),
        root=ROOT,
        stack=stack,
        warm=Warmth(modules=modules),
        **rest,
    )


class Outcome:
    """What one command came to, and what the sandbox said of it."""

    def __init__(self, call: ToolCall, sandbox: JailSandbox) -> None:
        self.call = call
        self.said = call.stdout.decode().splitlines()
        self.cold_because = sandbox.cold_because
        self.left_out = dict(sandbox.left_out)
        self.standing = sandbox.warming().standing


def once(run: Runner, command: JailCommand) -> Outcome:
    async def work(sandbox: JailSandbox) -> Outcome:
        return Outcome(await sandbox.run(command), sandbox)

    return run.within(work)


LOOK = """
import sys, os
VARYING = ("FDSize", "HugetlbPages", "VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem",
    "VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
def show(*what):
    print(*what, flush=True)
show(sys.argv, getattr(sys, "orig_argv", None))
show(os.getpid(), os.getppid(), os.getsid(0), os.getpgrp(), os.getcwd(), sorted(os.listdir(".")))
show(sorted(os.listdir("/proc/self/fd")), [os.get_inheritable(n) for n in range(4)])
show(sys._getframe().f_back, sys._getframe().f_code.co_filename, __name__)
show(sorted(set(sys.modules) - {"encodings.utf_8_sig"}))
show(sorted(globals()))
show(sys.path, sys.flags, sys.warnoptions)
show(sorted(os.environ.items()))
show([type(finder).__name__ for finder in sys.meta_path], len(sys.path_hooks))
show(sys.stdin, sys.stdin.seekable(), sys.stdout, sys.stdout.seekable(), sys.stderr)
show(repr(sys.stdin.read()), sys.stdin.buffer.raw)
for line in open("/proc/self/status"):
    if line.split(":")[0].rstrip("0123456789") not in VARYING:
        show(line.split())
show([line for line in open("/proc/self/limits") if "processes" not in line])
show(sorted(os.listdir("/")), os.listdir("/dev/shm"), os.listdir("/tmp"), sorted(os.listdir("/dev")))
show(os.uname().nodename, open("/proc/self/comm").read())
import signal, atexit, threading
show([signal.getsignal(n) for n in range(1, 65)])
show(atexit._ncallbacks(), [each.name for each in threading.enumerate()])
show(threading.main_thread() is threading.current_thread())
show(threading.main_thread().native_id == threading.get_native_id())
show([name for name in os.listdir("/proc") if name.isdigit()])
show(sorted({line.split()[4]: line.split()[5] for line in open("/proc/self/mountinfo")
    if not line.split()[4].startswith("/dev/shm/")}.items()))
os.write(int(os.environ["ASSAY_REPORT_FD"]), b"told")
1 / 0
"""


@pytest.mark.parametrize("modules", [(), ("warnings", "json", "threading", "signal", "socket", "ctypes")])
def test_a_child_is_what_a_cold_start_would_be(run: Runner, stack: Stack, modules: tuple[str, ...]) -> None:
    text = f"import {', '.join(modules)}\n{LOOK}" if modules else LOOK
    command = program(
        text, "one", "two words", "ü", stack=stack, modules=modules, report=True, stdin=b"a\r\nb"
    )

    async def work(sandbox: JailSandbox) -> list[ToolCall]:
        return [await sandbox.run(each) for each in (command, command, replace(command, warm=None))]

    first, second, cold = run.within(work)
    assert first.warm and second.warm and not cold.warm
    assert first.environment_digest == cold.environment_digest
    for warm in (first, second):
        for ours, theirs in zip(warm.stdout.splitlines(), cold.stdout.splitlines(), strict=True):
            assert ours == theirs
        assert warm.stderr == cold.stderr
        assert (warm.ending, warm.exit_code, warm.report) == (Ending.EXITED, 1, b"told")


SEARCH = """
import gc, os, sys
print(sorted(os.listdir("/proc/self/fd")))
print([name for name in sys.modules if "forkserver" in name or "ctypes" in name])
found = [each for each in gc.get_objects() if "forkserver" in str(type(each))]
types = (*object.__subclasses__(), *Exception.__subclasses__())
found += [each for each in types if "forkserver" in str(each) or each.__module__ == "sitecustomize"]
print(found, os.listdir("/dev/shm"))
for path in ("/proc/1/fd/4", "/proc/1/mem", "/proc/1/environ", "/proc/1/root/usr", "/proc/1/cwd/changed"):
    try:
        print("reached", path, os.open(path, os.O_RDONLY))
    except OSError:
        pass
import signal, subprocess
for number in set(signal.Signals) - {signal.SIGTSTP}:
    os.kill(1, number)
for words in (
    "umount /dev/shm", "umount -l /dev/shm", "umount /proc", "mount --bind /dev /tmp/d",
    "unshare -Urm sh -c 'umount -l /dev/shm && ls -A /dev/shm'",
    "unshare -Urm sh -c 'umount /proc && ls /proc'",
    "unshare -Urm sh -c 'mkdir /tmp/d; mount --bind /dev /tmp/d && ls -A /tmp/d/shm'",
    "unshare -Urm sh -c 'mkdir /tmp/e; mount --rbind / /tmp/e; cd /tmp/e/dev; umount -l shm && ls -A shm'",
):
    done = subprocess.run(["sh", "-c", words], capture_output=True)
    if done.stdout:
        print(words, done)
print("done")
"""


@pytest.mark.parametrize("tier", [Tier.HARDENED, Tier.NAMESPACED])
def test_nothing_of_the_server_can_be_reached(host: Probe, stack: Stack, tier: Tier) -> None:
    found = probe(tier.value, environ={"ASSAY_CACHE_DIR": str(host.cache)})
    if found.tier is None:
        pytest.skip(f"this host does not reach the tier {tier}")
    seen = once(Runner(found), program(SEARCH, stack=stack))
    assert seen.call.warm, seen.cold_because
    assert seen.said == ["['0', '1', '2', '3']", "[]", "[] []", "done"], seen.call


def test_siblings_neither_see_nor_touch_each_other(run: Runner, stack: Stack) -> None:
    text = """
import os, socket, sys, time
mine = socket.socket(socket.AF_UNIX)
mine.bind("\\0one name")
socket.create_server(("127.0.0.1", 4321))
for place in (".", "/tmp", "/dev/shm", os.environ["HOME"]):
    assert not [name for name in os.listdir(place) if name.startswith("mine")]
    with open(place + "/mine" + sys.argv[1], "w") as file:
        file.write("x")
time.sleep(0.5)
for place in (".", "/tmp", "/dev/shm", os.environ["HOME"]):
    print([name for name in os.listdir(place) if name.startswith("mine")])
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
"""

    async def work(sandbox: JailSandbox) -> dict[str, ToolCall]:
        calls: dict[str, ToolCall] = {}

        async def one(name: str) -> None:
            calls[name] = await sandbox.run(program(text, name, stack=stack))

        async with anyio.create_task_group() as tasks:
            for name in "abcd":
                tasks.start_soon(one, name)
        return calls

    for name, call in run.within(work).items():
        assert call.warm, call
        assert call.stdout.decode().splitlines() == [f"['mine{name}']"] * 4 + ["[1, 2]"], call


def the_server(text: str) -> int:
    """The first process of the server for this text, found by its command line; 0 if there is none."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"\0-c\0{text}\0".encode() not in (path / "cmdline").read_bytes():
                continue
            status = dict(line.split(":\t", 1) for line in (path / "status").read_text().splitlines())
            if status["NSpid"].split()[1:] == ["1"]:
                return int(path.name)
        except (OSError, ValueError):
            continue
    return 0


def test_invariant_6_a_server_that_dies_is_nobodys_fault(run: Runner, stack: Stack) -> None:
    text = f"import time, sys; time.sleep(1.5); sys.exit(5)  # {os.getpid()}"

    async def work(sandbox: JailSandbox) -> list[Outcome]:
        async def kill() -> None:
            assert await anyio.to_thread.run_sync(lambda: eventually(lambda: the_server(text) > 0))
            await anyio.sleep(0.8)
            os.kill(the_server(text), signal.SIGKILL)

        seen = []
        async with anyio.create_task_group() as tasks:
            await sandbox.run(replace(program(text, stack=stack), limits=Limits(seconds=0.1)))
            tasks.start_soon(kill)
            seen.append(Outcome(await sandbox.run(program(text, stack=stack)), sandbox))
        seen.append(Outcome(await sandbox.run(program(text, stack=stack)), sandbox))
        return seen

    spoilt, after = run.within(work)
    assert (spoilt.call.ending, spoilt.call.exit_code, spoilt.call.warm) == (Ending.EXITED, 5, False)
    assert "killed by signal 9" in spoilt.cold_because
    assert (after.call.exit_code, after.call.warm) == (5, False)
    assert len(run.calls) == 3


ENGINE = """
import sys, anyio
from pathlib import Path
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand, Stack, Warmth
async def main():
    cache = Path(sys.argv[1])
    found = probe(environ={"ASSAY_CACHE_DIR": str(cache)})
    (cache / "layer").mkdir(mode=0o755)
    async with open_sandbox(found, lambda call: sys.exit(f"ended: {call}")) as sandbox:
        text = "import os, sys; open('started', 'w'); os.execvp('sleep', ['sleep', *sys.argv[1:]])"
        argv = (sys.argv[2], "-c", text, sys.argv[3])
        stack = Stack(layers=(cache / "layer",), tree="t")
        command = JailCommand(label="x", argv=argv, root=Path("/srv/p"), stack=stack, warm=Warmth())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.run, command)
            with anyio.fail_after(30):
                while not list(cache.glob("run/*/*/u/started")):
                    await anyio.sleep(0.02)
            print("warm" if not sandbox.cold_because else sandbox.cold_because, flush=True)
anyio.run(main)
"""


def test_invariant_10_a_killed_engine_leaves_no_server(tmp_path: Path) -> None:
    cache, nap = tmp_path / "cache", f"600.{os.getpid()}8"
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(cache), PYTHON, nap], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    try:
        assert engine.stdout.readline() == "warm\n"
        assert eventually(lambda: running("sleep", nap))
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()
    assert eventually(lambda: not running("sleep", nap))
    assert eventually(lambda: not running("open('started', 'w')"))
    assert eventually(lambda: not list((cache / "run").iterdir()))


def test_invariant_10_a_cancelled_child_leaves_nothing(run: Runner, stack: Stack, host: Probe) -> None:
    async def cancelled(sandbox: JailSandbox) -> None:
        command = program("import time; time.sleep(600)", stack=stack)
        await sandbox.run(replace(command, limits=Limits(seconds=0.2)))
        with anyio.move_on_after(0.5):
            await sandbox.run(command)

    before = set(leftovers(host))
    open_before = descriptors()
    run.within(cancelled)
    assert set(leftovers(host)) <= before
    assert descriptors() <= open_before
    assert [call.ending for call in run.calls] == [Ending.EXHAUSTED, Ending.CANCELLED]
    assert all(call.warm for call in run.calls)


SPOILT = {
    "threads": (
        "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "starts threads",
    ),
    "sockets": ("import socket; kept = socket.socket()", "keeps files or sockets open"),
    "handlers": ("import signal; signal.signal(signal.SIGUSR1, lambda *_: None)", "changes signal handlers"),
    "memory": ("import mmap; kept = mmap.mmap(-1, 4096)", "shares memory"),
    "variables": ("import os; os.environ['ADDED'] = '1'", "changes the environment"),
    "paths": ("import sys; sys.path.append('/nowhere')", "changes the import path"),
    "words": ("print('hello')", "prints when it is imported"),
    "warnings": ("import warnings; warnings.warn('old', DeprecationWarning)", "warns when it is imported"),
    "filters": ("import warnings; warnings.simplefilter('error')", "changes the filters of warnings"),
    "processes": ("import subprocess; kept = subprocess.Popen(['sleep', '600'])", "starts processes"),
    "streams": ("import io, sys; sys.stdout = io.StringIO()", "replaces the interpreter's streams or hooks"),
}


def test_modules_that_forking_would_spoil_are_left_out(run: Runner, stack: Stack, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name, (text, _) in SPOILT.items():
        (tmp_path / f"spoilt_{name}.py").write_text(text)
    (tmp_path / "good.py").write_text("value = [1]")
    (tmp_path / "broken.py").write_text("import not_there_at_all")
    modules = (*(f"spoilt_{name}" for name in SPOILT), "broken", "not_there", "good")
    text = "import sys; print(*[name for name in sys.modules if name in sys.argv])"
    seen = once(
        run,
        program(
            text,
            *modules,
            stack=stack,
            modules=modules,
            binds=(Bind(source=tmp_path),),
            variables={"PYTHONPATH": str(tmp_path)},
        ),
    )
    assert seen.call.warm, seen.cold_because
    assert seen.said == ["good"], seen.left_out
    assert seen.left_out == {f"spoilt_{name}": why for name, (_, why) in SPOILT.items()}


@pytest.mark.parametrize(
    ("path", "variables"),
    [
        ("json.py", {}),
        ("json/__init__.py", {}),
        ("src/json.py", {"PYTHONPATH": "/srv/project/src"}),
        ("src/sitecustomize.py", {"PYTHONPATH": "/srv/project/src"}),
        ("src/usercustomize.py", {"PYTHONPATH": "/srv/project/src"}),
    ],
)
def test_a_tree_that_would_change_the_start_is_started_cold(
    run: Runner, trees: Trees, store, path: str, variables: dict[str, str]
) -> None:
    stack = store.base(trees.tree({path: b"print('of the tree')", "json_notes/x.py": b""}))
    text = "import json"
    seen = once(run, program(text, stack=stack, modules=("json",), variables=variables))
    assert not seen.call.warm
    assert "the tree has a module of its own" in seen.cold_because
    assert (seen.said, seen.call.exit_code) == (["of the tree"], 0), seen.call


def test_what_lies_beside_the_imports_is_no_reason_to_start_cold(run: Runner, trees: Trees, store) -> None:
    files = {
        "json/readme.md": b"",
        "json.txt": b"",
        "jsonx.py": b"",
        "src/jason.py": b"",
        "tests/json.py": b"",
    }
    stack = store.base(trees.tree(files))
    variables = {"PYTHONPATH": "/srv/project/src"}
    seen = once(run, program("import jason", stack=stack, modules=("json",), variables=variables))
    assert seen.call.warm, seen.cold_because
    assert seen.call.exit_code == 0, seen.call


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment."""
    tmp_path.chmod(0o755)
    place = tmp_path / "venv"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(place)], check=True)
    return place


def site(environment: Path) -> Path:
    return next(environment.glob("lib/python3*/site-packages"))


def test_an_editable_install_of_the_tree_is_on_the_path(
    run: Runner, trees: Trees, store, environment: Path
) -> None:
    (site(environment) / "editable.pth").write_text("# a comment\n/srv/project/src\n/srv/project/missing\n")
    (site(environment) / "zlast.pth").write_text("/usr/share\n")
    (environment / "more").mkdir()
    (environment / "more/sitecustomize.py").write_text("import sys; sys.ran = getattr(sys, 'ran', 0) + 1")
    stack = store.base(trees.tree({"src/mine.py": b"print('mine')", "f": b""}))
    text = "import sys, mine, other; print(sys.path, sys.ran, 'sitecustomize' in sys.modules, sys.prefix)"
    (site(environment) / "other.py").write_text("")
    command = JailCommand(
        label="x",
        argv=(str(environment / "bin/python"), "-c", text),
        root=ROOT,
        stack=stack,
        binds=(Bind(source=environment),),
        variables={"PYTHONPATH": str(environment / "more")},
        warm=Warmth(modules=("other",)),
    )
    warm, cold = once(run, command), once(run, replace(command, warm=None))
    assert warm.call.warm, warm.cold_because
    assert warm.said == cold.said
    assert "/srv/project/src" in warm.said[-1], warm.call
    assert " 1 True " in warm.said[-1]


def test_an_environment_inside_of_the_tree_is_shown_to_both(
    run: Runner, stack: Stack, environment: Path
) -> None:
    inside = ROOT / ".venv"
    (site(environment) / "other.py").write_text("print('imported')\nvalue = 7")
    (site(environment) / "quiet.py").write_text("value = 8")
    text = (
        "import quiet, other, os, sys; print(quiet.__file__, os.listdir('.venv/bin') != [], sys.executable)"
    )
    command = JailCommand(
        label="x",
        argv=(str(inside / "bin/python"), "-c", text),
        root=ROOT,
        stack=stack,
        binds=(Bind(source=environment, target=inside),),
        warm=Warmth(modules=("quiet", "other")),
    )
    warm, cold = once(run, command), once(run, replace(command, warm=None))
    assert warm.call.warm, warm.cold_because
    assert warm.said == cold.said
    assert warm.said[0] == "imported"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"stack": None}, "without a tree"),
        ({"argv": (PYTHON, "-V")}, "only `python -c`"),
        ({"argv": ("python3", "-c", "pass")}, "only `python -c`"),
        ({"variables": {"PYTHONPATH": "src"}}, "depend on the current directory"),
        ({"argv": ("/bin/false", "-c", "pass")}, "no warm interpreter started"),
    ],
)
def test_what_cannot_be_warm_says_why(run: Runner, stack: Stack, change: dict[str, object], why: str) -> None:
    seen = once(run, replace(program("pass", stack=stack), **change))
    assert why in seen.cold_because
    assert (seen.call.ending, seen.call.warm) == (Ending.EXITED, False)


def test_cold_starts_are_counted_by_what_they_are_for(run: Runner, stack: Stack) -> None:
    async def work(sandbox: JailSandbox) -> tuple[tuple[str, int], ...]:
        warm = program("pass", stack=stack)
        for command in (warm, replace(warm, stack=None), replace(warm, argv=(PYTHON, "-V")), warm):
            await sandbox.run(replace(command, warm=None))
            await sandbox.run(command)
        await sandbox.run(replace(warm, argv=(PYTHON, "-VV")))
        return sandbox.warming().cold

    assert run.within(work) == (
        ("a program without a tree starts cold", 1),
        ("only `python -c` starts warm", 2),
    )


_BURN = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


def test_what_a_server_spends_on_imports_is_counted(run: Runner, stack: Stack, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "slow.py").write_text(_BURN.format(0.3))
    (tmp_path / "spoilt.py").write_text(_BURN.format(0.3) + "import os; os.environ['A'] = 'b'")
    variables = {"PYTHONPATH": str(tmp_path)}
    command = program("pass", stack=stack, binds=(Bind(source=tmp_path),), variables=variables)
    meters = []

    async def work(sandbox: JailSandbox) -> None:
        meters.append(sandbox)
        await sandbox.run(replace(command, warm=Warmth(modules=("slow", "spoilt"))))
        during = sandbox.warming().standing
        # One that was spoilt, and one without that module.
        assert during.count == 2
        assert during.cpu_seconds > 0.8
        assert sandbox.cpu_seconds() >= sandbox.freezer.cpu_seconds() + during.cpu_seconds

    run.within(work)
    assert meters[0].warming().standing.cpu_seconds > 0.8


def test_what_its_children_spend_is_not_its_own(run: Runner, stack: Stack) -> None:
    seen = once(run, program(_BURN.format(1.0), stack=stack))
    assert seen.call.warm, seen.cold_because
    assert seen.call.use.cpu_seconds > 0.9
    assert seen.standing.cpu_seconds < 0.9


def test_nothing_is_warm_without_isolation(host: Probe, stack: Stack, tmp_path: Path) -> None:
    found = probe("none", environ={"ASSAY_CACHE_DIR": str(host.cache)})
    seen = once(Runner(found), replace(program("pass", stack=stack), root=tmp_path))
    assert "tier none" in seen.cold_because
    assert (seen.call.ending, seen.call.warm) == (Ending.EXITED, False)


def test_a_server_whose_trial_fails_is_not_used(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_PROGRAM", "exit 15")
    seen = once(run, program("print(1)", stack=stack))
    assert "the user is not mapped" in seen.cold_because
    assert (seen.said, seen.call.warm) == (["1"], False)


def test_a_trial_that_fails_once_does_not_make_all_later_programs_cold(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = forkserver_start.try_out, []

    def try_out(*arguments) -> str:
        tried.append(1)
        return "it was killed" if len(tried) == 1 else real(*arguments)

    monkeypatch.setattr("assay.sandbox.forkserver.try_out", try_out)

    async def work(sandbox: JailSandbox) -> list[ToolCall]:
        return [await sandbox.run(program("print(1)", stack=stack)) for _ in range(3)]

    calls = run.within(work)
    assert [call.warm for call in calls] == [False, True, True]
    assert {call.stdout for call in calls} == {b"1\n"}
    assert len(tried) == 2


def test_a_trial_that_always_fails_is_given_up(
    run: Runner, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    monkeypatch.setattr("assay.sandbox.forkserver.try_out", lambda *rest: tried.append(rest) or "no use")

    async def work(sandbox: JailSandbox) -> list[ToolCall]:
        return [await sandbox.run(program("print(1)", stack=stack)) for _ in range(5)]

    assert [call.warm for call in run.within(work)] == [False] * 5
    assert len(tried) == 3


def test_one_server_does_for_programs_that_differ_in_arguments_and_trees(
    run: Runner, stack: Stack, trees: Trees, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []
    start = forkserver_start.start
    monkeypatch.setattr("assay.sandbox.forkserver.start", lambda *rest: starts.append(rest) or start(*rest))
    other = store.base(trees.tree({"other": b"x"}))

    async def work(sandbox: JailSandbox) -> list[ToolCall]:
        commands = [
            program("import os; print(os.listdir())", stack=stack, variables=variables, limits=limits)
            for stack in (stack, other)
            for variables in ({}, {"PYTHONHASHSEED": "1"})
            for limits in (Limits(), Limits(memory=1 << 28, cpu_seconds=5))
        ]
        return [await sandbox.run(command) for command in commands]

    calls = run.within(work)
    assert all(call.warm for call in calls)
    assert len(starts) == 2
    assert {call.stdout for call in calls[4:]} == {b"['other']\n"}


PRELUDE = """
import colorsys
def tell():
    return given["words"]
held = [tell, [1]]
"""
WITH_PRELUDE = """
import gc, sys
held = sys.__dict__.pop("assay_held")
print(held[0](), held[1], "colorsys" in sys.modules, sorted(held[0].__globals__))
held[1].append(2)
print([name for name in sys.modules if "forkserver" in name], "given" in globals())
"""


def test_what_a_prelude_comes_to_is_there_once_for_every_program(run: Runner, stack: Stack) -> None:
    given = marshal.dumps({"words": ["as", b"given"]}, 2)

    async def work(sandbox: JailSandbox) -> list[ToolCall]:
        command = program(WITH_PRELUDE, stack=stack)
        warm = Warmth(prelude=PRELUDE, given=given)
        plain = program("import sys; print(hasattr(sys, 'assay_held'))", stack=stack)
        return [await sandbox.run(each) for each in (*[replace(command, warm=warm)] * 2, plain)]

    first, second, plain = run.within(work)
    assert first.warm and second.warm, first
    names = "['__builtins__', '__name__', 'colorsys', 'given', 'tell']"
    assert first.stdout.decode().splitlines() == [f"['as', b'given'] [1] True {names}", "[] False"]
    assert second.stdout == first.stdout, second
    assert (plain.stdout, plain.warm) == (b"False\n", True)


def test_a_prelude_that_fails_is_started_without(run: Runner, stack: Stack) -> None:
    command = program("import sys; print(hasattr(sys, 'assay_held'))", stack=stack)
    seen = once(run, replace(command, warm=Warmth(prelude="1 / 0", given=marshal.dumps(None, 2))))
    assert (seen.said, seen.call.warm) == (["False"], False)
    assert "ZeroDivisionError" in seen.cold_because


def test_randomness_is_not_shared(run: Runner, stack: Stack) -> None:
    text = "import os, random, uuid; print(random.random(), os.urandom(8), uuid.uuid4())"

    async def work(sandbox: JailSandbox) -> set[bytes]:
        command = program(text, stack=stack, modules=("random", "uuid"))
        return {(await sandbox.run(command)).stdout for _ in range(3)}

    assert len(run.within(work)) == 3


def test_a_worker_is_never_warm(run: Runner, stack: Stack) -> None:
    async def work(sandbox: JailSandbox) -> None:
        async with sandbox.serve(program("import time; time.sleep(600)", stack=stack)):
            pass

    run.within(work)
    assert [call.warm for call in run.calls] == [False]
