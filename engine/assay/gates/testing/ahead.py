"""Code of the project's files, made once and there in every quick run: see `inject/compiling.py`.

Promises: nothing of the project is executed for it. What was made of the base is kept by a file's blob, path
and kind, so that it carries over from base to base; what was made of candidates is shared among them while
they are graded. Where it cannot be made, runs compile for themselves, as ever.
"""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import anyio

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, TRUSTED
from assay.gates.protocol import Toolbox
from assay.gates.testing.manifest import is_file, trusted_files
from assay.gates.testing.pressing import PROGRAM, File, pressed, stem
from assay.gates.testing.records import Learned
from assay.gates.testing.run import NOTHING, Made
from assay.gates.testing.run import texts as injected_texts
from assay.gates.testing.suite import Suite
from assay.model.candidate import Change

MOST_FILES = 400
MOST_BYTES = 8 << 20
"""More is not handed to each run."""
KEPT_BYTES = 16 << 20
"""Of candidates' files so much is kept, what was used last."""
LEAST_BYTES = 2_000
"""Less is compiled sooner than asked for."""
LARGEST = 1 << 20
"""A larger file is left to the runs: it is no one's source."""


async def made(toolbox: Toolbox, tree: str, suite: Suite) -> Made:
    """The code of what the base `tree`, whose run came to `suite`, loads; once per transaction. Nothing where
    that run told nothing."""
    if (learned := suite.learned) is None:
        return NOTHING
    return await toolbox.once(f"tests:made:{tree}", lambda: _made(toolbox, tree, suite, learned))


async def of_changes(toolbox: Toolbox, tree: str, changes: Iterable[Change], on_base: Suite) -> Made:
    """The code of those files of `tree` that `changes` make differ from the base, whose run came to
    `on_base`, and that runs of it will load. Nothing where that is not worth its while."""
    if (learned := on_base.learned) is None or toolbox.candidates < 2:
        return NOTHING
    paths = [change.path for change in changes if change.path.endswith(".py")]
    if not paths:
        return NOTHING
    trusted = await trusted_files(toolbox, tree)
    files = changed(paths, on_base, learned, trusted, _blobs(toolbox, tree, paths))
    texts = {file: text for file in files if len(text := toolbox.repo.blob(file.blob)) <= LARGEST}
    if sum(map(len, texts.values())) < LEAST_BYTES:
        return NOTHING

    async def begin() -> _Shared:
        return _Shared(toolbox, learned.patterns)

    shared = await toolbox.once(f"tests:press:{toolbox.base.tree}", begin)
    code = await shared.of(texts)
    return Made(files=dict(_within(code)), patterns=learned.patterns)


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


def changed(
    paths: Iterable[str],
    on_base: Suite,
    learned: Learned,
    trusted: Mapping[str, str],
    blobs: Mapping[str, str],
) -> tuple[File, ...]:
    """Which of the changed files, of which `blobs` has those that there are, a run will load, as far as the
    base's run tells: what it loaded, and new tests beside those that it did. Pure."""
    rewritten, loaded = frozenset(learned.rewritten), frozenset(on_base.loaded)
    others = frozenset(learned.others)
    test_directories = {posixpath.dirname(path) for path in rewritten}
    found = []
    for path in paths:
        if path not in blobs:
            continue
        if path not in trusted:
            kind = PRODUCT if path in others else ""
        elif path in loaded:
            kind = REWRITTEN if path in rewritten else TRUSTED
        else:
            new = posixpath.basename(path).startswith("test_") and posixpath.dirname(path) in test_directories
            kind = REWRITTEN if new else ""
        if kind:
            found.append(File(path=path, kind=kind, blob=blobs[path]))
    return tuple(found[:MOST_FILES])


class _Shared:
    """What candidates asked for, and what came of it, as long as there is room."""

    def __init__(self, toolbox: Toolbox, patterns: Sequence[str]) -> None:
        self._toolbox = toolbox
        self._patterns = patterns
        self._lock = anyio.Lock()
        self._kept: OrderedDict[File, bytes] = OrderedDict()

    async def of(self, texts: Mapping[File, bytes]) -> dict[File, bytes]:
        """The code of these files."""
        async with self._lock:
            missing = {file: text for file, text in texts.items() if file not in self._kept}
            code = await pressed(self._toolbox, missing, self._patterns)
            # What could not be made is not asked for again.
            found = {file: code.get(file, b"") if file in missing else self._kept[file] for file in texts}
            self._keep(found)
            return found

    def _keep(self, code: Mapping[File, bytes]) -> None:
        for file, text in code.items():
            self._kept[file] = text
            self._kept.move_to_end(file)
        room = KEPT_BYTES - sum(map(len, self._kept.values()))
        while room < 0:
            room += len(self._kept.popitem(last=False)[1])


async def _made(toolbox: Toolbox, tree: str, suite: Suite, learned: Learned) -> Made:
    trusted = await trusted_files(toolbox, tree)
    files = wanted(suite, learned, trusted, _blobs(toolbox, tree, learned.others))
    key = await stem(toolbox, learned.patterns)
    known = {file: await toolbox.recall(_key(key, file)) for file in (PROGRAM, *files)}
    if missing := [file for file, code in known.items() if code is None]:
        texts = {
            file: injected_texts() if file == PROGRAM else toolbox.repo.blob(file.blob) for file in missing
        }
        for file, code in (await pressed(toolbox, texts, learned.patterns)).items():
            known[file] = code
            await toolbox.remember(_key(key, file), code)
    modules = known.pop(PROGRAM)
    if not modules:
        return NOTHING
    return Made(modules=modules, files=dict(_within(known)), patterns=learned.patterns)


def _blobs(toolbox: Toolbox, tree: str, paths: Iterable[str]) -> dict[str, str]:
    entries = (toolbox.repo.entry(tree, path) for path in paths)
    return {entry.path: entry.blob for entry in entries if entry is not None and is_file(entry.mode)}


def _within(known: Mapping[File, bytes | None]) -> Iterator[tuple[tuple[str, str], tuple[str, bytes]]]:
    room = MOST_BYTES
    for file, code in known.items():
        room -= len(code or b"")
        if code and room > 0:
            yield (file.path, file.kind), (file.blob, code)


def _key(stem: str, file: File) -> str:
    return f"{stem}:{file.kind}:{file.blob}:{file.path}"
