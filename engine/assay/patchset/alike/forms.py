"""What a candidate does to its base, up to orders that cannot matter.

Promises: pure but for reading blobs; each blob is worked out once. Tests run in the order in which they are
written, so that files that `exact` matches count with their order; files that are no Python by their bytes.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from assay.grade.equivalence import Form, Read, normal
from assay.model.candidate import Candidate
from assay.patchset.alike.order import ordered
from assay.repo.globs import Matcher
from assay.repo.repository import EXECUTABLE, FILE


class OrderForms:
    """Normal forms of many candidates: equal forms, equal but for comments, formatting and idle order."""

    def __init__(self, read: Read, exact: Matcher) -> None:
        self._read = read
        self._exact = exact
        self._digests: dict[tuple[str, bool], str] = {}

    def form(self, candidate: Candidate) -> Form:
        """The form of one candidate."""
        found = set()
        for change in candidate.changes:
            if change.new_mode:
                found.add(
                    (change.path, change.new_mode, self._of(change.path, change.new_mode, change.new_blob))
                )
            if not change.new_mode or change.old_path != change.path:
                found.add((change.old_path, 0, ""))
        return frozenset(found)

    def _of(self, path: str, mode: int, blob: str) -> str:
        if mode not in (FILE, EXECUTABLE) or PurePosixPath(path).suffix != ".py":
            return blob
        exact = self._exact(path)
        if (blob, exact) not in self._digests:
            digest = (normal if exact else ordered)(self._read(blob))
            self._digests[blob, exact] = digest or f"blob {blob}"
        return self._digests[blob, exact]
