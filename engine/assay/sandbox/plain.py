"""The backend `none`: plain processes on a copy of the tree, for hosts that cannot isolate anything.

Promises: only used when asked for by name, and its notes say what it does not do. The program runs in a
copy of the tree, at another path than the repository's; limits are those of a jail, by control groups where
they can be had and by looking else; processes that detach themselves are ended with the program. Nothing
keeps the program from reading or writing the host, nor from ending the process that looks after it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from assay.model.tool import Isolation
from assay.sandbox import custodian
from assay.sandbox.backend import Pipes, Standing, environment
from assay.sandbox.cgroups import Hierarchies, JailGroup, RunGroups
from assay.sandbox.launcher import Launcher
from assay.sandbox.namespaces import enter, find_setpriv
from assay.sandbox.plan import points_below
from assay.sandbox.scratch import Area, new_name, open_area
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import LOG, Started, first_process
from assay.sandbox.tree import measure, remove_tree
from assay.sandbox.usage import Processes, make_expendable
from assay.sandbox.view import within
from assay.sandbox.watch import Subject
from assay.sandbox.workspace import check_point, is_opaque, read_files

NOTES = (
    "no isolation: programs run as this user and can read and write whatever it can",
    "the tree is a copy at another path, so that whatever names the repository's own path means the "
    "repository itself (editable installs of a plain path or of setuptools excepted)",
    "network and what is written outside of the copy are not limited",
    "a program can end the process that looks after it, and leave others behind",
)


_PATIENCE_SECONDS = 20.0
"""How long the custodian may take to end what the program left behind."""


class PlainBackend:
    """Plain processes. Holds a scratch area, control groups and the launcher thread until closed."""

    def __init__(self, *, isolation: Isolation, runs: Path, hierarchies: Hierarchies) -> None:
        self.isolation = isolation
        self._setpriv = find_setpriv()
        self._numbers = itertools.count()
        name = new_name()
        self.hierarchies = hierarchies
        self._groups = RunGroups(hierarchies, name)
        self._area: Area = open_area(runs, name=name, groups=self._groups.directories)
        try:
            self._groups.make()
        except BaseException:
            self._area.close()
            raise
        self._launcher = Launcher(private=False)

    def prepare(self, command: JailCommand) -> _PlainRun:
        """See `Backend`."""
        layers = command.stack.layers if command.stack else ()
        points = points_below(command)
        for point, bind in points:
            check_point(layers, point, directory=bind.source.is_dir())
        name = format(next(self._numbers), "x")
        directory = self._area.path / name
        directory.mkdir(mode=0o700)
        for part in ("tree", "home", "tmp"):
            (directory / part).mkdir(mode=0o700)
        tree = directory / "tree"
        copy_layers(layers, tree)
        for point, bind in points:
            place = tree / point
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
            if not os.path.lexists(place):
                place.symlink_to(bind.source)
        return _PlainRun(self, command, directory, self._groups.jail(name, command.limits))

    @property
    def crowded(self) -> bool:
        """Whether the disk below the scratch area is full."""
        return self._area.full

    def standing(self) -> Standing:
        """See `Backend`. Nothing starts warm here."""
        return Standing()

    def close(self) -> None:
        """See `Backend`."""
        self._launcher.close()
        self._groups.close()
        self._area.close()

    def launch(self, run: _PlainRun, pipes: Pipes) -> int:
        """Start the first process: its pid."""
        command, tree = run.command, run.directory / "tree"
        argv = first_process("/bin/sh", _moved(command.cwd or command.root, command.root, tree), command.argv)
        argv = (
            self._setpriv,
            "--pdeathsig",
            custodian.KILL.name[3:],
            "--",
            *custodian.keep(argv, command.limits),
        )
        argv = enter(run.group, argv)
        variables = environment(command, str(run.directory / "home"))
        if "TMPDIR" not in command.variables:
            variables["TMPDIR"] = str(run.directory / "tmp")
        if "PYTHONPATH" in variables:
            paths = variables["PYTHONPATH"].split(os.pathsep)
            variables["PYTHONPATH"] = os.pathsep.join(_moved(Path(p), command.root, tree) for p in paths if p)
        # There is no supervisor to write a log, and the program would inherit it.
        os.close(pipes.theirs.pop(LOG))
        return self._launcher.call(lambda: self._launcher.spawn(argv, variables, pipes.theirs))


class _PlainRun:
    """One program with its copy of the tree."""

    def __init__(
        self, backend: PlainBackend, command: JailCommand, directory: Path, group: JailGroup | None
    ) -> None:
        self.command = command
        self.directory = directory
        self.group = group
        self._backend = backend
        self._already = measure(directory)

    def start(self, pipes: Pipes) -> Started:
        """See `Prepared`."""
        pid = self._backend.launch(self, pipes)
        make_expendable(pid)
        subject = Subject(
            tree=self.directory,
            already=self._already,
            memory=self._backend.hierarchies.memory is None,
            tasks=self._backend.hierarchies.pids is None,
            cpu=self._backend.hierarchies.cpu is None,
        )

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, custodian.KILL)

        def on_start() -> None:
            proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            subject.processes = Processes(proc, lambda: custodian.descendants(pid))

        return pipes.started(
            pid,
            group=self.group,
            kill=kill,
            on_start=on_start,
            patience=_PATIENCE_SECONDS,
            subject=subject,
        )

    def outputs(self, paths: tuple[str, ...], bound: int) -> dict[str, bytes]:
        """See `Prepared`."""
        return read_files(self.directory / "tree", paths, bound)

    def keep(self, target: Path) -> None:
        """The whole tree, as a layer that replaces what is below it file by file."""
        for point, _ in points_below(self.command):
            place = self.directory / "tree" / point
            if place.is_symlink():
                place.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.directory / "tree").rename(target)

    def crowded(self) -> bool:
        """See `Prepared`."""
        return self._backend.crowded

    def remove(self) -> None:
        """See `Prepared`."""
        if self.group is not None:
            self.group.remove()
        remove_tree(self.directory)


def copy_layers(layers: Iterable[Path], target: Path) -> None:
    """Write what overlayfs would show for `layers` (bottom first) to the empty directory `target`."""
    for layer in layers:
        _lay_over(layer, target)


def _lay_over(layer: Path, target: Path) -> None:
    for entry in sorted(os.scandir(layer), key=lambda each: each.name):
        source, place = Path(entry.path), target / entry.name
        status = source.lstat()
        if stat.S_ISDIR(status.st_mode):
            if os.path.lexists(place) and (is_opaque(source) or not place.is_dir() or place.is_symlink()):
                _remove(place)
            place.mkdir(exist_ok=True)
            _lay_over(source, place)
            continue
        if os.path.lexists(place):
            _remove(place)
        if stat.S_ISLNK(status.st_mode):
            place.symlink_to(source.readlink())
        elif stat.S_ISREG(status.st_mode):
            shutil.copy2(source, place)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        remove_tree(place)
    else:
        place.unlink()


def _moved(path: Path, root: Path, tree: Path) -> str:
    if within(str(path), str(root)):
        return str(tree / PurePosixPath(path).relative_to(root))
    return str(path)
