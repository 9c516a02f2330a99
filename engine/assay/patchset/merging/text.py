"""Bytes as text and back: encodings, byte order marks, the end of the last line.

Promises: encoding what was decoded gives the same bytes; three versions are decoded together, because text of
one encoding, or with one kind of line end, is not put into another's.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.patchset.merging.pick import pick_flag
from assay.patchset.merging.reasons import Clash, Reason

MAX_BYTES = 512 * 1024
"""Larger files are generated, or built to hold up the rest."""

MAX_LINE = 20_000
"""Characters: nobody wrote a longer line."""

_COOKIE = expression(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PYTHON = (".py", ".pyi")
_ENDS = expression(r"\r\n|\r|\n")


class Texts(Record, frozen=True, kw_only=True):
    """Three versions of a text: base, ours, theirs. Each but an empty one ends with a line end."""

    versions: tuple[str, str, str]
    codec: str
    mark: bool
    """A byte order mark stands before it."""
    end: str
    """Its line end."""
    ended: bool
    """The merged text keeps the line end of its last line."""


def decode(path: str, versions: Sequence[bytes]) -> Texts:
    """Raises `Clash` for what is no text, or not the same kind of text in all versions."""
    if any(len(data) > MAX_BYTES for data in versions):
        raise Clash(Reason.UNREADABLE, "", f"a version is larger than {MAX_BYTES} bytes")
    if any(b"\0" in data for data in versions):
        raise Clash(Reason.UNREADABLE, "", "a version holds NUL bytes")
    filled = [data for data in versions if data]
    named = {_codec(path, data) for data in filled}
    marks = {data.startswith(codecs.BOM_UTF8) for data in filled}
    if len(named) > 1 or len(marks) > 1:
        raise Clash(Reason.UNREADABLE, "", "the versions are not in one encoding")
    codec, mark = (named or {"utf-8"}).pop(), True in marks
    base, ours, theirs = (_decoded(data, codec) for data in versions)
    kinds = {kind for text in (base, ours, theirs) for kind in _ENDS.findall(text)}
    if len(kinds) > 1 or "\r" in kinds:
        raise Clash(Reason.UNREADABLE, "", "the versions do not all end their lines in the same way")
    end = (kinds or {"\n"}).pop()
    if any(len(line) > MAX_LINE for text in (base, ours, theirs) for line in text.split("\n")):
        raise Clash(Reason.UNREADABLE, "", f"a line is longer than {MAX_LINE} characters")
    return Texts(
        versions=(_closed(base, end), _closed(ours, end), _closed(theirs, end)),
        codec=codec,
        mark=mark,
        end=end,
        ended=pick_flag(*(text.endswith("\n") or not text for text in (base, ours, theirs))),
    )


def encode(texts: Texts, merged: str) -> bytes:
    """The bytes of the merged text."""
    if not texts.ended:
        merged = merged.removesuffix(texts.end)
    return (codecs.BOM_UTF8 if texts.mark else b"") + merged.encode(texts.codec)


def _codec(path: str, data: bytes) -> str:
    if path.endswith(_PYTHON):
        for line in data.split(b"\n", 2)[:2]:
            if found := _COOKIE.match(line.removeprefix(codecs.BOM_UTF8)):
                return found[1].decode("ascii").lower().replace("_", "-")
    return "utf-8"


def _decoded(data: bytes, codec: str) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode(codec)
        same = text.encode(codec) == data
    except (UnicodeError, LookupError) as error:
        raise Clash(Reason.UNREADABLE, "", f"a version is no text in {codec[:40]}") from error
    if not same:
        raise Clash(Reason.UNREADABLE, "", f"a version does not survive {codec[:40]}")
    return text


def _closed(text: str, end: str) -> str:
    return text + end if text and not text.endswith("\n") else text
