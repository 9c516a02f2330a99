"""The project's own interpreter, and what of the host a jail must show for it to work.

Promises: discovery only reads; it never starts the project's interpreter and never runs code of the project.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import field
from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.policy import schema
from assay.sandbox.checkouts import own_place, project_name
from assay.sandbox.installed import (
    contents,
    digest,
    holds_a_copy,
    import_paths,
    linked_paths,
    package_directories,
)
from assay.sandbox.interpreter import Interpreter, find_interpreter, is_system
from assay.sandbox.spec import Bind

_CPU_COUNT = "PYTHON_CPU_COUNT"
_SOURCES = "src"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ProjectEnvironment(Record, frozen=True, kw_only=True):
    """How a program of the project is run inside a jail.

    `python` is the interpreter's path as seen inside, `mounts` are read-only binds (and links by which an
    editable install of another checkout of the project leads to the candidate), `variables` go into
    `JailCommand.variables`. `imports` are the directories of the repository that editable installs import
    from. `cpus` is how many processors tests may use, 0 for those of this host. `digest` (hexadecimal)
    changes when the interpreter, an installed distribution, what is shown of other projects and directories,
    a variable, or the number of processors changes: it is part of every verdict's key (invariant 8).
    """

    python: Path
    mounts: tuple[Bind, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    imports: tuple[Path, ...] = ()
    cpus: int = 0
    digest: str

    def with_more(self, name: str, value: str) -> ProjectEnvironment:
        """The same, with one more thing that verdicts depend on in the digest."""
        mixed = hashlib.sha256(f"{self.digest} {name}={value}".encode("utf-8", "surrogateescape"))
        return replace(self, digest=mixed.hexdigest())

    def importing(self) -> ProjectEnvironment:
        """The same, with editable installs ahead on the import path: for trees that are not at the path which
        the installs name."""
        own = self.variables.get("PYTHONPATH", "")
        path = os.pathsep.join((*((own,) if own else ()), *map(str, self.imports)))
        return replace(self, variables={**self.variables, "PYTHONPATH": path}) if self.imports else self

    def inside(self, root: Path) -> tuple[str, ...]:
        """The mounts below `root`, relative to it."""
        targets = (bind.target or bind.source for bind in self.mounts)
        return tuple(str(target.relative_to(root)) for target in targets if root in target.parents)


def discover(
    repo_root: Path, settings: schema.Environment, host_environ: Mapping[str, str]
) -> ProjectEnvironment:
    """The environment of the project whose work tree is `repo_root`. Raises BadInput for an interpreter or a
    path that the policy names and that is not there."""
    interpreter = find_interpreter(repo_root, settings.python, host_environ)
    directories = package_directories(interpreter)
    shown = dict(interpreter.shown)
    links: dict[Path, Path] = {}
    held: dict[Path, str] = {}
    for path in sorted(linked_paths(directories)):
        if _covered(path, repo_root, {**shown, **links}):
            continue
        if (own := own_place(path, repo_root)) is None:
            shown[path] = path
            held[path] = contents(path)
        elif own != repo_root:  # the tree itself is where programs start, and needs no second name
            links[path] = own
    for named in settings.read:
        shown[_readable(named)] = Path(named).resolve()
        held[Path(named)] = contents(Path(named))
    variables = _variables(interpreter, settings, host_environ)
    if _shadowed(directories, repo_root):
        ahead = (variables.get("PYTHONPATH", ""), str(repo_root / _SOURCES))
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, ahead))
    places = {**shown, **links}
    seen = {
        **variables,
        "cpus": str(_processors(settings.cpus)),
        **{f"show {target}": str(source) for target, source in places.items()},
        **{f"hold {target}": found for target, found in held.items()},
    }
    return ProjectEnvironment(
        python=interpreter.python,
        mounts=tuple(
            Bind(source=source, target=target, link=target in links)
            for target, source in sorted(places.items())
            if not is_system(target) and target != repo_root
        ),
        variables=variables,
        imports=_imports(directories, repo_root),
        cpus=settings.cpus,
        digest=digest(interpreter, directories, seen),
    )


def _variables(
    interpreter: Interpreter, settings: schema.Environment, host_environ: Mapping[str, str]
) -> dict[str, str]:
    variables = {name: host_environ[name] for name in settings.pass_ if name in host_environ}
    variables["PATH"] = f"{interpreter.python.parent}:{_PATH}"
    if interpreter.environment is not None:
        variables["VIRTUAL_ENV"] = str(interpreter.environment)
    if settings.cpus:
        variables[_CPU_COUNT] = str(settings.cpus)
    return {**variables, **settings.set}


def _processors(wanted: int) -> int:
    """How many processors a test can count: what depends on that must not be taken for the same elsewhere."""
    there = len(os.sched_getaffinity(0))
    return min(wanted or there, there)


def _shadowed(directories: tuple[Path, ...], repo_root: Path) -> bool:
    """Whether tests would import an installed copy of the project in the candidate's place: it lies in the
    import path, and the sources, being apart from the tests, do not."""
    name = project_name(repo_root)
    return bool(name) and (repo_root / _SOURCES).is_dir() and holds_a_copy(directories, name)


def _imports(directories: tuple[Path, ...], root: Path) -> tuple[Path, ...]:
    """Where in the repository editable installs import from, those of its other checkouts included."""
    paths = import_paths(directories)
    own = (path if path == root or root in path.parents else own_place(path, root) for path in paths)
    return tuple(dict.fromkeys(path for path in own if path is not None))


def _covered(path: Path, repo_root: Path, shown: Mapping[Path, Path]) -> bool:
    """Whether `path` is the candidate's own, or is shown already, or would show half of the host."""
    if is_system(path) or len(path.parts) < 3:
        return True
    if path == repo_root or repo_root in path.parents or path in repo_root.parents:
        return True
    return any(path == target or target in path.parents for target in shown)


def _readable(named: str) -> Path:
    path = Path(named)
    if not path.is_absolute() or not path.exists():
        raise BadInput(
            f"{named!r} is not an absolute path of this host",
            where="policy [environment] read",
            fix="name paths that exist, absolutely",
        )
    return path
