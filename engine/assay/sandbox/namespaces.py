"""The backend `nsjail`: programs in namespaces of their own, on an overlay of frozen layers.

Promises: what a jail shows is exactly `view`'s plan; the supervisor enters its control groups before it
becomes nsjail and dies with the launcher thread.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import shutil
import signal
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from assay.model.errors import Unsound
from assay.model.tool import Isolation, Tier
from assay.sandbox import nsjail, seccomp
from assay.sandbox.backend import Pipes, Standing, add_config, environment
from assay.sandbox.cgroups import Hierarchies, JailGroup, RunGroups
from assay.sandbox.etc import SHELL, build_etc
from assay.sandbox.identity import Identity
from assay.sandbox.launcher import Launcher
from assay.sandbox.plan import plan, points_below
from assay.sandbox.scratch import Area, new_name, open_area
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import GO, LOG, REPORT, STATUS, Started, first_process
from assay.sandbox.tree import remove_tree
from assay.sandbox.usage import make_expendable, open_processes
from assay.sandbox.view import Mount, MountKind, home_for, identity_files, inspect_system, overlay_options
from assay.sandbox.watch import Subject
from assay.sandbox.workspace import OnScratch, Scratch, check_point

if TYPE_CHECKING:
    from assay.sandbox.forkserver import ForkServers

# Enters the control groups whose files are named first (their number comes before them), then becomes the
# rest of its arguments.
_ENTER = """
count=$1
shift
while [ "$count" -gt 0 ]; do
    echo 0 >"$1" || exit 97
    shift
    count=$((count - 1))
