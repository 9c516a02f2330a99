"""Scope rules: characters that make a text read otherwise than it runs.

Promises: escapes in the text (`\\u202e`) are fine, only the characters themselves count; and only where the
candidate's file has more of them than the base's.
"""

from __future__ import annotations

import re
import tokenize
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from assay.gates.files import PYTHON, STUBS
from assay.gates.scope_types import ChangedFile, Hit
from assay.gates.tokens import tokens_of
from assay.model.expressions import expression

_BIDI = expression("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = expression("[\u200b\u2060-\u2064\u00ad\u180e\ufeff\U000e0000-\U000e007f]")
_PROSE = frozenset(
    {".po", ".pot", ".md", ".rst", ".txt", ".html", ".htm", ".json", ".xml", ".svg", ".csv", ".srt"}
)
"""Kinds of file where right-to-left text, with its control characters, is ordinary."""


def hidden_characters(file: ChangedFile) -> Iterator[Hit]:
    """Bidirectional controls in program text, and other characters that show nothing."""
    if file.new is None or not file.added:
        return
    prose = PurePosixPath(file.change.path).suffix.lower() in _PROSE
    if not prose:
        yield from _hits(file, _BIDI, "scope/bidi", "text whose reading order is turned round")
        yield from _hits(file, _INVISIBLE, "scope/invisible", "an invisible character")
    if PurePosixPath(file.change.path).suffix.lower() in PYTHON | STUBS:
        yield from _lookalikes(file)


def _lookalikes(file: ChangedFile) -> Iterator[Hit]:
    """Names in Python that are written in other letters than Python reads (a mathematical `e` for `e`)."""
    lines = {line for line, text in file.added if not text.isascii() and _folds(text)}
    for token in tokens_of(file.new or b"") or () if lines else ():
        if token.type == tokenize.NAME and token.start[0] in lines and _folds(token.string):
            read = unicodedata.normalize("NFKC", token.string)
            yield Hit(
                rule="scope/invisible",
                path=file.change.path,
                line=token.start[0],
                message=f"a name in letters that Python reads as others ({read})",
                what=token.string,
            )


def _folds(text: str) -> bool:
    """Whether a character of the text stands for a plain letter or digit and is none."""
    return any(not char.isascii() and unicodedata.normalize("NFKC", char).isascii() for char in text)


def _hits(file: ChangedFile, pattern: re.Pattern[str], rule: str, message: str) -> Iterator[Hit]:
    if _count(file.new, pattern) <= _count(file.old, pattern):
        return
    for line, text in file.added:
        # A byte order mark opens many an honest file.
        found = pattern.search(text.removeprefix("\ufeff") if line == 1 else text)
        if found:
            code = f"U+{ord(found[0]):04X}"
            yield Hit(rule=rule, path=file.change.path, line=line, message=f"{message} ({code})", what=text)


def _count(content: bytes | None, pattern: re.Pattern[str]) -> int:
    return len(pattern.findall(content.decode("utf-8", "replace"))) if content else 0
