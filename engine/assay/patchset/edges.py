"""The conflict graph as data: its edges, and why every other pair is clear.

Promises: knows nothing of how it was found, so that what was kept of one is read without what finds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.report import Clearance, Cleared, Confidence, Conflict

_LISTED = 8


class Graph:
    """The edges among candidates, and the reasons for all other pairs: the files and the names that pairs (of
    ids) share, and files of each candidate that could not be read."""

    def __init__(
        self,
        edges: tuple[Conflict, ...],
        files: dict[frozenset[str], tuple[str, ...]],
        names: dict[frozenset[str], tuple[str, ...]],
        unread: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.edges = edges
        self.files = files
        self.names = names
        self.unread = unread or {}
        self._edge = {frozenset((edge.a, edge.b)): edge for edge in edges}

    @property
    def proven(self) -> tuple[Conflict, ...]:
        """The pairs that cannot land together."""
        return tuple(edge for edge in self.edges if edge.confidence is Confidence.PROVEN)

    @property
    def suspected(self) -> tuple[Conflict, ...]:
        """The pairs of which only a run can tell."""
        return tuple(edge for edge in self.edges if edge.confidence is Confidence.SUSPECTED)

    def between(self, a: str, b: str) -> Conflict | Cleared:
        """What is known of two candidates, by their ids."""
        pair = frozenset((a, b))
        edge = self._edge.get(pair)
        if edge is not None:
            return edge
        unread = sorted({*self.unread.get(a, ()), *self.unread.get(b, ())})
        note = f"; names in {', '.join(unread[:_LISTED])} could not be read" if unread else ""
        names, files = self.names.get(pair, ()), self.files.get(pair, ())
        if names:
            why = f"{_count(len(names), 'shared name')}, each used as it is once both are in"
            return Cleared(a=a, b=b, kind=Clearance.NAMES, shared=(*files, *names)[:_LISTED], why=why + note)
        if files:
            why = f"{_count(len(files), 'shared file')}, which merge to the same text in both orders"
            return Cleared(a=a, b=b, kind=Clearance.ORDER, shared=files[:_LISTED], why=why + note)
        why = "no shared file, and neither uses a name that the other touches"
        return Cleared(a=a, b=b, kind=Clearance.DISJOINT, shared=(), why=why + note)

    def cleared(self, members: Sequence[str]) -> tuple[Cleared, ...]:
        """The pairs among these that share files or names and are compatible, in order."""
        place = {member: index for index, member in enumerate(members)}
        found = []
        for pair in self.files.keys() | self.names.keys():
            if pair <= place.keys() and pair not in self._edge:
                a, b = sorted(pair, key=place.__getitem__)
                found.append(self.between(a, b))
        known = (each for each in found if isinstance(each, Cleared))
        return tuple(sorted(known, key=lambda each: (place[each.a], place[each.b])))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
