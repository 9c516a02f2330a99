"""What was done to the places of a kind, as data, and as an edge.

Promises: plain data. A place that was left in the old form is proven to be wrong only where at least `FEWEST`
places were adapted and no other was left as it was: one place may be one that happened to need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.places import place_of, where_of
from assay.patchset.touch import Touch

FEWEST = 2
_SHOWN = 4


class At(NamedTuple):
    """A line of a file."""

    path: str
    line: int


class Adapted(NamedTuple):
    """The places of a kind that a candidate changed alike."""

    label: str
    """The symbol (`module:name`) that makes them a kind."""
    does: str
    """The change of form, as a verb phrase."""
    places: tuple[At, ...]
    whole: bool
    """No place that was there before has been left in the old form."""

    @property
    def settles(self) -> bool:
        """Whether it shows what every place of the kind needs."""
        return self.whole and len(self.places) >= FEWEST

    def left(self, ours: Touch, at: At, does: str, *, sure: bool, note: str = "") -> Clash:
        """The edge for a new place that `does` as of old."""
        path, line = where_of(ours, self.label)
        every = "all" if self.whole else "other"
        count = f"{every} {len(self.places)} places" if len(self.places) > 1 else "the one place"
        return Clash(
            kind=ConflictKind.SEMANTIC,
            proven=sure and self.settles,
            label=self.label,
            where=place_of(ours, self.label),
            mine=Witness(path=path, line=line, does=f"{self.does} at {count} ({_listed(self.places)})"),
            theirs=Witness(path=at.path, line=at.line, does=does),
            note=note,
        )


def _listed(places: Sequence[At]) -> str:
    shown = [f"{at.path}:{at.line}" for at in places[:_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(places) > _SHOWN else [])])
