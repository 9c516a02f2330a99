"""Where proposals come from: revisions, ranges, patch files, mailboxes, predictions, directories, the index,
the work tree, standard input.

Promises: reading a source runs nothing and changes nothing; a source that is missing or cannot be read as
what it is named is a `BadInput` before anything has begun, while a single bad change within a good source is
a proposal that says so.
"""

from __future__ import annotations

from assay.repo.sources.collect import collect
from assay.repo.sources.local import staged, worktree

__all__ = ["collect", "staged", "worktree"]
