"""The backend `docker` or `podman`: programs in containers of an engine that this user may use.

For hosts without user namespaces. Promises: what a container shows is `plan`'s plan, as in a jail of
nsjail's; no image is fetched, the one used holds nothing but links; the tree is an overlay that the engine
mounts, so that preparing costs as little as elsewhere; a program is never the host's root; containers and
volumes are gone when the transaction is, and those of a killed engine go with its area or with the next
run. A start costs some tenths of a second, which the engine's command line takes.
"""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import threading
from pathlib import Path, PurePosixPath

from assay.model.errors import Unsound
from assay.model.tool import Isolation
from assay.sandbox.backend import Pipes, Standing, environment
from assay.sandbox.etc import SHELL, build_etc
from assay.sandbox.identity import Identity
from assay.sandbox.launcher import Launcher
from assay.sandbox.namespaces import find_setpriv
from assay.sandbox.oci_accounts import Accounts
from assay.sandbox.oci_engine import Engine, farewell, import_image, prefix, remove_named
from assay.sandbox.oci_first import SCRIPT, Names, script
from assay.sandbox.oci_plan import (
    container_arguments,
    image_content,
    private_place,
    split_links,
)
from assay.sandbox.oci_sweep import clear_work, sweep_leftovers
from assay.sandbox.plan import plan, points_below
from assay.sandbox.scratch import Area, new_name, open_area
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import LOG, Started
from assay.sandbox.tree import remove_tree
from assay.sandbox.usage import Processes
from assay.sandbox.view import MountKind, home_for, identity_files, inspect_system, overlay_options
from assay.sandbox.watch import Subject
from assay.sandbox.workspace import OnScratch, Scratch, check_point

NOTES = (
    "containers of an engine: system calls are filtered by the engine's own profile, and programs have the "
    "same numeric user as on the host",
)

# Makes the volume, if it has a name, and runs the container; then writes down whether the kernel killed in it
# for want of memory, which nobody can tell any more once it is removed. Arguments: where to write that, the
# volume's name, its options, the engine's program, the container's name, and what to run.
_SUPERVISE = """
killed=$1 volume=$2 options=$3 program=$4 name=$5
shift 5
unheld() { "$program" "$@" 3>&- 4>&- 5<&- 7>&- 8>&- 9<&-; }
create() { unheld volume create --driver=local --opt=type=overlay --opt=device=overlay "$@"; }
if [ -n "$volume" ]; then
    create --opt="o=$options" "$volume" >/dev/null || exit 125
fi
unheld "$@"
code=$?
[ "$code" = 0 ] || unheld container inspect --format '{{.State.OOMKilled}}' "$name" >"$killed" 2>/dev/null
exit "$code"
"""

# Kills a container, which may be there only in a moment: to kill the engine's command line while it makes one
# would leave that to nobody. After some seconds it is killed all the same. Arguments: the engine's program,
# the container's name, its supervisor.
_KILL = """
tries=0
until "$1" kill "$2"; do
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || exec kill -9 -- "-$3"
    sleep 0.5
done
"""
_TREELESS = Path("/tmp")  # noqa: S108 -- inside the jail
_PATIENCE_SECONDS = 30.0
"""How long an engine may take to end a container whose program is over."""


