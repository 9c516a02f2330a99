"""What the rules of the scope gate work on: one changed file with both its texts, and what a rule says."""

from __future__ import annotations

from assay.gates.fingerprint import fingerprint
from assay.model.candidate import Change, Record


class ChangedFile(Record, frozen=True, kw_only=True):
    """One change with the contents that rules read.

    `old` and `new` are None where the side is absent, no regular file, binary or too big. `added` holds
    (line number in the new file, text). `size` is the new file's, in bytes. `link` is a symlink's target.
    """

    change: Change
    old: bytes | None = None
    new: bytes | None = None
    added: tuple[tuple[int, str], ...] = ()
    size: int = 0
    link: str | None = None


class Hit(Record, frozen=True, kw_only=True):
    """A rule broken at a place, before the policy gives it a severity."""

    rule: str
    path: str
    line: int = 0
    message: str
    what: str = ""
    """What identifies this hit among the file's others, whatever line it is on."""

    @property
    def fingerprint(self) -> str:
        """Stable across line shifts."""
        return fingerprint(self.rule, self.path, self.what)
