"""Starting one fork server, trying it out, and asking it for one child.

Promises: the server is started by nsjail from the plan of a cold jail, without a tree, as the same user and
with no capability; what a child is asked to be follows from the plan, the limits and the tier that a cold
jail of the same command would have.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from assay.model.tool import Tier
from assay.policy.schema import Limits
from assay.sandbox import nsjail, trial
from assay.sandbox.backend import Pipes, environment, open_pipes
from assay.sandbox.forkserver_link import (
    ANSWER_SECONDS,
    Fork,
    Gone,
    NoChild,
    Request,
    Roll,
    Server,
    listening_pair,
    pack,
)
from assay.sandbox.forkserver_plan import AREA, HOOK, STAGE, child_steps, on_stage, server_mounts
from assay.sandbox.reaping import send
from assay.sandbox.spec import JailCommand, Stack, Warmth
from assay.sandbox.supervise import GO, LOG, REPORT, STATUS
from assay.sandbox.tree import remove_tree
from assay.sandbox.usage import make_expendable
from assay.sandbox.view import Mount, MountKind, home_for, overlay_options, within

if TYPE_CHECKING:
    from assay.sandbox.namespaces import Jail, NamespaceBackend, Reach

_START_SECONDS = 60.0
_CONTROL = 9
_UNLIMITED = Limits(seconds=0, cpu_seconds=0, memory=0, pids=0, file_size=0, open_files=0)
_PATH = "PYTHONPATH"
_PARTS = {
    "sitecustomize.py": "forkserver.py",
    "forkserver_child.py": "forkserver_child.py",
    "forkserver_kernel.py": "forkserver_kernel.py",
}
"""The server's program, by names under which the interpreter finds it before it does anything else."""
_OURS = 2
"""Processes of one child that count towards the user's and are not the program's."""


def start(
    backend: NamespaceBackend, jail: Jail, modules: tuple[str, ...], roll: Roll
) -> tuple[Server, list[str]]:
    """A server for programs like that of `jail`, and its first words. Raises Gone."""
    command = jail.command
    directory = backend.new_directory("fork")
    _install(directory, backend, command, modules)
    places = _places(backend, jail, directory)
    mounts = server_mounts(backend.mounts(command), places)
    variables = environment(command, home_for(str(command.root)))
    variables[_PATH] = os.pathsep.join((HOOK, *filter(None, [variables.get(_PATH)])))

    def configure(reach: Reach) -> bytes:
        return nsjail.render(
            identity=backend.identity,
            mounts=[_reached(mount, reach) for mount in mounts],
            argv=command.argv[:3],
            variables=variables,
            limits=_UNLIMITED,
            allowance=backend.allowance,
            passed=(_CONTROL,),
            log=LOG,
        )

    ours, theirs = listening_pair()
    pipes = _pipes(theirs.detach())
    reached: list[str] = []
    try:
        supervisor = backend.spawn(configure, pipes, None, reached)
    except BaseException:
        pipes.close()
        ours.close()
        raise
    pipes.close_theirs()
    make_expendable(supervisor)
    server = Server(supervisor=supervisor, channel=ours, places=places, roll=roll)
    server.on_close = lambda: backend.forget(reached)
    try:
        words = server.first_words(_START_SECONDS)
        if words == [""]:
            words = ["cannot", _complaint(pipes)]
    except BaseException:
        server.close()
        raise
    finally:
        pipes.close()
    return server, words


def ask(
    backend: NamespaceBackend, server: Server, jail: Jail, pipes: Pipes, instead: tuple[str, ...] = ()
) -> Fork:
    """A child of `server` that is about to become the program of `jail`, or `instead`. Raises Gone or
    NoChild."""
    command = jail.command
    mounts = backend.mounts(command)
    tree = next(mount.target for mount in mounts if mount.kind is MountKind.OVERLAY)
    limits = nsjail.rlimits(command.limits, backend.allowance, ours=_OURS)
    request = Request(
        mounts=child_steps(mounts, _overlay(server, jail)),
        cwd=str(command.cwd or command.root),
        limits=tuple((getattr(resource, f"RLIMIT_{each.name.upper()}"), each) for each in limits),
        arguments=command.argv[3:],
        tree=tree,
        report=command.report,
        instead=instead,
    )
    numbers = (LOG, STATUS, GO, 0, 1, 2, *((REPORT,) if command.report else ()))
    entrances = [str(path) for path in jail.group.entrances] if jail.group is not None else []
    return server.fork(request, [pipes.theirs[number] for number in numbers], entrances)


