"""Which members of a failing set fail together, of several failures at once.

A run of some of the members says of each failure (a test, a finding) by itself whether it is there. So one
run asks about all of them: of every pair that may be behind a failure it tells whether the failure shows when
both are in. Some seven in ten members, drawn so that the answers are as open as can be, halve what is left of
each failure's suspects; fourteen runs single out one pair of a hundred and fifty members, however many pairs
there are to find. (Group testing with several outcomes at once; the halving of suspects by what a test tells
is Bayesian, so that an answer that was wrong by chance delays and does not mislead.)

Promises: whoever is blamed is in a group that was itself run and failed, or is proven to be behind the
failure by all the runs together (`proof`); the same group is not run twice; the drawing is the same in every
run of the program. What no pair explains, groups of three may; what neither do is searched by prefixes
(`blame`). A failure that comes and goes whoever is in is said to be unsteady, and blames nobody.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from assay.patchset.blame import culprits
from assay.patchset.proof import common, joint, proven
from assay.patchset.suspects import Case, mask, members, pairs, triples, weighed

Members = tuple[int, ...]
"""Places in the set, ascending."""


class Seen(NamedTuple):
    """What a run of some members showed: its failures, and whether the list is whole."""

    failures: frozenset[str]
    whole: bool = True


Ask = Callable[[Sequence[Members]], Awaitable[Sequence[Seen | None]]]
"""Runs these groups, at the same time where that can be; None for one that cannot be put together. What it
raises ends the hunt."""
Suspicion = Callable[[Sequence[str]], Sequence[float]]
"""How much each member is suspected of these failures, before any run: positive, in any unit."""


class Culprits(NamedTuple):
    """A group behind these failures. `chance` is how likely it is that just these are behind them, by all
    that was seen. `innocent` are those of it who were seen without them in other company, where not all the
    others were. `shown` is the smallest company that was run and shows them: the group itself, or more."""

    group: Members
    failures: tuple[str, ...]
    chance: float
    innocent: frozenset[int]
    shown: Members


class Hunted(NamedTuple):
    """The groups that were found, and the failures that nobody is to be blamed for."""

    found: tuple[Culprits, ...]
    unsteady: tuple[str, ...]


_DOUBTFUL = 0.003
"""Nobody is blamed for what comes and goes by chance with more than this probability."""
_ONE_BY_ONE = 4
"""Among so few nothing is drawn: they are tried in turn."""
_DRAWN = 48
"""So many groups are looked at for each question."""
_PARTICLES = 240
"""So many suspects stand for all of a failure when a question is chosen."""
_SURE = 0.4
"""A group with at least this chance is run itself."""
_NOTHING = 0.01
"""Bits: a question that is expected to tell no more is not asked."""
_DENSITIES = (0.5, 0.6, 0.7, 0.8, 0.9)


def anybody(count: int) -> Suspicion:
    """Suspects all of so many members alike."""
    return lambda failures: [1.0] * count


async def hunt(
    count: int,
    failures: Sequence[str],
    ask: Ask,
    *,
    suspicion: Suspicion | None = None,
    groups: frozenset[Members] = frozenset(),
    alone: frozenset[int] = frozenset(),
    seen: Mapping[Members, Seen] | None = None,
    slots: int = 1,
) -> Hunted:
    """Find the groups behind `failures`, which all of `count` members together show. `groups` are suspected
    for other reasons; members in `alone` may be to blame by themselves; `seen` is what was run before;
    `slots` groups are run at a time."""
    how = suspicion or anybody(count)
    run = _Hunt(count, tuple(failures), ask, how, groups, alone, seen or {}, slots)
    return await run.run()


class _Hunt:
    def __init__(
        self,
        count: int,
        failures: tuple[str, ...],
        ask: Ask,
        suspicion: Suspicion,
        groups: frozenset[Members],
        alone: frozenset[int],
        seen: Mapping[Members, Seen],
        slots: int,
    ) -> None:
        self._count = count
        self._ask = ask
        self._suspicion = suspicion
        self._likely = frozenset(map(mask, groups))
        self._slots = slots
        self._dice = random.Random(count)  # noqa: S311 -- which groups are drawn is no secret
        self._seen: dict[int, Seen | None] = {mask(group): what for group, what in seen.items()}
        self._seen[(1 << count) - 1] = Seen(frozenset(failures))
        suspects = pairs(suspicion(failures), self._likely, alone)
        self._cases = [self._case(failures, suspects)]
        self._found: list[Culprits] = []
        self._unsteady: list[str] = []
        self._left = 8 + 3 * math.ceil(math.log2(len(suspects) + 2))
        """Questions that may still be asked before the rest is searched by prefixes."""

    async def run(self) -> Hunted:
        while self._cases:
            if self._settle():
                continue
            for case in [case for case in self._cases if not self._explains(case)]:
                self._widen(case)
            stuck = next((case for case in self._cases if case.is_other), None)
            questions = self._questions() if stuck is None and self._count > _ONE_BY_ONE else []
            if not questions or self._left <= 0:
                stuck = stuck or self._cases[0]
                if self._count <= _ONE_BY_ONE or not self._widen(stuck):
                    await self._search(stuck)
                continue
            self._left -= 1
            await self._put(questions)
        return Hunted(tuple(self._found), tuple(self._unsteady))

    def _case(self, failures: tuple[str, ...], groups: Sequence[int]) -> Case:
        """What is to be thought of these failures after all that was seen."""
        likely = self._likely.intersection(groups)
        case = Case(failures, groups, weighed(groups, self._suspicion(failures), likely))
        for asked, seen in self._seen.items():
            if seen is not None:
                self._hear(case, asked, seen)
        return case

    def _hear(self, case: Case, asked: int, seen: Seen) -> None:
        shows = case.failures[0] in seen.failures
        if shows or seen.whole:
            case.hear(asked, asked.bit_count() / self._count, shows=shows)

    def _settle(self) -> bool:
        """Take out a case that is decided; whether there was one."""
        for case in self._cases:
            group, chance = case.best()
            if group is not None and self._is_shown(group, case) and self._is_steady(group, case):
                self._blame(group, case, chance)
                return True
        return False

    def _is_shown(self, group: int, case: Case) -> bool:
        """Whether a group is behind these failures by a run of its own, or by all the others."""
        if self._shown(group, case.failures):
            return True
        return proven(group, self._core(case), self._clean(case.failures))

    def _core(self, case: Case) -> int:
        """Who was in whenever these failures showed."""
        return common(self._showing(case.failures), (1 << self._count) - 1)

    def _is_steady(self, group: int, case: Case) -> bool:
        """Whether these failures hardly come and go by chance, or nothing speaks for it."""
        # There are so many groups of three that one of them fits whatever chance does, for a while.
        doubtful = _DOUBTFUL if group.bit_count() < 3 else _DOUBTFUL / 5
        return case.by_chance < doubtful or group in self._likely or not self._clean(case.failures)

    def _shown(self, group: int, failures: Sequence[str]) -> bool:
        """Whether a group itself was seen to show any of these."""
        seen = self._seen.get(group)
        return seen is not None and not seen.failures.isdisjoint(failures)

    def _blame(self, group: int, case: Case, chance: float) -> None:
        """A group is behind those of these failures that it was seen to show; the others stay open."""
        self._cases.remove(case)
        seen = self._seen.get(group)
        shown = case.failures if seen is None else tuple(f for f in case.failures if f in seen.failures)
        innocent = self._innocent(group, shown)
        company = next((asked for asked in self._showing(shown) if not group & ~asked), group)
        self._found.append(Culprits(members(group), shown, chance, innocent, members(company)))
        if rest := tuple(failure for failure in case.failures if failure not in shown):
            self._cases.append(self._case(rest, case.groups))

    def _innocent(self, group: int, failures: Sequence[str]) -> frozenset[int]:
        clean = self._clean(failures)
        return frozenset(member for member in members(group) if any(asked >> member & 1 for asked in clean))

    def _clean(self, failures: Sequence[str]) -> list[int]:
        """The groups that were seen without any of these."""
        return [
            asked
            for asked, seen in self._seen.items()
            if seen is not None and seen.whole and seen.failures.isdisjoint(failures)
        ]

    def _showing(self, failures: Sequence[str]) -> list[int]:
        """The groups that were seen with any of these, the smallest first."""
        return sorted((asked for asked in self._seen if self._shown(asked, failures)), key=int.bit_count)

    # -- questions

    def _questions(self) -> list[int]:
        """The groups to run next, the most telling first. Those that are all but certain to be behind their
        failures are asked about in one run, as far as they go together, and by themselves where that tells
        nothing new."""
        certain = self._certain()
        inside, outside = joint(certain)
        drawn = {self._drawn() & ~outside | inside for _ in range(_DRAWN)} - self._seen.keys()
        stand = [(case.draw(self._dice, _PARTICLES), case.by_chance) for case in self._cases]
        scored = sorted(((_telling(group, stand), group) for group in drawn), reverse=True)
        telling = [group for score, group in scored[: self._slots] if score > _NOTHING]
        return telling or list(dict.fromkeys(group for group, _ in certain))[: self._slots]

    def _certain(self) -> list[tuple[int, int]]:
        """The likeliest group of each case where it is likely enough, with who may be behind it besides; one
        that is to be run by itself comes first, with everybody besides."""
        found: list[tuple[float, int, int]] = []
        for case in self._cases:
            group, chance = case.best()
            if group is not None and chance >= _SURE and group not in self._seen:
                core = self._core(case)
                if core == group:
                    return [(group, (1 << self._count) - 1)]
                found.append((chance, group, core))
        found.sort(reverse=True)
        return [(group, core) for _, group, core in found]

    def _drawn(self) -> int:
        density = self._dice.choice(_DENSITIES)
        return sum(1 << member for member in range(self._count) if self._dice.random() < density)

    async def _put(self, questions: Sequence[int]) -> None:
        answers = await self._ask([members(group) for group in questions])
        for group, seen in zip(questions, answers, strict=True):
            self._seen[group] = seen
            if seen is not None:
                self._cases = [part for case in self._cases for part in self._after(case, group, seen)]

    def _after(self, case: Case, group: int, seen: Seen) -> list[Case]:
        """A case after an answer: two, if only some of its failures showed."""
        there = tuple(failure for failure in case.failures if failure in seen.failures)
        if there and len(there) < len(case.failures) and seen.whole:
            gone = tuple(failure for failure in case.failures if failure not in seen.failures)
            return [self._case(there, case.groups), self._case(gone, case.groups)]
        self._hear(case, group, seen)
        return [case]

    # -- what no pair explains

    def _explains(self, case: Case) -> bool:
        """Whether some suspect was in whenever these failures showed, and never when they did not."""
        core, clean = self._core(case), self._clean(case.failures)
        return any(
            not group & ~core and not any(not group & ~asked for asked in clean) for group in case.groups
        )

    def _widen(self, case: Case) -> bool:
        """Suspect groups of three among those who were in whenever the failures showed; whether that is
        new, and says something."""
        groups = triples(self._core(case), self._clean(case.failures))
        if not groups or case.groups[0].bit_count() == groups[0].bit_count() == 3:
            return False
        wider = self._case(case.failures, groups)
        if wider.is_other:
            return False
        self._cases[self._cases.index(case)] = wider
        return True

    async def _search(self, case: Case) -> None:
        """Find who is behind a case by prefixes, however many they are. What is not there in a larger company
        of those who come out comes and goes."""

        async def fails(group: Members) -> bool:
            asked = mask(group)
            if asked not in self._seen:
                (self._seen[asked],) = await self._ask([group])
            seen = self._seen[asked]
            return seen is None or not seen.failures.isdisjoint(case.failures)

        fewest = self._showing(case.failures)[0]
        group = mask(await culprits(members(fewest), fails))
        if any(not group & ~asked for asked in self._clean(case.failures)):
            self._cases.remove(case)
            self._unsteady += case.failures
        else:
            self._blame(group, case, 1.0 - case.by_chance)


def _telling(group: int, cases: Sequence[tuple[Sequence[int], float]]) -> float:
    """How many bits the answer is expected to tell, over all cases: suspects that stand for each, and how
    likely it comes by chance."""
    absent = ~group
    total = 0.0
    for suspects, by_chance in cases:
        if suspects:
            shows = sum(not suspect & absent for suspect in suspects) / len(suspects)
            total += max(0.0, _entropy(by_chance / 2 + (1 - by_chance) * shows) - by_chance)
    return total


def _entropy(chance: float) -> float:
    if chance <= 0 or chance >= 1:
        return 0.0
    return -chance * math.log2(chance) - (1 - chance) * math.log2(1 - chance)
