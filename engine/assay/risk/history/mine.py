"""Features and labels of a repository's own past: what a model is trained, recalibrated and measured on.

The unit is a commit that is no merge and touches Python outside tests, documentation and examples. Features
are of the moment before it; labels come from what followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.repo.repository import EMPTY_TREE, Repository
from assay.risk.content import content
from assay.risk.features import Touched, diff_features, history_features
from assay.risk.history.labels import MOST_TOUCHED, Blame, blames, reverts
from assay.risk.history.log import FileEdit, LogEntry, read_log
from assay.risk.history.past import DAY
from assay.risk.history.store import Past
from assay.risk.kinds import Kind, kind

PATHS = ("*.py", "*.pyi", "*.pyx")
WINDOW = 365 * DAY
REVERT_WINDOW = 30 * DAY


class Row(Record, frozen=True, kw_only=True):
    """One commit: when, its features, and how it ended. `fixed` and `reverted` are times, 0 for never."""

    commit: str
    time: int
    lines: int
    """Added and deleted, of source files."""
    features: dict[str, float]
    fixed: int = 0
    reverted: int = 0

    def label(self, until: int, window: int = WINDOW) -> bool | None:
        """Whether a fix came within `window` seconds, for someone who knows nothing after `until`; None where
        the window had not ended by then, and for a change of so many files that it is never blamed: to
        learn that such changes are safe would be to learn the method."""
        if self.time + window > until or self.features["files"] > MOST_TOUCHED:
            return None
        return 0 < self.fixed <= self.time + window

    def undone(self, until: int) -> bool | None:
        """The same of a revert within 30 days."""
        if self.time + REVERT_WINDOW > until:
            return None
        return 0 < self.reverted <= self.time + REVERT_WINDOW


def mine(repo: Repository, revision: str = "HEAD", *, labels: bool = True) -> list[Row]:
    """The rows of the history of `revision`, by time.

    Without `labels` it is not asked who was to blame for fixes, which is nearly all of the cost. Raises
    GitFailed and BadInput.
    """
    entries = sorted(read_log(repo, revision, paths=PATHS), key=lambda entry: entry.committed)
    with Past() as past:
        past.learn(read_log(repo, revision, lines=False))
        rows = list(_rows(repo, entries, past))
    undone = _first(reverts(read_log(repo, revision, lines=False)))
    fixed: dict[str, int] = {}
    if labels:
        bulk = {entry.commit for entry in entries if len(entry.edits) > MOST_TOUCHED}
        fixed = _first(blame for blame in blames(repo, entries) if blame.commit not in bulk)
    return [
        replace(each, fixed=fixed.get(each.commit, 0), reverted=undone.get(each.commit, 0)) for each in rows
    ]


def _first(blames: Iterable[Blame]) -> dict[str, int]:
    """When each commit was first spoken against."""
    found: dict[str, int] = {}
    for blame in blames:
        found[blame.commit] = min(blame.time, found.get(blame.commit, blame.time))
    return found


def _rows(repo: Repository, entries: Sequence[LogEntry], past: Past) -> Iterator[Row]:
    for entry in entries:
        if edits := source_edits(entry):
            yield row(entry, edits, touched(repo, entry, edits), past)


def source_edits(entry: LogEntry) -> list[FileEdit]:
    """The edits of a commit that make it one to learn from."""
    return [edit for edit in entry.edits if kind(edit.name) is Kind.SOURCE]


def row(entry: LogEntry, edits: Sequence[FileEdit], files: Sequence[Touched], past: Past) -> Row:
    """The features of one commit, of what was known before it."""
    pasts = past.files([edit.old_path for edit in edits], entry.committed)
    features = diff_features(content(edits), files)
    features |= history_features(files, pasts, past.repository(entry.committed))
    return Row(
        commit=entry.commit,
        time=entry.committed,
        lines=sum(file.changed for file in files),
        features=features,
    )


def touched(repo: Repository, entry: LogEntry, edits: Sequence[FileEdit]) -> list[Touched]:
    """How large the files were that a commit touches, by its first parent."""
    there = entry.parents and repo.has(entry.parents[0])  # a shallow clone ends somewhere
    tree = repo.resolve(entry.parents[0]).tree if there else EMPTY_TREE
    paths = [edit.old_path for edit in edits if edit.old_path]
    sizes = {path: (repo.read(tree, path) or b"").count(b"\n") for path in paths}
    return [_touched(edit, sizes) for edit in edits]


def _touched(edit: FileEdit, sizes: dict[str, int]) -> Touched:
    return Touched(
        path=edit.name,
        lines=sizes.get(edit.old_path or "", 0),
        changed=sum(len(hunk.added) + len(hunk.deleted) for hunk in edit.hunks),
        new=edit.old_path is None,
    )
