"""How a patch that cannot be applied says so inside this room.

Promises: `PatchError` never leaves the room: `apply` turns it into the candidate's `ApplyProblem`.
"""

from __future__ import annotations

from assay.model.candidate import ApplyProblem, ProblemKind
from assay.repo.paths import shown


class PatchError(Exception):
    """A patch is malformed or does not apply; `problem` says where and why."""

    def __init__(self, problem: ApplyProblem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def malformed(message: str, *, path: str = "", hunk: int = 0, line: int = 0) -> PatchError:
    """The patch itself is broken; `line` counts in the patch."""
    where = f"line {line} of the patch: " if line else ""
    return _error(ProblemKind.MALFORMED, where + message, path, hunk, line)


def mismatch(message: str, *, path: str, hunk: int = 0, line: int = 0) -> PatchError:
    """The patch does not fit the base; `line` counts in the base's file."""
    place = f"hunk {hunk} of {shown(path)}" if hunk else shown(path)
    return _error(ProblemKind.DOES_NOT_APPLY, f"{place}: {message}", path, hunk, line)


def hostile(path: str, why: str) -> PatchError:
    """The patch would write where nothing may be written."""
    return _error(ProblemKind.HOSTILE_PATH, f"the path {shown(path)!r} {why}", path, 0, 0)


def _error(kind: ProblemKind, message: str, path: str, hunk: int, line: int) -> PatchError:
    return PatchError(ApplyProblem(kind=kind, message=message, path=path, hunk=hunk, line=line))
