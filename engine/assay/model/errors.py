"""The errors that may cross a room's wall, and the exit code each means.

Promises: each message is one sentence that says what went wrong, where, and what to do about it. Anything
else that escapes is a defect of Assay and is reported as such, never as the candidate's fault.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The documented exit codes."""

    ACCEPTED = 0
    REJECTED = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130


class AssayError(Exception):
    """A failure with a sentence a user can act on: `what`, `where` it happened, what to do (`fix`)."""

    exit_code: ClassVar[Exit] = Exit.INCONCLUSIVE

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """What, where and what to do, on one line."""
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy}"


class BadInput(AssayError):
    """The user's input, policy or usage is wrong. Nothing was run and nothing was changed."""

    exit_code = Exit.BAD_INPUT


class Unsound(AssayError):
    """This machine cannot produce a verdict (no isolation, no space, a tool missing)."""

    exit_code = Exit.INCONCLUSIVE


class Moved(AssayError):
    """The branch to land on is no longer where it was read: nothing was published."""

    exit_code = Exit.REJECTED


def leaf(error: BaseException) -> BaseException:
    """The error that matters in a group: one with a sentence for the user, else the first; else the error."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [leaf(inner) for inner in error.exceptions]
    return next((each for each in leaves if isinstance(each, AssayError)), leaves[0])
