"""A word that one candidate has renamed wherever it stood, in whatever kind of file, and another newly says.

Fields, placeholders, columns, keys: what code, texts and templates agree upon by a word alone is renamed line
by line, and nothing is left of it.

Promises: pure but for reading blobs. The last resort, suspected only, and said of telling words alone: those
of several parts, which no source of the tree has any more, and which the other does not bring along by
itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.gates.syntax import nodes_in
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.edits import Edits, Hunk
from assay.patchset.facts.library import Lines, Span, is_python
from assay.patchset.facts.records import Kind
from assay.patchset.places import place_of
from assay.patchset.texts import TEXT
from assay.patchset.touch import Touch, written

_WORD = re.compile(rb"[A-Za-z][A-Za-z0-9]*(?:[_-]+[A-Za-z0-9]+)+|[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]+)+")
_ANY = re.compile(rb"[\w-]+")
_TELLS = (
    ".html", ".htm", ".j2", ".jinja", ".tmpl", ".mako", ".xml", ".sql", ".toml", ".yaml", ".yml", ".json",
    ".ini", ".cfg", ".js", ".ts",
)  # fmt: skip
_DOCS = ("doc", "change", "history", "news", "readme", "test", "example")
_MOST = 256 * 1024
_MOST_WORDS = 40


class Renamed(NamedTuple):
    """Where a word was renamed, and to what."""

    path: str
    line: int
    other: str


def renamed(touch: Touch, edits: Edits) -> dict[str, Renamed]:
    """The words that a candidate replaces by others in lines that are otherwise as they were."""
    found: dict[str, Renamed] = {}
    kept: list[bytes] = []
    for path, old, new in _edited(touch):
        lines = touch.view.source(old).split(b"\n")
        for hunk in edits.of(old, new):
            for line, word, other in _substituted(lines[hunk.start - 1 : hunk.end - 1], hunk):
                found.setdefault(word.decode(), Renamed(path, line, other.decode()))
        kept.append(touch.view.source(new))
    alone = {w: r for w, r in found.items() if not any(_says(source, w) for source in kept)}
    return dict(list(alone.items())[:_MOST_WORDS])


def _edited(touch: Touch) -> Iterator[tuple[str, str, str]]:
    for change in touch.candidate.changes:
        old, new = change.old_blob, change.new_blob
        if not old or not new or old == new or change.binary or not _counts(change.path):
            continue
        if max(len(touch.view.source(blob)) for blob in (old, new)) <= _MOST:
            yield change.path, old, new


def _counts(path: str) -> bool:
    return path.endswith((".py", *_TELLS)) and not any(word in path.lower() for word in _DOCS)


def _substituted(gone: list[bytes], hunk: Hunk) -> Iterator[tuple[int, bytes, bytes]]:
    """(line, word, other) of lines that are replaced by others which differ in one word only."""
    new = [_ANY.findall(line) for line in hunk.text.split(b"\n")]
    for number, line in enumerate(gone, hunk.start):
        words = _ANY.findall(line)
        for others in new:
            pairs = set(zip(words, others, strict=False)) - {(w, w) for w in words}
            if len(others) == len(words) and len(pairs) == 1:
                word, other = pairs.pop()
                if _WORD.fullmatch(word):
                    yield number, word, other


def _says(source: bytes, word: str) -> bool:
    name = word.encode()
    return name in source and re.search(rb"(?<![\w-])" + re.escape(name) + rb"(?![\w-])", source) is not None


def words(touch: Touch, edits: Edits) -> set[str]:
    """The telling words on lines that a candidate writes."""
    found: set[bytes] = set()
    for change in touch.candidate.changes:
        if change.new_blob and not change.binary and _counts(change.path):
            if change.old_blob:
                for hunk in edits.of(change.old_blob, change.new_blob):
                    found.update(_WORD.findall(hunk.text))
            else:
                found.update(_WORD.findall(touch.view.source(change.new_blob)[:_MOST]))
    return {word.decode() for word in found}


def erased(ours: Touch, theirs: Touch, gone: dict[str, Renamed], heard: set[str]) -> Iterator[Clash]:
    """The words that `theirs` newly says (`heard`) and nobody else does since `ours` renamed them
    (`gone`)."""
    for word in sorted(gone.keys() & heard):
        place = next(_meant(theirs, word), None)
        if place is not None and not _is_somewhere(ours, word):
            yield from _clashes(ours, word, gone[word], *place)


def _is_somewhere(ours: Touch, word: str) -> bool:
    """Whether a source of the tree, or a text of a kind that counts, still says a word."""
    blobs = (ours.view.blob(path) for path in ours.view.paths() if is_python(path) or _counts(path))
    return any(_says(ours.view.source(blob), word) for blob in blobs if blob)


def _meant(theirs: Touch, word: str) -> Iterator[tuple[str, int]]:
    """Where a word is newly said as something that is there, and is not brought along."""
    for change in theirs.candidate.changes:
        if not change.new_blob or change.binary or not _counts(change.path):
            continue
        if not is_python(change.path):
            if _says(theirs.view.source(change.new_blob), word):
                yield change.path, 0
            continue
        file = theirs.by_path.get(change.path)
        tree = theirs.view.library.tree(change.new_blob) if file is not None else None
        if tree is None or file is None:
            continue
        lines = Lines(written(file.hunks) if file.old_blob else [Span(1, 1 << 40)])
        if any(_binds(node, word) for node in nodes_in([tree])):
            return
        prose = {id(part) for node in nodes_in([tree]) for part in _aside(node)}
        for node in nodes_in([tree]):
            line = getattr(node, "lineno", 0)
            if line and lines.meets(line, line) and id(node) not in prose and _speaks(node, word):
                yield change.path, line


def _aside(node: ast.AST) -> list[ast.expr]:
    """What is only prose, or has something to fall back on."""
    match node:
        case ast.Expr(value=value):
            return [value]
        case (
            ast.Call(func=ast.Name(id="hasattr"), args=args)
            | ast.Call(func=ast.Name(id="getattr"), args=[_, _, _] as args)
        ):
            return args
    return []


def _binds(node: ast.AST, word: str) -> bool:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name == word
        case (
            ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store())
        ):
            return name == word
        case ast.alias(name=name, asname=other):
            return word in (name, other)
    return False


def _speaks(node: ast.AST, word: str) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return _says(text.encode("utf-8", "replace"), word)
        case ast.Attribute(attr=name):
            return name == word
        case ast.keyword(arg=name):
            return name == word
    return False


def _clashes(ours: Touch, word: str, gone: Renamed, path: str, line: int) -> Iterator[Clash]:
    labels = [label for label in ours.removed if label.rpartition(".")[2].rpartition(":")[2] == word]
    file = ours.by_path.get(gone.path)
    around = (
        [
            f"{file.old_module}:{each.name}"
            for each in file.old.definitions.values()
            if each.line <= gone.line <= each.end and each.kind is not Kind.IMPORT
        ]
        if file is not None
        else []
    )
    every = (*labels[:1], f"{TEXT}:{word}", *around[-1:])
    for label in every:
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=False,
            label=label,
            where=place_of(ours, label) if not label.startswith(f"{TEXT}:") else f"{gone.path}:{word}",
            mine=Witness(
                path=gone.path, line=gone.line, does=f"renames `{word}` to `{gone.other}` wherever it stands"
            ),
            theirs=Witness(path=path, line=line, does="newly says it"),
            note="nothing else in the project does",
            beside=label != every[0],
        )
