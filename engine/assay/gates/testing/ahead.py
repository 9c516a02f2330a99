"""Code of the base's files, made once and there in every quick run: see `inject/compiling.py`.

Promises: nothing of the project is executed for it. What was made is kept by a file's blob, path and kind, so
that it carries over from base to base; where it cannot be made, runs compile for themselves, as ever. What is
kept is never looked into by this process, which hands it back to the interpreter that wrote it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import structs

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, TRUSTED
from assay.gates.inject.held import source
from assay.gates.protocol import Toolbox
from assay.gates.testing.conditions import USUAL
from assay.gates.testing.manifest import trusted_files
from assay.gates.testing.records import Learned
from assay.gates.testing.run import BOOT, NOTHING, Made, injected, texts
from assay.gates.testing.suite import Suite
from assay.model.candidate import Record
from assay.model.tool import Ending, ToolCall
from assay.sandbox.spec import JailCommand

MOST_FILES = 400
MOST_BYTES = 8 << 20
"""More is not handed to each run."""
_SECONDS = 120.0
_MODULES = ("constants", "marks", "compiling", "press")
_START = """
loaded, _ = load(parts(source.read({size}), False))
loaded["press"].press({files}, {patterns}, parts(source.read(), False))
"""


class File(Record, frozen=True, kw_only=True):
    """What is to be made: `kind` is one of `inject/compiling.py`'s."""

    path: str
    kind: str
    blob: str


async def made(toolbox: Toolbox, tree: str, suite: Suite) -> Made:
    """The code of what the base `tree`, whose run came to `suite`, loads; once per transaction. Nothing where
    that run told nothing."""
    if (learned := suite.learned) is None:
        return NOTHING
    return await toolbox.once(f"tests:made:{tree}", lambda: _made(toolbox, tree, suite, learned))


def wanted(
    suite: Suite, learned: Learned, trusted: Mapping[str, str], others: Mapping[str, str]
) -> tuple[File, ...]:
    """What a run loaded, by the blobs that its tree has. Pure."""
    rewritten = frozenset(learned.rewritten)
    found = [
        File(path=path, kind=REWRITTEN if path in rewritten else TRUSTED, blob=trusted[path])
        for path in suite.loaded
        if path in trusted
    ]
    found += [File(path=path, kind=PRODUCT, blob=others[path]) for path in learned.others if path in others]
    return tuple(found[:MOST_FILES])


async def _made(toolbox: Toolbox, tree: str, suite: Suite, learned: Learned) -> Made:
    trusted = await trusted_files(toolbox, tree)
    others = {path: entry.blob for path in learned.others if (entry := toolbox.repo.entry(tree, path))}
    files = wanted(suite, learned, trusted, others)
    program = File(path="", kind="", blob="")
    stem = await _stem(toolbox, learned.patterns)
    known = {file: await toolbox.recall(_key(stem, file)) for file in (program, *files)}
    if missing := [file for file, code in known.items() if code is None]:
        call = await toolbox.sandbox.run(await _command(toolbox, tree, missing, learned.patterns))
        for file, code in _told(call, missing):
            known[file] = code
            await toolbox.remember(_key(stem, file), code)
    modules = known.pop(program)
    if not modules:
        return NOTHING
    return Made(modules=modules, files=dict(_within(known)), patterns=learned.patterns)


def _within(known: dict[File, bytes | None]) -> Iterator[tuple[tuple[str, str], tuple[str, bytes]]]:
    room = MOST_BYTES
    for file, code in known.items():
        room -= len(code or b"")
        if code and room > 0:
            yield (file.path, file.kind), (file.blob, code)


async def _stem(toolbox: Toolbox, patterns: Iterable[str]) -> str:
    """What all code depends on besides the file's own bytes: our texts, and the interpreter with pytest."""
    environment = await toolbox.environment()
    digest = hashlib.sha256(ascii([injected(), source("press"), sorted(patterns)]).encode())
    return f"tests:code:{digest.hexdigest()}:{environment.digest}:{toolbox.repo.root}"


def _key(stem: str, file: File) -> str:
    return f"{stem}:{file.kind}:{file.blob}:{file.path}"


async def _command(toolbox: Toolbox, tree: str, files: list[File], patterns: Iterable[str]) -> JailCommand:
    environment = await toolbox.environment()
    modules = ascii([(name, source(name)) for name in _MODULES]).encode()
    start = _START.format(
        size=len(modules),
        files=ascii([(file.path, file.kind, file.blob) for file in files if file.path]),
        patterns=ascii(list(patterns)),
    )
    program = f"{source('boot')}\n{start}".encode()
    return JailCommand(
        label="compiling ahead of time",
        argv=(str(environment.python), "-c", BOOT, str(len(program))),
        root=toolbox.repo.root,
        stack=await toolbox.stack(tree),
        binds=environment.mounts,
        variables={**environment.variables, **USUAL.variables},
        limits=structs.replace(toolbox.policy.limits, seconds=_SECONDS),
        stdin=program + modules + texts(),
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