def try_out(backend: NamespaceBackend, server: Server, jail: Jail) -> str:
    """Try in a child what jails are tried with. Empty when all went well, else what did not."""
    directory = backend.new_directory("try")
    layers = trial.make_layers(directory, backend.identity)
    hardened = backend.isolation.tier is Tier.HARDENED
    argv = trial.command_line(hardened=hardened, hidden=str(backend.area), empty=STAGE)
    like = jail.command
    command = JailCommand(
        label="trial",
        argv=argv,
        root=like.root,
        binds=like.binds,
        variables=like.variables,
        stack=Stack(layers=layers, tree=""),
    )
    prepared = backend.prepare(command)
    try:
        pipes = open_pipes(command, keep_stdin=False)
        try:
            return _converse(backend, server, prepared, pipes)
        finally:
            pipes.close()
    finally:
        if prepared.group is not None:
            server.charge(prepared.group.cpu_seconds() or 0.0)
        prepared.remove()
        remove_tree(directory)


def _converse(backend: NamespaceBackend, server: Server, prepared: Jail, pipes: Pipes) -> str:
    words = b""
    with contextlib.suppress(Gone, NoChild):
        fork = ask(backend, server, prepared, pipes, prepared.command.argv)
        pipes.close_theirs()
        words = trial.converse(pipes.ours[STATUS], pipes.ours[GO])
        send(fork.first, signal.SIGKILL)
        select.select([fork.descriptor], [], [], ANSWER_SECONDS)
        os.close(fork.first)
        fork.close()
    return trial.judge(words, os.pread(pipes.ours[LOG], 4096, 0).decode("utf-8", "replace"))


def _install(
    directory: Path, backend: NamespaceBackend, command: JailCommand, modules: tuple[str, ...]
) -> None:
    """Write the server's program, and what it has to know."""
    for name, part in _PARTS.items():
        (directory / name).write_bytes((resources.files("assay.sandbox") / "inject" / part).read_bytes())
    root = str(command.root)
    targets = (str(bind.target or bind.source) for bind in command.binds)
    warm = command.warm or Warmth()
    setup = {
        "command": list(command.argv[:3]),
        "modules": list(modules),
        "path": command.variables.get(_PATH),
        "shown": [target for target in targets if within(target, root)],
        "filter": _filter(backend.isolation.tier),
        "prelude": warm.prelude,
        "given": warm.given,
    }
    (directory / "setup").write_bytes(pack(setup))


def _filter(tier: Tier) -> bytes:
    if tier is not Tier.HARDENED:
        return b""
    from assay.sandbox import bpf

    return bpf.program()


def _places(backend: NamespaceBackend, jail: Jail, directory: Path) -> dict[str, str]:
    """What the stage has of the host: all layers, wherever they come to be, below the cache."""
    places = {str(backend.cache): f"{STAGE}/c", str(backend.area): AREA, str(directory): HOOK}
    for layer, anchor in jail.anchors:
        if on_stage(layer, places) is None:
            places[str(anchor)] = f"{STAGE}/l{len(places)}"
    return places


def _overlay(server: Server, jail: Jail) -> str:
    """The overlay's options by the stage's paths. Raises NoChild for layers that the server cannot reach."""
    assert jail.scratch is not None
    layers = []
    for layer, _ in jail.anchors:
        if (place := on_stage(layer, server.places)) is None:
            raise NoChild("a layer is in a place that the warm interpreter was not given")
        layers.append(place)
    top = on_stage(jail.scratch.directory, server.places)
    return overlay_options(tuple(layers), f"{top}/u", f"{top}/w")


def _reached(mount: Mount, reach: Reach) -> Mount:
    return replace(mount, source=reach(mount.source)) if mount.kind is MountKind.BIND else mount


def _pipes(control: int) -> Pipes:
    """The server's descriptors. What it prints is only looked at if it does not start."""
    theirs = {_CONTROL: control, 0: os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)}
    said, theirs[1] = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(theirs[1], True)
    theirs[2] = os.dup(theirs[1])
    theirs[LOG] = os.memfd_create("assay-log", os.MFD_CLOEXEC)
    return Pipes(theirs=theirs, ours={1: said, LOG: os.dup(theirs[LOG])})


def _complaint(pipes: Pipes) -> str:
    """Why a server ended before it spoke."""
    try:
        said = os.read(pipes.ours[1], 1 << 16).decode("utf-8", "replace").strip()
    except BlockingIOError:
        said = ""
    log = os.pread(pipes.ours[LOG], 4096, 0).decode("utf-8", "replace")
    return said.splitlines()[-1] if said else trial.complaint(log) or "it ended without a word"
