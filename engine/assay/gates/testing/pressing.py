"""Asking the project's interpreter for code: a worker that compiles and executes nothing.

Promises: code comes back for what was asked for and for nothing else; whatever goes wrong there, there is
none, and whoever loads a file compiles it. Code is never looked into by this process, which hands it back to
the interpreter that wrote it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec import structs

from assay.gates import workers
from assay.gates.batch import ask
from assay.gates.frames import BadReply, Unit
from assay.gates.inject import press
from assay.gates.inject.held import source
from assay.gates.protocol import Toolbox
from assay.gates.testing.conditions import USUAL
from assay.gates.testing.run import injected
from assay.model.candidate import Record
from assay.model.errors import Unsound
from assay.sandbox.spec import Bind, JailCommand

WORKER = Path(workers.__path__[0]) / "press_worker.py"
LABEL = "compiling ahead of time"

_MODULES = ("constants", "marks", "compiling", "press")


class File(Record, frozen=True, kw_only=True):
    """What is to be made: `kind` is one of `inject/compiling.py`'s."""

    path: str
    kind: str
    blob: str


PROGRAM = File(path="", kind=press.PROGRAM, blob="")
"""The injected modules themselves, as `run.texts` writes them out."""


async def pressed(
    toolbox: Toolbox, files: Mapping[File, bytes], patterns: Iterable[str]
) -> dict[File, bytes]:
    """The code of `files`, of which the texts are given, marked for tests that are called as `patterns` say.
    Those of which none can be made are left out."""
    units = [
        Unit(id=number, content=text, meta={"path": file.path, "kind": file.kind})
        for number, (file, text) in enumerate(files.items())
    ]
    common = {"root": str(toolbox.repo.root), "patterns": list(patterns), "modules": _modules()}

    async def start() -> JailCommand:
        return await _command(toolbox)

    try:
        answers = await ask(toolbox, "press", start, units, common)
    except (BadReply, Unsound):
        return {}
    return {file: code for file, answer in zip(files, answers, strict=True) if (code := _code(answer))}


async def stem(toolbox: Toolbox, patterns: Iterable[str]) -> str:
    """What all code depends on besides the file's own bytes: our texts, and the interpreter with pytest."""
    environment = await toolbox.environment()
    digest = hashlib.sha256(ascii([injected(), source("press"), sorted(patterns)]).encode())
    return f"tests:code:{digest.hexdigest()}:{environment.digest}:{toolbox.repo.root}"


@cache
def _modules() -> list[tuple[str, str]]:
    return [(name, source(name)) for name in _MODULES]


async def _command(toolbox: Toolbox) -> JailCommand:
    environment = await toolbox.environment()
    # A worker lives as long as the run: time is limited per request, not here.
    limits = structs.replace(toolbox.policy.limits, seconds=0.0, cpu_seconds=0.0)
    return JailCommand(
        label=LABEL,
        argv=(str(environment.python), str(WORKER)),
        root=toolbox.repo.root,
        cwd=Path("/"),  # there is no tree in this jail
        binds=(*environment.mounts, Bind(source=WORKER)),
        variables={**environment.variables, **USUAL.variables},
        limits=limits,
        report=True,
    )


def _code(answer: Mapping[str, object] | None) -> bytes:
    said = answer.get("code") if answer else None
    try:
        return base64.b64decode(said, validate=True) if isinstance(said, str) else b""
    except ValueError:
        return b""
