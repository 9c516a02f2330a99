"""Where the layers of a policy come from: packs, files of the base commit, files that the user names.

Promises: a file of the base is read through the caller's reader and can extend only packs and other files
of the base; no layer ever comes from a candidate (invariant 3). A chain that loops or leads nowhere is a
`Problem`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from assay.model.candidate import Record
from assay.policy import packs
from assay.policy.document import Document, parse
from assay.policy.problem import ON_THE_BASE, Problem, allowed
from assay.policy.shape import EXTENDS

BASE_FILE = "assay.toml"
"""A repository's own policy, at the root of the base commit."""

BaseReader = Callable[[str], bytes | None]
"""Reads a file of the base commit by its path; None where there is no such file."""


class Kind(StrEnum):
    """Who vouches for a layer."""

    PACK = "pack"
    BASE = "base"
    FILE = "file"


class Ref(Record, frozen=True, kw_only=True):
    """One layer by where it is: a pack's name, a path in the base, or a path on disk."""

    kind: Kind
    name: str

    @property
    def origin(self) -> str:
        """How messages and explanations name this layer."""
        return {Kind.PACK: f"pack {self.name}", Kind.BASE: self.name + ON_THE_BASE}.get(self.kind, self.name)


class Chain(Record, frozen=True, kw_only=True):
    """Layers in the order they are laid down, weakest first, and what stood in the way of more."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()


def named(word: str) -> Ref | None:
    """What `--policy word` means: a pack, else a file; None where there is neither."""
    if word in packs.names():
        return Ref(kind=Kind.PACK, name=word)
    if looks_like_a_path(word) or Path(word).is_file():
        return Ref(kind=Kind.FILE, name=word)
    return None


def looks_like_a_path(word: str) -> bool:
    """Whether a word can only be meant as a file: packs have neither directories nor a suffix."""
    return "/" in word or word.endswith(".toml")


def chain(start: Ref, default_pack: str, read_base: BaseReader) -> Chain:
    """The layers below and including `start`."""
    documents: list[Document] = []
    seen: list[Ref] = []
    ref: Ref | None = start
    origin = start.origin
    while ref is not None:
        if ref in seen:
            loop = " extends ".join(each.origin for each in [*seen[seen.index(ref) :], ref])
            return _stopped(
                documents, Problem(origin=origin, key=EXTENDS, message=f"goes in a circle: {loop}")
            )
        seen.append(ref)
        document = _read(ref, read_base, asked_by=origin)
        if isinstance(document, Problem):
            return _stopped(documents, document)
        documents.insert(0, document)
        origin = ref.origin
        below = _below(ref, document, default_pack)
        if isinstance(below, Problem):
            return _stopped(documents, below)
        ref = below
    return Chain(documents=tuple(documents))


def _stopped(documents: list[Document], problem: Problem) -> Chain:
    return Chain(documents=tuple(documents), problems=(problem,))


def _read(ref: Ref, read_base: BaseReader, asked_by: str) -> Document | Problem:
    missing = Problem(origin=asked_by, key=EXTENDS, message=f"{ref.name!r} is not there")
    if ref.kind is Kind.PACK:
        return parse(packs.read(ref.name), ref.origin)
    if ref.kind is Kind.BASE:
        raw = read_base(ref.name)
        return missing if raw is None else parse(raw, ref.origin)
    try:
        return parse(Path(ref.name).read_bytes(), ref.origin)
    except OSError as error:
        why = error.strerror or "cannot be read"
        return Problem(origin=ref.origin, message=f"cannot be read as a policy file: {why}")


def _below(ref: Ref, document: Document, default_pack: str) -> Ref | Problem | None:
    """The layer that `ref` is laid over; None under a pack that extends nothing."""
    wanted = document.data.get(EXTENDS)
    if wanted is None:
        return None if ref.kind is Kind.PACK else Ref(kind=Kind.PACK, name=default_pack)
    if not isinstance(wanted, str):
        return _misled(document, "must be a string: a pack's name or a file's path")
    if wanted in packs.names():
        return Ref(kind=Kind.PACK, name=wanted)
    if not looks_like_a_path(wanted) or ref.kind is Kind.PACK:
        why = f"{wanted!r} is no pack and no path of a .toml file; {allowed(wanted, packs.names())}"
        return _misled(document, why)
    return _sibling(ref, document, wanted)


def _sibling(ref: Ref, document: Document, wanted: str) -> Ref | Problem:
    """The file `wanted`, seen from the file `ref`, vouched for by the same authority."""
    if ref.kind is Kind.FILE:
        # Resolved, or a circle through `../x/` would look new each time round.
        return Ref(kind=Kind.FILE, name=os.path.realpath(Path(ref.name).parent / wanted))
    path = posixpath.normpath(posixpath.join(posixpath.dirname(ref.name), wanted))
    if path.startswith(("../", "/")) or path == "..":
        why = f"{wanted!r} leads out of the repository: a policy of the base extends only its files"
        return _misled(document, why)
    return Ref(kind=Kind.BASE, name=path)


def _misled(document: Document, message: str) -> Problem:
    return Problem(origin=document.origin, key=EXTENDS, message=message, line=document.line((EXTENDS,)))
