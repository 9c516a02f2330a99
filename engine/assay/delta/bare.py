"""What is kept of a delta from one run to the next: what follows from two trees and nothing else.

Promises: a frozen record, apart from all that makes one, so that what is kept is read at once.
"""

from __future__ import annotations

from assay.model.candidate import Record
from assay.model.delta import Delta, IntentEntry


class Bare(Record, frozen=True, kw_only=True):
    """What two trees alone say: a delta without intents, and the changes of files of other languages."""

    delta: Delta
    others: tuple[IntentEntry, ...]