class ContainerBackend:
    """Containers by docker or podman. Holds a scratch area and the launcher thread until closed."""

    def __init__(self, *, isolation: Isolation, runs: Path, identity: Identity, engine: Engine) -> None:
        """`runs`: the directory below which areas are made. Raises Unsound where nothing can be started, or
        only as the host's root."""
        if identity.uid == 0:
            raise Unsound(
                "containers would run as root, since no other user is known here",
                where="sandbox",
                fix="run as an ordinary user who may use the container engine",
            )
        self.isolation = isolation
        self.identity = identity
        self.engine = engine
        self.setpriv = find_setpriv()
        self._numbers = itertools.count()
        self._closed = False
        name = new_name()
        sweep_leftovers(engine, runs)
        self.prefix = f"{prefix(runs)}{name}-"
        self._area: Area = open_area(
            runs, name=name, farewell=farewell(engine, self.prefix), environ=os.environ
        )
        self._etc: dict[str, str] = {}
        self._images: dict[bytes, str] = {}
        self._mutex = threading.Lock()
        can_start = not os.statvfs(self._area.path).f_flag & os.ST_NOEXEC
        self.shell = SHELL if can_start else "/bin/sh"
        self.hard = {
            "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        }
        self.launcher = Launcher(private=False)

    def prepare(self, command: JailCommand) -> _Container:
        """See `Backend`."""
        layers = command.stack.layers if command.stack else ()
        points = points_below(command)
        for point, bind in points:
            check_point(layers, point, directory=bind.source.is_dir())
        name = format(next(self._numbers), "x")
        container = _Container(self, command, self._area.path / name, self.prefix + name)
        if container.scratch is not None:
            # The engine would make these as root, in directories that then an ordinary user cannot empty.
            for point, bind in points:
                if not bind.link:
                    upper, directory = container.scratch.upper, bind.source.is_dir()
                    _make_point(upper, point, directory=directory, owner=self.identity)
        return container

    @property
    def crowded(self) -> bool:
        """Whether the disk below the scratch area is full."""
        return self._area.full

    def standing(self) -> Standing:
        """See `Backend`. Nothing starts warm here."""
        return Standing()

    def close(self) -> None:
        """See `Backend`."""
        if self._closed:
            return
        self._closed = True
        self.launcher.close()
        remove_named(self.engine, self.prefix)
        self._area.close()

    def etc_for(self, home: str) -> str:
        """The directory that stands in for /etc where `home` is the home directory."""
        with self._mutex:
            if home not in self._etc:
                directory = self._area.path / f"etc{len(self._etc)}"
                build_etc(directory, identity_files(home, self.identity.uid, self.identity.gid))
                self._etc[home] = str(directory)
            return self._etc[home]

    def image_for(self, content: bytes) -> str:
        """The image with this content. Raises OSError if the engine has none and makes none."""
        with self._mutex:
            if content not in self._images:
                self._images[content] = import_image(self.engine, content)
            return self._images[content]


class _Container(OnScratch):
    """One prepared container."""

    def __init__(self, backend: ContainerBackend, command: JailCommand, directory: Path, name: str) -> None:
        self._backend = backend
        self._command = command
        self._name = name
        self._directory = directory
        directory.mkdir(mode=0o711)
        directory.chmod(0o711)
        identity = backend.identity
        self.scratch = Scratch(directory / "t", identity) if command.stack else None
        self._names = Names(directory / "n", identity)
        self._accounts = Accounts(directory / "id", directory / "killed")
        self._killers: list[subprocess.Popen[bytes]] = []

    def start(self, pipes: Pipes) -> Started:
        """See `Prepared`."""
        backend = self._backend
        numbers, held = self._names.connect(pipes)
        argv = self._supervisor(numbers)
        log = pipes.theirs[LOG]
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            pid = backend.launcher.call(
                lambda: backend.launcher.spawn(argv, os.environ, {**held, 0: null, 1: log, 2: log})
            )
        finally:
            os.close(null)

        subject = Subject(tree=self.scratch.upper if self.scratch is not None else None)

        def kill() -> None:
            self._accounts.look()
            argv = ("/bin/sh", "-c", _KILL, "assay-kill", backend.engine.program, self._name, str(pid))
            quiet = subprocess.DEVNULL
            # Not waited for: its end is seen by the supervisor's.
            self._killers.append(subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet))

        def on_start() -> None:
            self._names.forget()
            self._accounts.look()
            proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            subject.processes = Processes(proc, self._accounts.pids)

        return pipes.started(
            pid,
            group=self._accounts,
            kill=kill,
            on_start=on_start,
            on_end=self._accounts.look,
            patience=_PATIENCE_SECONDS,
            subject=subject,
        )

    def crowded(self) -> bool:
        """See `Prepared`."""
        return self._backend.crowded

    def remove(self) -> None:
        """See `Prepared`."""
        for killer in self._killers:
            killer.kill()
            killer.wait()
        engine = self._backend.engine
        engine.try_call("rm", "--force", "--volumes", self._name)
        if self.scratch is not None:
            engine.try_call("volume", "rm", "--force", self._name)
            clear_work(engine, self.scratch.work)
            self.scratch.remove()
        remove_tree(self._directory)

    def _supervisor(self, numbers: tuple[int, ...]) -> tuple[str, ...]:
        backend, command = self._backend, self._command
        root = str(command.root)
        home = home_for(root)
        mounts = plan(inspect_system(backend.etc_for(home)), command)
        links = split_links(mounts)
        place = private_place((root, *(mount.target for mount in mounts)))
        content = script(
            place=place,
            numbers=numbers,
            cwd=str(command.cwd or (command.root if command.stack else _TREELESS)),
            argv=command.argv,
            variables=environment(command, home),
            links=links.late,
        )
        self._names.write(SCRIPT, content)
        volume, options = "", ""
        if self.scratch is not None and any(mount.kind is MountKind.OVERLAY for mount in mounts):
            assert command.stack is not None
            layers = tuple(str(layer) for layer in command.stack.layers)
            volume = self._name
            options = overlay_options(layers, str(self.scratch.upper), str(self.scratch.work))
        arguments = container_arguments(
            kind=backend.engine.kind,
            name=self._name,
            image=backend.image_for(image_content(links.rooted)),
            identity=backend.identity,
            mounts=mounts,
            volume=volume,
            private=self._names.directory,
            private_target=place,
            cidfile=self._directory / "id",
            limits=command.limits,
            hard=backend.hard,
            shell=backend.shell,
            script=SCRIPT,
        )
        killed = str(self._directory / "killed")
        supervise = ("/bin/sh", "-c", _SUPERVISE, "assay-container", killed, volume, options)
        return (
            backend.setpriv,
            "--pdeathsig",
            "KILL",
            "--",
            *supervise,
            backend.engine.program,
            self._name,
            *arguments,
        )


def _make_point(upper: Path, point: PurePosixPath, *, directory: bool, owner: Identity) -> None:
    """Make the place of a mount in the scratch layer, and what is above it, as the jail's user's own."""
    here = upper
    for depth, part in enumerate(point.parts, 1):
        here = here / part
        if here.is_dir() or (depth == len(point.parts) and here.exists()):
            continue
        if depth == len(point.parts) and not directory:
            here.touch(mode=0o644)
        else:
            here.mkdir(mode=0o755)
            here.chmod(0o755)
        if not owner.is_self:
            os.chown(here, owner.uid, owner.gid)
