"""The changed files of a delta with what is in them on both sides, read once for all who ask.

Promises: reads the blobs of the diff only. A side that is absent, a symbolic link or a submodule is None.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath

from assay.gates.files import is_regular
from assay.gates.scope_types import ChangedFile
from assay.model.candidate import Change
from assay.repo import diff
from assay.repo.diff import Lines
from assay.repo.repository import Repository

_PYTHON = (".py", ".pyi")


class Content:
    """One changed file. `gone` and `came` are its changed lines, as numbered on their own side."""

    def __init__(self, repo: Repository, change: Change) -> None:
        self.change = change
        self._repo = repo

    @property
    def path(self) -> str:
        return self.change.path

    @cached_property
    def old(self) -> bytes | None:
        change = self.change
        return self._repo.blob(change.old_blob) if is_regular(change.old_mode) and change.old_blob else None

    @cached_property
    def new(self) -> bytes | None:
        change = self.change
        return self._repo.blob(change.new_blob) if is_regular(change.new_mode) and change.new_blob else None

    @cached_property
    def lines(self) -> tuple[Lines, Lines]:
        return diff.changed_lines(self._repo, self.change)

    @property
    def gone(self) -> Lines:
        return self.lines[0]

    @property
    def came(self) -> Lines:
        return self.lines[1]

    @property
    def is_plain(self) -> bool:
        """Whether each side that is there is a regular file, and their content differs."""
        modes = [mode for mode in (self.change.old_mode, self.change.new_mode) if mode]
        return all(map(is_regular, modes)) and self.change.old_blob != self.change.new_blob

    @property
    def is_python(self) -> bool:
        """Whether it is Python, and its content or name differs."""
        change = self.change
        differs = change.old_blob != change.new_blob or change.old_path != change.path
        modes = [mode for mode in (change.old_mode, change.new_mode) if mode]
        return differs and all(map(is_regular, modes)) and PurePosixPath(self.path).suffix in _PYTHON

    @property
    def for_rules(self) -> ChangedFile:
        """The same for the rules of the scope gate."""
        return ChangedFile(change=self.change, old=self.old, new=self.new, added=self.came)