done
exec "$@"
"""
_TREELESS = Path("/tmp")  # noqa: S108 -- inside the jail
"""Where a program without a tree starts."""
_HOST_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class NamespaceBackend:
    """Jails by nsjail. Holds a scratch area, control groups and the launcher thread until closed."""

    def __init__(
        self, *, isolation: Isolation, runs: Path, identity: Identity, hierarchies: Hierarchies, binary: Path
    ) -> None:
        """`runs`: the directory below which areas are made. Raises Unsound where nothing can be started."""
        self.isolation = isolation
        self.identity = identity
        self._binary = binary
        self._setpriv = find_setpriv()
        self._numbers = itertools.count()
        self._closed = False
        name = new_name()
        self._groups = RunGroups(hierarchies, name)
        self.cache = runs.parent
        self._servers: ForkServers | None = None
        self._litter = _Litter()
        self._scratch: Area = open_area(
            runs, name=name, groups=self._groups.directories, litter=self._litter.places
        )
        self.area = self._scratch.path
        try:
            self._groups.make()
            self._launcher = Launcher(private=os.geteuid() == 0 and not identity.is_self)
        except BaseException:
            self._groups.close()
            self._scratch.close()
            raise
        self._etc: dict[str, str] = {}
        # What cannot be started from there is taken from where it is, readable as it is.
        can_start = not os.statvfs(self.area).f_flag & os.ST_NOEXEC
        self._keeper = SHELL if can_start else "/bin/sh"
        self._mutex = threading.Lock()
        self.allowance = nsjail.Allowance(
            memory_group=hierarchies.memory is not None,
            pids_group=hierarchies.pids is not None,
            hard={
                "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
                "fsize": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
                "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1],
            },
        )

    def prepare(self, command: JailCommand) -> Jail:
        """See `Backend`."""
        layers = command.stack.layers if command.stack else ()
        for point, bind in points_below(command):
            check_point(layers, point, directory=bind.source.is_dir())
        name = format(next(self._numbers), "x")
        scratch = Scratch(self.area / name, self.identity) if command.stack else None
        try:
            group = self._groups.jail(name, command.limits)
        except OSError:
            if scratch is not None:
                scratch.remove()
            raise
        return Jail(self, command, scratch, group)

    @property
    def servers(self) -> ForkServers:
        """The warm interpreters."""
        from assay.sandbox.forkserver import ForkServers

        with self._mutex:
            if self._servers is None:
                self._servers = ForkServers(self)
            return self._servers

    @property
    def crowded(self) -> bool:
        """Whether the disk below the scratch area is full."""
        return self._scratch.full

    def standing(self) -> Standing:
        """See `Backend`."""
        return self._servers.standing() if self._servers is not None else Standing()

    def close(self) -> None:
        """See `Backend`."""
        if self._closed:
            return
        self._closed = True
        if self._servers is not None:
            self._servers.close()
        self._launcher.close()
        self._groups.close()
        self._scratch.close()
        self._litter.clear()

    def launch(self, jail: Jail, pipes: Pipes) -> int:
        """Start the supervisor of one jail: its pid."""
        command = jail.command
        cwd = command.cwd or (command.root if command.stack else _TREELESS)
        mounts = self.mounts(command)
        denied = seccomp.policy() if self.isolation.tier is Tier.HARDENED else ""

        def configure(reach: Reach) -> bytes:
            return nsjail.render(
                identity=self.identity,
                mounts=[_reached(mount, reach, jail) for mount in mounts],
                argv=first_process(self._keeper, str(cwd), command.argv),
                variables=environment(command, home_for(str(command.root))),
                limits=command.limits,
                allowance=self.allowance,
                passed=(STATUS, GO, *((REPORT,) if command.report else ())),
                log=LOG,
                seccomp=denied,
            )

        return self.spawn(configure, pipes, jail.group, jail.reached)

    def mounts(self, command: JailCommand) -> tuple[Mount, ...]:
        """All that a jail of `command` shows; see `plan`."""
        return plan(inspect_system(self._etc_for(home_for(str(command.root)))), command)

    def spawn(
        self,
        configure: Callable[[Reach], bytes],
        pipes: Pipes,
        group: JailGroup | None,
        reached: list[str],
    ) -> int:
        """Start nsjail in `group`, with the configuration that `configure` makes of what it reaches for: its
        pid. `reached` is added to, and has to be handed to `forget` in the end."""

        def reach(path: str) -> str:
            place = self._launcher.reach(path)
            reached.append(path)
            return place

        def work() -> int:
            path = add_config(pipes, configure(reach))
            # With the directory that its libraries are found in, relative to it.
            site = self._binary.parents[2]
            binary = f"{reach(str(site))}/{self._binary.relative_to(site)}"
            argv = (self._setpriv, "--pdeathsig", "KILL", "--", binary, "-C", path)
            return self._launcher.spawn(enter(group, argv), _HOST_PATH, pipes.theirs)

        return self._launcher.call(work)

    def new_directory(self, kind: str) -> Path:
        """A directory of its own in the run's area, which any user may pass and read."""
        directory = self.area / f"{kind}{next(self._numbers):x}"
        directory.mkdir(mode=0o755)
        directory.chmod(0o755)
        return directory

    def forget(self, reached: list[str]) -> None:
        """Let go of what a jail reached for."""
        if reached and not self._closed:
            self._launcher.call(lambda: self._launcher.let_go(reached))

    def _etc_for(self, home: str) -> str:
        with self._mutex:
            if home not in self._etc:
                directory = self.area / f"etc{len(self._etc)}"
                try:
                    build_etc(directory, identity_files(home))
                except OSError:
                    remove_tree(directory)  # a disk that was full for a moment
                    raise
                self._etc[home] = str(directory)
            return self._etc[home]


Reach = Callable[[str], str]


