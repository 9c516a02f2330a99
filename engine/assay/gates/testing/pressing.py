"""Asking the project's interpreter for code: a run that compiles and executes nothing, see `inject/press.py`.

Promises: code comes back for what was asked for and for nothing else, and none of a report that is not whole.
It is never looked into by this process, which hands it back to the interpreter that wrote it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import structs

from assay.gates.inject.held import source
from assay.gates.protocol import Toolbox
from assay.gates.testing.conditions import USUAL
from assay.gates.testing.run import BOOT, injected, texts
from assay.model.candidate import Record
from assay.model.tool import Ending, ToolCall
from assay.sandbox.spec import JailCommand

_SECONDS = 120.0
_MODULES = ("constants", "marks", "compiling", "press")
_START = """
loaded, _ = load(parts(source.read({size}), False))
texts = parts(source.read({texts}), False)
loaded["press"].press({files}, {patterns}, texts, source.read())
"""


class File(Record, frozen=True, kw_only=True):
    """What is to be made: `kind` is one of `inject/compiling.py`'s."""

    path: str
    kind: str
    blob: str


PROGRAM = File(path="", kind="", blob="")
"""The injected modules themselves."""


async def pressed(
    toolbox: Toolbox, files: Mapping[File, bytes], patterns: Iterable[str]
) -> dict[File, bytes]:
    """The code of `files`, of which the texts are given, and of the injected modules (`PROGRAM`); marked for
    tests that are called as `patterns` say. A file of which none can be made is left out."""
    call = await toolbox.sandbox.run(await _command(toolbox, files, patterns))
    return dict(_told(call, {PROGRAM, *files}))


async def stem(toolbox: Toolbox, patterns: Iterable[str]) -> str:
    """What all code depends on besides the file's own bytes: our texts, and the interpreter with pytest."""
    environment = await toolbox.environment()
    digest = hashlib.sha256(ascii([injected(), source("press"), sorted(patterns)]).encode())
    return f"tests:code:{digest.hexdigest()}:{environment.digest}:{toolbox.repo.root}"


async def _command(toolbox: Toolbox, files: Mapping[File, bytes], patterns: Iterable[str]) -> JailCommand:
    environment = await toolbox.environment()
    modules = ascii([(name, source(name)) for name in _MODULES]).encode()
    start = _START.format(
        size=len(modules),
        texts=len(texts()),
        files=ascii([(file.path, file.kind, file.blob, len(text)) for file, text in files.items()]),
        patterns=ascii(list(patterns)),
    )
    program = f"{source('boot')}\n{start}".encode()
    return JailCommand(
        label="compiling ahead of time",
        argv=(str(environment.python), "-c", BOOT, str(len(program))),
        root=toolbox.repo.root,
        stack=await toolbox.stack(toolbox.base.tree),
        binds=environment.mounts,
        variables={**environment.variables, **USUAL.variables},
        limits=structs.replace(toolbox.policy.limits, seconds=_SECONDS),
        stdin=b"".join((program, modules, texts(), *files.values())),
        report=True,
    )


def _told(call: ToolCall, asked: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    """What was made of what was asked for; nothing of a report that is not whole."""
    if call.ending is not Ending.EXITED or call.exit_code != 0:
        return
    head, _, rest = call.report.partition(b"\n")
    try:
        entries = msgspec.json.decode(head, type=list[tuple[str, str, str, int]])
    except msgspec.MsgspecError:
        return
    if sum(size for *_, size in entries) != len(rest):
        return
    expected = frozenset(asked)
    for path, kind, blob, size in entries:
        file, code, rest = File(path=path, kind=kind, blob=blob), rest[:size], rest[size:]
        if file in expected:
            yield file, code
