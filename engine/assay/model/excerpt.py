"""Excerpts: the part of a candidate's diff that a report carries, for those who read both side by side.

Promises: frozen records; bounded, and what was left out is counted: nobody takes a part for the whole.
"""

from __future__ import annotations

from assay.model.candidate import ChangeKind, Record


class Hunk(Record, frozen=True, kw_only=True):
    """Lines that differ, with some around them. `old` and `new` are the numbers of the first line on each
    side, from 1; each line begins with `" "` (both sides), `"-"` (the base's) or `"+"` (the candidate's)."""

    old: int
    new: int
    lines: tuple[str, ...]


class FileExcerpt(Record, frozen=True, kw_only=True):
    """One changed file. `cut` counts lines of its diff that are not shown; a binary file has no lines."""

    path: str
    old_path: str
    kind: ChangeKind
    binary: bool
    added_lines: int
    deleted_lines: int
    hunks: tuple[Hunk, ...]
    cut: int = 0


class Excerpt(Record, frozen=True, kw_only=True):
    """The diff of one candidate; `left_out` counts the changed files that are not in `files`."""

    candidate: str
    files: tuple[FileExcerpt, ...]
    left_out: int = 0