class Jail(OnScratch):
    """One prepared jail."""

    def __init__(
        self,
        backend: NamespaceBackend,
        command: JailCommand,
        scratch: Scratch | None,
        group: JailGroup | None,
    ) -> None:
        self.command = command
        self.scratch = scratch
        self.group = group
        self._backend = backend
        # Looked at here, since the launcher's thread sees another /tmp.
        stack = command.stack.layers if command.stack else ()
        self.anchors = tuple((layer, _anchor(layer)) for layer in stack)
        self.reached: list[str] = []
        self._first = -1

    def start(self, pipes: Pipes) -> Started:
        """See `Prepared`."""
        fork = None
        if self.command.warm is not None:
            fork = self._backend.servers.fork(self, pipes)
            self._first = fork.first
        pid = self._backend.launch(self, pipes) if fork is None else fork.pid

        def kill() -> None:
            # The first process of a pid namespace takes all the others with it, and its death lets the
            # supervisor clean up; before it exists there is only the supervisor.
            with contextlib.suppress(ProcessLookupError):
                if self._first >= 0:
                    signal.pidfd_send_signal(self._first, signal.SIGKILL)
                else:
                    os.kill(pid, signal.SIGKILL)

        allowance = self._backend.allowance
        subject = Subject(
            tree=self.scratch.upper if self.scratch is not None else None,
            memory=not allowance.memory_group,
            tasks=not allowance.pids_group,
            cpu=self.group is None or self.group.cpu_seconds() is None,
        )

        def on_start() -> None:
            first = _only_child(pid) if fork is None else fork.first_pid
            if first:
                self._first = os.pidfd_open(first) if fork is None else self._first
                places = ("/tmp", "/dev/shm", home_for(str(self.command.root)))  # noqa: S108 -- inside
                subject.processes, subject.private = open_processes(first, places)

        make_expendable(pid)
        return pipes.started(
            pid,
            group=self.group,
            kill=kill,
            on_start=on_start,
            subject=subject,
            reaping=fork,
            warm=fork is not None,
            left_out=() if fork is None else fork.left_out,
        )

    def crowded(self) -> bool:
        """See `Prepared`."""
        return self._backend.crowded

    def remove(self) -> None:
        """See `Prepared`."""
        if self._first >= 0:
            os.close(self._first)
            self._first = -1
        if self.group is not None:
            self.group.remove()
        if self.scratch is not None:
            self.scratch.remove()
        self._backend.forget(self.reached)
        self.reached = []


class _Litter:
    """nsjail makes a directory for its own mounts where it finds a place and leaves it there. For root that
    is in the launcher's private /tmp; for an ordinary user it goes with the run, even if it was there before:
    of runs that overlap, the last one finds the directories of the first."""

    def __init__(self) -> None:
        number = os.geteuid()
        tops = ("/run/user", "/tmp")  # noqa: S108 -- only directories that are empty are removed
        places = [f"{top}/nsjail.{number}.{kind}" for top in tops for kind in ("root", "tmp")]
        places += [f"/run/user/{number}/nsjail/{kind}" for kind in ("root", "tmp")]
        places.append(f"/run/user/{number}/nsjail")
        self.places = tuple(places)

    def clear(self) -> None:
        for place in self.places:
            with contextlib.suppress(OSError):
                Path(place).rmdir()


def enter(group: JailGroup | None, argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv`, after entering `group`."""
    if group is None:
        return argv
    files = tuple(str(entrance) for entrance in group.entrances)
    return ("/bin/sh", "-c", _ENTER, "assay-enter", str(len(files)), *files, *argv)


def find_setpriv() -> str:
    """util-linux's setpriv. Raises Unsound where it is missing."""
    found = shutil.which("setpriv", path=_HOST_PATH["PATH"])
    if found is None:
        raise Unsound(
            "the program setpriv is missing, so that jails could outlive the engine",
            where="sandbox",
            fix="install util-linux",
        )
    return found


def _reached(mount: Mount, reach: Reach, jail: Jail) -> Mount:
    """`mount` with its host paths as the jail's user can reach them."""
    if mount.kind is MountKind.BIND:
        return replace(mount, source=reach(mount.source))
    if mount.kind is MountKind.OVERLAY and jail.scratch is not None:
        top = reach(str(jail.scratch.directory))
        layers = tuple(
            str(Path(reach(str(anchor)), layer.relative_to(anchor))) for layer, anchor in jail.anchors
        )
        return replace(mount, options=overlay_options(layers, f"{top}/u", f"{top}/w"))
    return mount


def _anchor(layer: Path) -> Path:
    """What has to be reached for a layer: its parent where that lets everybody pass, since many layers have
    the same one."""
    return layer.parent if layer.parent.stat().st_mode & stat.S_IXOTH else layer


def _only_child(pid: int) -> int:
    """The only child of a supervisor, or 0 where the kernel does not tell."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return 0
