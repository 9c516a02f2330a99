"""What a method leaves behind in its object, where another candidate has come to rely on it.

Promises: pure. Suspected only: what is no longer changed may be so already.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts.records import Definition
from assay.patchset.results import Verdict
from assay.patchset.touch import Place, Touch


def missed(theirs: Touch, place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """What a new call of a method no longer does to its object, if the same function goes on to read it."""
    gone, more = set(old.leaves) - set(new.leaves), set(new.leaves) - set(old.leaves)
    use, file = place.use, theirs.by_path.get(place.path)
    if (
        not gone
        or any(each.endswith("()") for each in more)
        or file is None
        or use.call is None
        or len(use.path) < 2
    ):
        return
    owner = use.path[:-1]
    for other in file.fresh:
        if other.scope != use.scope or other.store or other.line < use.line:
            continue
        if other.path[: len(owner)] == owner and (read := other.path[len(owner) :]) and read[0] in gone:
            yield Verdict(False, f"makes it leave `{read[0]}` as it is", "which is read after the call")
            return
