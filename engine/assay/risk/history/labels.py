"""Which commits were repaired later, and when: labels mined from a repository's own history.

The method is SZZ (Sliwerski, Zimmermann and Zeller, "When do changes induce fixes?", 2005) as the training
data were made: a fix, told by its message, deletes lines; whoever wrote these lines made the fix needed.
Blank lines, comments and imports are no one's fault; movement within a file and white space are looked
through; a fix of more than 8 source files or 150 deleted lines says nothing, nor is a commit that touches
more than 40 files to blame. A revert is no fix.

Promises: reads objects only; a commit without a label is one that no known fix touched, which is less than
that it was right (see the model card for what this method misses).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.repo.program import GitFailed, run_git
from assay.repo.repository import Repository
from assay.risk.content import blameless
from assay.risk.history.log import FileEdit, LogEntry, unquoted
from assay.risk.history.past import is_fix
from assay.risk.kinds import Kind, kind

MOST_FILES = 8
MOST_DELETED = 150
MOST_TOUCHED = 40
_BLAMED = expression(rb"^([0-9a-f]{40}) (\d+) \d+.*\n(?:[^\t].*\n)*?filename (.*)\n", re.MULTILINE)
"""Of a line: who wrote it, and which line of which file it was then."""
_REVERT = expression(r"This reverts commit ([0-9a-f]{7,40})")


class Blame(Record, frozen=True, kw_only=True):
    """A fix touches lines of `commit`, at `time`: `lines`, by path and number in the commit's own version,
    where blame told them."""

    commit: str
    fix: str
    time: int
    lines: tuple[tuple[str, int], ...] = ()


def blames(repo: Repository, entries: Iterable[LogEntry]) -> Iterator[Blame]:
    """Whom the fixes among `entries` (with lines) speak against, fix by fix."""
    for entry in entries:
        edits = [edit for edit in entry.edits if kind(edit.name) is Kind.SOURCE]
        if not _says_something(entry, edits):
            continue
        guilty: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for edit in edits:
            for commit, path, line in _authors(repo, entry, edit):
                guilty[commit].add((path, line))
        for commit, lines in sorted(guilty.items()):
            yield Blame(commit=commit, fix=entry.commit, time=entry.committed, lines=tuple(sorted(lines)))


def reverts(entries: Iterable[LogEntry]) -> Iterator[Blame]:
    """Which commits are reverted by name in a later message; short names are left as they are."""
    for entry in entries:
        for found in _REVERT.finditer(entry.message):
            yield Blame(commit=found[1], fix=entry.commit, time=entry.committed)


def _says_something(entry: LogEntry, edits: list[FileEdit]) -> bool:
    if not is_fix(entry.message) or not entry.parents or not 0 < len(edits) <= MOST_FILES:
        return False
    return sum(len(hunk.deleted) for edit in edits for hunk in edit.hunks) <= MOST_DELETED


def _authors(repo: Repository, entry: LogEntry, edit: FileEdit) -> set[tuple[str, str, int]]:
    """Who wrote the lines which `edit` deletes: commits, and the lines as they were there."""
    wanted = [
        hunk.old_start + offset
        for hunk in edit.hunks
        for offset, line in enumerate(hunk.deleted)
        if not blameless(line)
    ]
    if not wanted or edit.old_path is None:
        return set()
    ranges = [part for line in wanted for part in ("-L", f"{line},{line}")]
    how = ("-c", "blame.ignoreRevsFile=", "blame", "-w", "-M", "--line-porcelain")
    try:
        told = run_git(repo, *how, *ranges, entry.parents[0], "--", edit.old_path)
    except GitFailed:
        # A file that git cannot show at the parent (a submodule once, or a damaged object) blames no one.
        return set()
    return {
        (found[1].decode(), unquoted(found[3]).decode("utf-8", "surrogateescape"), int(found[2]))
        for found in _BLAMED.finditer(told)
    }
