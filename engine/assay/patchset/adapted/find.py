"""The places of one candidate that another one would have adapted, had they been there.

Promises: pure. What a candidate did to kinds of places is found once, in proportion to its diff; who else has
a new place of such a kind is found by symbols, by names of methods and by lists of parameters. The tree is
searched for places that were left only where two candidates meet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from assay.patchset.adapted.answers import dead_mark, dead_none
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.classes import alike, grown, joining, ungrown
from assay.patchset.adapted.companions import companions, unaccompanied
from assay.patchset.adapted.defaults import unpinned
from assay.patchset.adapted.families import families, unfamiliar
from assay.patchset.adapted.handlers import added, extended, unextended
from assay.patchset.adapted.marks import entered, unentered
from assay.patchset.adapted.pairs import sought
from assay.patchset.adapted.registered import Role, entering, reformed, unreformed
from assay.patchset.adapted.units import conversions, unconverted
from assay.patchset.adapted.wrapped import unwrapped, wrapped
from assay.patchset.clash import Clash
from assay.patchset.heirs import new_classes
from assay.patchset.touch import Place, Touch
from assay.patchset.view import View


class Adaptations:
    """What one candidate did to all places of some kinds."""

    def __init__(self, touch: Touch) -> None:
        self.touch = touch
        self._census = Census(touch)
        self._conversions = conversions(touch)
        self.grown = grown(touch)
        self.extended = extended(touch)
        self.reformed = reformed(touch)
        self.entered = entered(touch)
        self.families = families(touch)
        self._companions = companions(touch)
        self._sought = sought(touch)
        self._forms = wrapped(touch, self._sought)

    @property
    def symbols(self) -> Iterable[str]:
        """The symbols that make kinds, and that the candidate need not have touched."""
        return self._conversions.results.keys()

    def at_use(self, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
        """What a new use of another candidate was left behind by."""
        if not place.module or not place.use.path:
            return
        yield from unpinned(self.touch, self._census, theirs, place, both)
        yield from dead_none(self.touch, self._census, theirs, place, both)
        yield from dead_mark(self.touch, self._census, theirs, place, both)
        yield from unconverted(self.touch, self._census, self._conversions, theirs, place)
        if self._companions:
            yield from unaccompanied(self.touch, self._census, self._companions, theirs, place)
        yield from self.at_guess(theirs, place)

    def at_guess(self, theirs: Touch, place: Place) -> Iterator[Clash]:
        """The same for a use of who knows what that has the name of something that changed."""
        if place.module and self._forms:
            yield from unwrapped(self.touch, self._census, self._forms, theirs, place)

    @cached_property
    def entering(self) -> dict[Role, tuple[str, ...]]:
        """The functions that the candidate adds, by where it hands them over."""
        return entering(self.touch)

    def at_definitions(self, other: Adaptations, both: View) -> Iterator[Clash]:
        """What new classes and functions of another candidate were left behind by."""
        theirs = other.touch
        if self.grown:
            yield from ungrown(self.touch, self._census, self.grown, theirs, both)
        if self.extended:
            yield from unextended(self.touch, self._census, self.extended, theirs)
        if self.families:
            yield from unfamiliar(self.touch, self.families, theirs, both)
        if self.entered:
            yield from unentered(self.touch, self._census, self.entered, theirs, both)
        if self.reformed:
            yield from unreformed(self.touch, self.reformed, theirs, other.entering)


def newcomers(touches: Sequence[Touch], adapted: Sequence[Adaptations]) -> Iterator[tuple[int, int]]:
    """(who adapted a kind, who adds one more) of all definitions of kinds that have no symbol in common."""
    reforming = defaultdict(list)
    for first, each in enumerate(adapted):
        for role in each.reformed:
            reforming[role].append(first)
    naming = {
        first: tuple(family.old for family in each.families)
        for first, each in enumerate(adapted)
        if each.families
    }
    entering_classes = [first for first, each in enumerate(adapted) if each.entered]
    growing = [first for first, each in enumerate(adapted) if each.grown]
    extending = defaultdict(list)
    for first, each in enumerate(adapted):
        for names in each.extended:
            extending[names].append(first)
    for second, touch in enumerate(touches):
        for role in adapted[second].entering if reforming else ():
            yield from ((first, second) for first in reforming.get(role, ()) if first != second)
        if naming:
            begun = {label.rpartition(".")[2].rpartition(":")[2] for label in touch.added}
            for first, olds in naming.items():
                if first != second and any(name.startswith(olds) for name in begun):
                    yield first, second
        if entering_classes and any(new_classes(touch)):
            yield from ((first, second) for first in entering_classes if first != second)
        if growing and any(new_classes(touch)):
            every = joining(touch).values()
            yield from (
                (first, second)
                for first in growing
                if first != second and any(alike(adapted[first].grown, names) for names in every)
            )
        for names in set(added(touch)) if extending else ():
            yield from ((first, second) for first in extending.get(names, ()) if first != second)
