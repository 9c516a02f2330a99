"""The command line of a container engine: docker or podman, whichever this user may use.

Promises: nothing is pulled, ever; what an engine is, is told by its own `--version`, what it can do, by
trying. Calls end after a bounded time. What is made has names that start with `assay-` and tell whose
it is, so that what a killed run left can be found and removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from assay.model.candidate import Record
from assay.model.errors import Unsound

NAMED_BY = "ASSAY_OCI"
"""The host variable that names the engine's program, by name or path."""
_KNOWN = ("docker", "podman")
_SECONDS = 60.0
_LONGEST = 300


class Kind(StrEnum):
    """Whose command line it is: the two differ in a few options."""

    DOCKER = "docker"
    PODMAN = "podman"


class Engine(Record, frozen=True, kw_only=True):
    """One engine's program. `version` is what it says of itself."""

    kind: Kind
    program: str
    version: str

    def call(self, *arguments: str, stdin: bytes = b"") -> str:
        """What the engine answers on standard output. Raises OSError with its own words if it fails."""
        try:
            done = subprocess.run(
                (self.program, *arguments), input=stdin, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise OSError(0, f"{self.kind} {arguments[0]} took more than {_SECONDS:g} s") from None
        if done.returncode != 0:
            raise OSError(0, last_words(done.stderr) or f"{self.kind} {arguments[0]} failed")
        return done.stdout.decode("utf-8", "replace")

    def try_call(self, *arguments: str) -> str:
        """Like `call`, for tidying: what fails is left for the next one who tidies."""
        try:
            return self.call(*arguments)
        except OSError:
            return ""


def find_engines(environ: Mapping[str, str]) -> tuple[Engine, ...]:
    """The engines on this host's path, or the one that ASSAY_OCI names. Raises Unsound if that one is not
    there."""
    if named := environ.get(NAMED_BY):
        engine = _identify(named, environ)
        if engine is None:
            raise Unsound(
                f"{named} is no docker or podman program",
                where=NAMED_BY,
                fix="name the program docker or podman, or unset it",
            )
        return (engine,)
    found = (_identify(name, environ) for name in _KNOWN)
    return tuple({engine.version: engine for engine in found if engine is not None}.values())


def import_image(engine: Engine, content: bytes) -> str:
    """The name of an image that holds the files of the tar archive `content`, imported unless it is there.
    Raises OSError."""
    name = f"assay-root:{hashlib.sha256(content).hexdigest()[:16]}"
    if not engine.try_call("image", "inspect", "--format", "{{.Id}}", name):
        engine.call("import", "-", name, stdin=content)
    return name


def prefix(runs: Path) -> str:
    """How names of all that belongs to runs below `runs` begin."""
    return f"assay-{hashlib.sha256(os.fsencode(runs)).hexdigest()[:8]}-"


def remove_named(engine: Engine, beginning: str, live: Iterable[str] = ()) -> None:
    """Remove every container and volume whose name is `beginning`, the name of a run, and more; runs in
    `live` are left alone."""
    alive = frozenset(live)

    def stale(names: str) -> list[str]:
        mine = [name for name in names.split() if name.startswith(beginning)]
        return [name for name in mine if name[len(beginning) :].partition("-")[0] not in alive]

    names = engine.try_call("ps", "--all", "--filter", f"name={beginning}", "--format", "{{.Names}}")
    if containers := stale(names):
        engine.try_call("rm", "--force", "--volumes", *containers)
    names = engine.try_call("volume", "ls", "--filter", f"name={beginning}", "--format", "{{.Name}}")
    if volumes := stale(names):
        engine.try_call("volume", "rm", "--force", *volumes)


def farewell(engine: Engine, beginning: str) -> str:
    """A shell command that removes what begins so, for whoever outlives the engine of this run. The name has
    nothing in it that a shell would take for its own."""
    program = "'" + engine.program.replace("'", "'\\''") + "'"
    return (
        f"for each in $({program} ps --all --filter name={beginning} --format '{{{{.Names}}}}'); "
        f"do {program} rm --force --volumes $each; done; "
        f"for each in $({program} volume ls --filter name={beginning} --format '{{{{.Name}}}}'); "
        f"do {program} volume rm --force $each; done"
    )


def last_words(said: bytes) -> str:
    """The last line that is not advice."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith(("See '", "Run '"))]
    return lines[-1][-_LONGEST:] if lines else ""


def _identify(name: str, environ: Mapping[str, str]) -> Engine | None:
    program = shutil.which(name, path=environ.get("PATH", ""))
    if program is None:
        return None
    try:
        done = subprocess.run((program, "--version"), capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = done.stdout.decode("utf-8", "replace").strip()
    for kind in Kind:
        # podman is often installed under docker's name, and says so.
        if done.returncode == 0 and said.lower().startswith(f"{kind} "):
            return Engine(kind=kind, program=str(Path(program).absolute()), version=said.partition("\n")[0])
    return None


def describe(engines: Sequence[Engine]) -> str:
    """The engines, in a few words."""
    return "; ".join(f"{engine.version}, {engine.program}" for engine in engines)
