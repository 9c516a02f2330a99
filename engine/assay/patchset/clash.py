"""One disagreement of two candidates, as a detector sees it: before it is an edge of the graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assay.model.candidate import Candidate
from assay.model.report import Confidence, Conflict, ConflictKind, Witness

_MOST = 6


class Clash(NamedTuple):
    """`mine` says what the first side does, `theirs` what the second; each a verb phrase and where."""

    kind: ConflictKind
    proven: bool
    label: str
    """`module:name` of what it is about."""
    where: str
    mine: Witness
    theirs: Witness
    note: str = ""
    """What follows, as a sentence without its full stop."""
    followed: bool = True
    """The use was followed to what it is a use of."""

    beside: bool = False
    """It only names another symbol for a disagreement that is told by itself."""

    def turned(self) -> Clash:
        """The same, told from the other side."""
        return self._replace(mine=self.theirs, theirs=self.mine)


_ORDER = tuple(ConflictKind)


def conflict(a: Candidate, b: Candidate, clashes: Iterable[Clash]) -> Conflict | None:
    """The one conflict of two candidates: the strongest of what was found, which names the others'
    symbols."""
    # Of clashes that are equally strong the one found first counts: as a set they would come in any order.
    found = dict.fromkeys(clashes)
    every = sorted(found, key=lambda c: (not c.proven, _ORDER.index(c.kind), _weight(c), c.label, c.where))
    if not every:
        return None
    first = every[0]
    alike = [clash for clash in every if clash.proven == first.proven]
    symbols = tuple(dict.fromkeys(clash.label for clash in alike if clash.label))
    words = f"{a.name} {first.mine.does} and {b.name} {first.theirs.does}"
    note = f": {first.note}" if first.note else ""
    more = f" (also at {', '.join(symbols[1:_MOST])})" if len(symbols) > 1 else ""
    return Conflict(
        a=a.id,
        b=b.id,
        kind=first.kind,
        where=first.where,
        why=f"{words}{note}{more}",
        confidence=Confidence.PROVEN if first.proven else Confidence.SUSPECTED,
        symbols=symbols[:_MOST],
        witness=(first.mine, first.theirs),
        followed=first.followed,
    )


def _weight(clash: Clash) -> int:
    """Code says more than tests do, and what it is about more than what is around."""
    return clash.beside + 2 * sum("test" in witness.path for witness in (clash.mine, clash.theirs))
