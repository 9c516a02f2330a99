"""Why something stays a conflict: a closed type of reasons, and what carries one out of a merge."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What stands against merging by syntax."""

    FORMAT = "format"
    """No reader for files of this kind."""
    UNREADABLE = "unreadable"
    """A version does not parse, is too large, is no text, or is not in the encoding of the others."""
    NOT_TEXT = "not-text"
    """The conflict is about more than the text of one file: removed, renamed, added twice, binary, modes."""
    SAME_PLACE = "same-place"
    """Both change one thing."""
    REMOVED = "removed"
    """One removes or moves what the other changes."""
    SAME_NAME = "same-name"
    """Both add one name, with different content."""
    NUMBER = "number"
    """Both add the next number, the next version or the same value."""
    ORDER = "order"
    """It matters what comes first, and nothing says which."""
    LOST = "lost"
    """The result would not hold just what both sides did."""
    NAMES = "names"
    """A name would be bound by neither side, or by the wrong one."""
    DUPLICATE = "duplicate"
    """A definition, key, import or value would appear twice."""
    BROKEN = "broken"
    """The result would not parse."""


class Clash(Exception):
    """Ends a merge. `where` names the place inside the file; `why` is a clause."""

    def __init__(self, reason: Reason, where: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.where = where
        self.why = why
