"""Two edits of one text file, told apart by the lines that they replace.

Promises: pure but for reading two blobs. `Meeting.APART` and `Meeting.CLASH` are what a three-way merge would
find, both ways round; where only a merge can tell, the answer is `Meeting.OPEN`. Both rest on git's own rule:
hunks between which not one line of the base stands are one change, and two such changes agree only if they
are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from pygit2 import Patch

from assay.repo.repository import Repository


class Hunk(NamedTuple):
    """Lines of the base that an edit replaces, half-open, counted from 1 (an insertion is empty, before its
    line), and the text in their place."""

    start: int
    end: int
    text: bytes


class Meeting(Enum):
    """How two edits of one file go together."""

    APART = "apart"
    CLASH = "clash"
    OPEN = "open"


class Edits:
    """The hunks of edits, by their blobs: each edit meets many others."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._known: dict[tuple[str, str], tuple[Hunk, ...]] = {}

    def of(self, old: str, new: str) -> tuple[Hunk, ...]:
        """The hunks that turn the blob `old` into `new`, in order."""
        found = self._known.get((old, new))
        if found is None:
            found = self._known[old, new] = _hunks(self._repo, old, new)
        return found


def meeting(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> Meeting:
    """How the edits with these hunks, of the same base, go together."""
    found = Meeting.APART
    a, b = 0, 0
    while a < len(ours) and b < len(theirs):
        mine, other = ours[a], theirs[b]
        if mine.end < other.start:
            a += 1
        elif other.end < mine.start:
            b += 1
        elif (mine.start, mine.end) == (other.start, other.end):
            # Neither touches anything else of the other's: hunks of one edit have lines between them.
            if mine.text != other.text:
                return Meeting.CLASH
            a, b = a + 1, b + 1
        else:
            found = Meeting.OPEN
            if mine.end <= other.end:
                a += 1
            else:
                b += 1
    return found


def spliced(data: bytes, hunks: Sequence[Hunk]) -> bytes:
    """A text with these hunks of edits of it in their places; they are in order and do not meet."""
    lines = data.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    parts: list[bytes] = []
    at = 0
    for hunk in hunks:
        parts += lines[at : hunk.start - 1]
        parts.append(hunk.text)
        at = hunk.end - 1
    return b"".join([*parts, *lines[at:]])


def _hunks(repo: Repository, old: str, new: str) -> tuple[Hunk, ...]:
    found = []
    for hunk in Patch.create_from(repo.blob(old), repo.blob(new), context_lines=0).hunks:
        start = hunk.old_start + (hunk.old_lines == 0)
        text = b"".join(line.raw_content for line in hunk.lines if line.origin == "+")
        found.append(Hunk(start, start + hunk.old_lines, text))
    return tuple(found)
