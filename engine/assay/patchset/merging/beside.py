"""Whether statements that both sides changed next to each other have anything to do with each other.

Promises: pure. Git's rule is that changes with not one unchanged line between them are in conflict; here,
with not one unchanged statement between them they are, unless each side's could as well stand before as after
the other's: definitions, imports, constants that do not use each other's names, calls in a row that register
different things.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.patchset.merging.entries import Node, label
from assay.patchset.merging.pick import content
from assay.patchset.merging.python import does_same
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.routes import meet

_MOST_PAIRS = 40_000


class Beside:
    """Goes along a row of statements, and looks at what changed since the last one that nobody touched."""

    def __init__(self) -> None:
        self._callees: set[str] = set()
        self._ours: list[Node] = []
        self._theirs: list[Node] = []

    def gap(
        self,
        base: Sequence[Node],
        ours: Sequence[Node],
        theirs: Sequence[Node],
        around: Sequence[Node],
        where: str,
    ) -> None:
        """What stands between two entries that all have (those `around` it, in the base). Raises `Clash`."""
        self._callees |= {node.reach.callee for node in (*base, *around)} - {""}
        texts = [{content(node) for node in nodes} for nodes in (base, ours, theirs)]
        mine = self._changed(base, ours, texts[0] & texts[1] | texts[1] & texts[2])
        yours = self._changed(base, theirs, texts[0] & texts[2] | texts[1] & texts[2])
        self._meet(mine, yours, where)

    def entry(self, base: Node, ours: Node, theirs: Node, where: str) -> None:
        """An entry that all have. Raises `Clash`."""
        texts = [content(node) for node in (base, ours, theirs)]
        if texts[0] == texts[1] == texts[2]:
            self._ours, self._theirs, self._callees = [], [], set()
        elif texts[1] == texts[2]:
            self._meet([], [], where)
        else:
            mine, yours = (_edited(base, side) for side in (ours, theirs))
            # Inside of an entry that both changed, merging it has looked already.
            self._meet(mine, yours, where, together=not (mine and yours))

    def _changed(self, base: Sequence[Node], side: Sequence[Node], same: set[tuple[str, ...]]) -> list[Node]:
        kept = {content(node) for node in side}
        gone = [node for node in base if content(node) not in kept]
        return [*gone, *(node for node in side if content(node) not in same)]

    def _meet(
        self, mine: Sequence[Node], yours: Sequence[Node], where: str, *, together: bool = True
    ) -> None:
        if (len(mine) + len(self._ours)) * (len(yours) + len(self._theirs)) > _MOST_PAIRS:
            raise Clash(Reason.ORDER, where, "too much is changed side by side")
        pairs = [(one, two) for one in mine for two in self._theirs]
        pairs += [(one, two) for one in self._ours for two in yours]
        if together:
            pairs += [(one, two) for one in mine for two in yours]
        for one, two in pairs:
            if not self._independent(one, two):
                what = f"{label(one)} and {label(two)} are changed side by side"
                raise Clash(Reason.ORDER, f"{where}.{label(one)}" if where else label(one), what)
        self._ours += mine
        self._theirs += yours

    def _independent(self, one: Node, two: Node) -> bool:
        a, b = one.reach, two.reach
        if a.callee == b.callee and a.callee in self._callees:
            return not a.binds & b.binds
        if a.counted and b.counted and "next" in (a.counted, b.counted) and a.counted != b.counted:
            return False
        if meet(a.entered, b.entered):
            return False
        if not (a.free and b.free) or a.binds & b.uses or b.binds & a.uses:
            return False
        return not a.binds & b.binds or (one.unites and two.unites)


def _edited(base: Node, side: Node) -> list[Node]:
    """An entry before and after, if it does anything else. One that only says what a name is bound to still
    binds the name; what an assignment binds is another value."""
    if content(base) == content(side) or does_same(base, side):
        return []
    if base.tag == side.tag == "assignment":
        return [base, side]
    binds = base.reach.binds ^ side.reach.binds
    return [replace(node, reach=replace(node.reach, binds=binds)) for node in (base, side)]
