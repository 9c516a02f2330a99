"""A source as text, and as the bytes of a mutant of it.

Promises: pure. All bytes but those of the change are as they were.
"""

from __future__ import annotations

import io
import tokenize

from assay.model.candidate import Record
from assay.risk.evidence.mutation.propose import Proposal

_ENDS = ("\r\n", "\n", "\r")


class Text(Record, frozen=True, kw_only=True):
    """A source, and how its bytes are read."""

    source: str
    encoding: str

    def mutant(self, proposal: Proposal) -> bytes:
        """The source with one change."""
        return proposal.of(self.source).encode(self.encoding)

    def control(self) -> bytes:
        """The source with a comment behind it: other bytes, and the same program."""
        end = next((end for end in _ENDS if end in self.source), "\n")
        return f"{self.source}{end}# The end.{end}".encode(self.encoding)


def read(data: bytes) -> Text:
    """A source as Python reads it, its line ends as they are. Raises SyntaxError, LookupError or
    UnicodeDecodeError for what is none."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return Text(source=data.decode(encoding), encoding=encoding)
