"""Containers of a real engine: what a program sees of one, how it ends, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.model.outcome import Resource
from assay.model.tool import Ending, Tier
from assay.policy.schema import MIB, Limits
from assay.sandbox.oci_engine import prefix
from assay.sandbox.probe import Probe, probe, runs_directory
from assay.sandbox.spec import Bind, Stack

from .conftest import Runner

pytestmark = pytest.mark.jail

ENGINE = """
import os, sys, anyio
from pathlib import Path
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand, Stack

async def main():
    async with open_sandbox(probe("container"), lambda call: None) as sandbox:
        command = JailCommand(label="nap", argv=("/bin/sleep", sys.argv[2]), root=Path("/srv/project"),
                              stack=Stack(layers=(Path(sys.argv[1]),), tree=""))
        await sandbox.run(command)

anyio.run(main)
"""


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    """This host with its container engine."""
    cache = tmp_path_factory.mktemp("cache")
    found = probe("container", environ={**os.environ, "ASSAY_CACHE_DIR": str(cache)})
    if found.tier is None:
        why = next(fact.detail for fact in found.facts if fact.name == "container engine")
        pytest.skip(f"no container engine ({why})")
    return found


@pytest.fixture
def run(contained: Probe) -> Runner:
    return Runner(contained)


def left(found: Probe) -> str:
    """Everything of this cache that the engine still has, and what is in its area."""
    assert found.engine is not None
    beginning = prefix(runs_directory(found.cache))
    names = found.engine.call("ps", "--all", "--filter", f"name={beginning}", "--format", "{{.Names}}")
    names += found.engine.call("volume", "ls", "--filter", f"name={beginning}", "--format", "{{.Name}}")
    return names + "".join(path.name for path in (found.cache / "run").iterdir())


def test_the_tier_says_what_it_is(contained: Probe) -> None:
    assert contained.engine is not None
    assert contained.isolation.tier is Tier.CONTAINER
    assert contained.isolation.backend == str(contained.engine.kind)
    assert any("engine's own profile" in note for note in contained.isolation.notes)


def test_a_program_runs_on_its_tree_and_leaves_nothing(run: Runner, contained: Probe, stack: Stack) -> None:
    script = "cat changed kept; ls made; ls gone; rm kept; echo new >out; echo told >&3; cat; exit 3"
    call = run.sh(script, stack=stack, stdin=b"given\n", report=True, outputs=("out", "kept"))
    assert (call.ending, call.exit_code) == (Ending.EXITED, 3)
    assert call.stdout == b"new\nkept\nc\ngiven\n"
    assert b"gone" in call.stderr
    assert (call.report, call.outputs) == (b"told\n", {"out": b"new\n"})
    assert (stack.layers[0] / "kept").read_bytes() == b"kept\n"
    assert left(contained) == ""


def test_a_program_is_nobody_in_particular(run: Runner, contained: Probe) -> None:
    call = run.sh(
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; id -u; hostname; ls /sys /root;"
        "cat /proc/1/environ; ls /proc/1/fd /.assay0; echo x >/usr/x; touch /x"
    )
    words = call.stdout.decode().split()
    assert words[:8] == ["CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]
    assert words[8:10] == [str(contained.identity.uid), "assay"]
    assert int(words[8]) != 0
    assert set(words[10:]) <= {"/sys:", "/.assay0:", "fs"}


def test_the_environment_is_what_was_asked_for(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "do not tell")
    call = run("/usr/bin/env", variables={"ODD": "a=b 'c'"})
    names = {line.partition("=")[0] for line in call.stdout.decode().splitlines()}
    assert {"ODD", "HOME", "PATH", "LANG"} <= names
    assert not {"SECRET", "container", "HOSTNAME"} & names


def test_odd_paths_are_plain_paths(run: Runner, stack: Stack, tmp_path: Path) -> None:
    odd = tmp_path / "a:b,c=d \"e'f"
    odd.mkdir()
    (odd / "in").write_text("inside\n")
    root = Path("/srv/p:q,readonly")
    binds = (Bind(source=odd, target=root / "env:x,y"), Bind(source=root, target=Path("/tmp/l"), link=True))
    call = run.sh("pwd; cat env:x,y/in kept /tmp/l/kept; echo x >kept && echo y >env:x,y/in", root=root,
                  stack=stack, binds=binds)  # fmt: skip
    assert call.stdout.decode() == f"{root}\ninside\nkept\nkept\n", call
    assert call.exit_code != 0
    assert (odd / "in").read_text() == "inside\n"


@pytest.mark.parametrize(
    ("script", "limits", "resource"),
    [
        ("sleep 600 & sleep 600", Limits(seconds=1), Resource.TIME),
        ("while :; do :; done", Limits(cpu_seconds=1, seconds=60), Resource.CPU),
        ("yes", Limits(output=1 * MIB, seconds=60), Resource.OUTPUT),
        ("tail /dev/zero; exit 1", Limits(memory=64 * MIB, seconds=60), Resource.MEMORY),
        ("exec head -c 2M /dev/zero >big", Limits(file_size=1 * MIB), Resource.DISK),
    ],
)
def test_a_limit_is_told_by_its_name(
    run: Runner, contained: Probe, stack: Stack, script: str, limits: Limits, resource: Resource
) -> None:
    call = run.sh(script, limits=limits, stack=stack)
    assert (call.ending, call.resource) == (Ending.EXHAUSTED, resource), call
    assert left(contained) == ""


def test_private_file_systems_are_full_when_they_are(run: Runner) -> None:
    call = run.sh("head -c 2M /dev/zero >/tmp/big || echo full", limits=Limits(scratch=1 * MIB))
    assert call.stdout == b"full\n"


def test_a_program_that_cannot_be_started_is_told_from_an_engine_that_fails(
    run: Runner, tmp_path: Path
) -> None:
    assert run("/no/such/program").exit_code == 127
    unfit = Bind(source=tmp_path, target=Path("/usr/bin/sh/x"))
    assert run("/bin/true", binds=(Bind(source=tmp_path, target=Path("/opt/here")),)).exit_code == 0
    with pytest.raises(Exception, match="nothing can be shown there"):
        run("/bin/true", binds=(unfit,))


def test_a_failing_engine_is_the_machines_trouble(contained: Probe, tmp_path: Path) -> None:
    from msgspec.structs import replace

    assert contained.engine is not None
    stub = tmp_path / "docker"
    stub.write_text(f'#!/bin/sh\n[ "$1" = run ] && exit 127\nexec {contained.engine.program} "$@"\n')
    stub.chmod(0o755)
    broken = replace(contained, engine=replace(contained.engine, program=str(stub)))
    call = Runner(broken)("/bin/true")
    assert (call.ending, call.exit_code) == (Ending.INFRA, None)


def test_invariant_10_a_killed_engine_leaves_nothing(contained: Probe, tmp_path: Path, stack: Stack) -> None:
    nap = f"611.{os.getpid()}{time.time_ns() % 1000}"
    environ = {**os.environ, "ASSAY_CACHE_DIR": str(contained.cache)}
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(stack.layers[0]), nap], env=environ)
    try:
        assert soon(lambda: napping(nap))
    finally:
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    assert soon(lambda: not napping(nap))
    assert soon(lambda: left(contained) == "")


def soon(holds) -> bool:
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def napping(nap: str) -> bool:
    found = False
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found = found or path.read_bytes() == f"/bin/sleep\0{nap}\0".encode()
        except OSError:
            continue
    return found
