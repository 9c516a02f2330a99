"""Which members of a failing set fail together, of several failures at once.

A run of some of the members says of each failure (a test, a finding) by itself whether it is there. So one
run asks about all of them: of every pair that may be behind a failure it tells whether the failure shows when
both are in. Some seven in ten members, drawn so that the answers are as open as can be, halve what is left of
each failure's suspects; fourteen runs single out one pair of a hundred and fifty members, however many pairs
there are to find. (Group testing with several outcomes at once; the halving of suspects by what a test tells
is Bayesian, so that an answer that was wrong by chance delays and does not mislead.)

Promises: whoever is blamed was in a group that was itself run and failed; the same group is not run twice;
the drawing is the same in every run of the program. What no member or pair explains is searched by prefixes
(`blame`); a failure that comes and goes whoever is in is said to be unsteady, and blames nobody.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from assay.patchset.blame import culprits

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
    """A group that was run and shows these failures. `chance` is how likely it is that just these are behind
    them, by all that was seen. `innocent` are those of it who were seen without them in other company, where
    not all the others were."""

    group: Members
    failures: tuple[str, ...]
    chance: float
    innocent: frozenset[int]


class Hunted(NamedTuple):
    """The groups that were found, and the failures that nobody is to be blamed for."""

    found: tuple[Culprits, ...]
    unsteady: tuple[str, ...]


_WRONG = 0.02
"""The chance that a failure shows where its group is not, or does not where it is."""
_UNSTEADY, _OTHER = 0.05, 0.05
"""How much of all suspicion is that a failure comes and goes by chance, and that three or more are behind."""
_DOUBTFUL = 0.01
"""Nobody is blamed for what comes and goes by chance with more than this probability."""
_ONE_BY_ONE = 4
"""Among so few nothing is drawn: they are tried in turn."""
_DRAWN = 48
"""So many groups are looked at for each question."""
_PARTICLES = 240
"""So many suspects, drawn by their weight, stand for all of a failure when a question is chosen."""
_SURE = 0.4
"""A group with at least this chance is run itself."""
_NOTHING = 0.01
"""Bits: a question that is expected to tell no more is not asked."""
_DENSITIES = (0.5, 0.6, 0.7, 0.8, 0.9)
_MOST = 40_000
"""So many pairs are kept, the most suspected."""


def anybody(count: int) -> Suspicion:
    """Suspects all of so many members alike."""
    return lambda failures: [1.0] * count


async def hunt(
    count: int,
    failures: Sequence[str],
    ask: Ask,
    *,
    suspicion: Suspicion | None = None,
    pairs: frozenset[tuple[int, int]] = frozenset(),
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


class _Case:
    """Failures that came and went together so far, and how likely each suspect is behind them: the groups in
    the order of the hunt's, then chance, then larger groups."""

    def __init__(self, failures: tuple[str, ...], weights: list[float]) -> None:
        self.failures = failures
        self.weights = weights

    @property
    def by_chance(self) -> float:
        """How likely these failures come and go by chance."""
        return self.weights[-2] / sum(self.weights)

    def best(self) -> tuple[int, float]:
        """The likeliest suspect's place, and its chance."""
        place = max(range(len(self.weights)), key=self.weights.__getitem__)
        return place, self.weights[place] / sum(self.weights)


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
        self._likely = {_mask(group) for group in groups}
        self._slots = slots
        self._dice = random.Random(count)  # noqa: S311 -- which groups are drawn is no secret
        self._everybody = (1 << count) - 1
        self._seen: dict[int, Seen | None] = {_mask(group): what for group, what in seen.items()}
        self._seen[self._everybody] = Seen(frozenset(failures))
        self._groups = self._suspects(failures, sorted(alone))
        self._cases = [self._case(failures)]
        self._found: list[Culprits] = []
        self._unsteady: list[str] = []
        self._left = 8 + 3 * math.ceil(math.log2(len(self._groups) + 2))
        """Questions that may still be asked before the rest is searched by prefixes."""

    async def run(self) -> Hunted:
        while self._cases:
            if self._settle():
                continue
            larger = next((case for case in self._cases if self._is_larger(case)), None)
            questions = self._questions() if self._count > _ONE_BY_ONE else []
            if larger is not None or not questions or self._left <= 0:
                await self._search(larger or self._cases[0])
                continue
            self._left -= 1
            await self._put(questions)
        return Hunted(tuple(self._found), tuple(self._unsteady))

    # -- suspects

    def _suspects(self, failures: Sequence[str], alone: Sequence[int]) -> list[int]:
        """Whom there is reason to suspect, every pair (the most suspected if there are too many), and whoever
        may fail alone, as masks."""
        pairs = list(combinations(range(self._count), 2))
        if len(pairs) > _MOST:
            how = self._suspicion(failures)
            pairs.sort(key=lambda pair: how[pair[0]] * how[pair[1]], reverse=True)
        known = [*((member,) for member in alone), *pairs[:_MOST]]
        return list(dict.fromkeys([*self._likely, *map(_mask, known)]))

    def _case(self, failures: tuple[str, ...]) -> _Case:
        """What is to be thought of these failures after all that was seen."""
        how = self._suspicion(failures)
        mean = sum(how) / len(how)
        weights = [math.prod(how[member] / mean for member in _members(group)) for group in self._groups]
        if self._likely:
            # As much for those there is a reason for as for all the others.
            others = sum(
                w for w, group in zip(weights, self._groups, strict=True) if group not in self._likely
            )
            each = max(others, 1.0) / len(self._likely)
            weights = [
                each if group in self._likely else weight
                for weight, group in zip(weights, self._groups, strict=True)
            ]
        total = sum(weights)
        case = _Case(failures, [*weights, total * _UNSTEADY, total * _OTHER])
        for asked, seen in self._seen.items():
            if seen is not None:
                self._update(case, asked, seen)
        return case

    def _update(self, case: _Case, asked: int, seen: Seen) -> None:
        shows = case.failures[0] in seen.failures
        if not shows and not seen.whole:
            return
        inside, outside = (1 - _WRONG, _WRONG) if shows else (_WRONG, 1 - _WRONG)
        absent = ~asked
        *weights, chance, other = case.weights
        weights = [
            weight * (outside if group & absent else inside)
            for weight, group in zip(weights, self._groups, strict=True)
        ]
        third = min(max((asked.bit_count() / self._count) ** 3, _WRONG), 1 - _WRONG)
        case.weights = [*weights, chance * 0.5, other * (third if shows else 1 - third)]

    # -- one turn

    def _settle(self) -> bool:
        """Take out the cases that are decided; whether there were any."""
        for case in self._cases:
            place, chance = case.best()
            shown = place < len(self._groups) and self._shown(self._groups[place], case.failures)
            if shown and self._is_steady(self._groups[place], case):
                self._blame(self._groups[place], case, chance)
                return True
        return False

    def _is_steady(self, group: int, case: _Case) -> bool:
        """Whether these failures hardly come and go by chance, or nothing speaks for it."""
        return case.by_chance < _DOUBTFUL or group in self._likely or not self._clean(case.failures)

    def _is_larger(self, case: _Case) -> bool:
        """Whether no member and no pair explains what was seen: more than two are behind it, or many groups,
        or chance."""
        place, chance = case.best()
        return place >= len(self._groups) and chance > 1 - _OTHER

    def _shown(self, group: int, failures: Sequence[str]) -> bool:
        """Whether a group itself was seen to show any of these."""
        seen = self._seen.get(group)
        return seen is not None and not seen.failures.isdisjoint(failures)

    def _blame(self, group: int, case: _Case, chance: float) -> None:
        seen = self._seen[group]
        assert seen is not None
        failures = tuple(failure for failure in case.failures if failure in seen.failures)
        self._found.append(Culprits(_members(group), failures, chance, self._innocent(group, failures)))
        self._cases.remove(case)
        rest = tuple(failure for failure in case.failures if failure not in seen.failures)
        if rest:
            self._cases.append(self._case(rest))

    def _contradicted(self, group: int, failures: Sequence[str]) -> bool:
        """Whether a larger company of this group was seen without these."""
        return any(not group & ~asked for asked in self._clean(failures))

    def _innocent(self, group: int, failures: Sequence[str]) -> frozenset[int]:
        clean = self._clean(failures)
        return frozenset(member for member in _members(group) if any(asked >> member & 1 for asked in clean))

    def _clean(self, failures: Sequence[str]) -> list[int]:
        """The groups that were seen without any of these."""
        return [
            asked
            for asked, seen in self._seen.items()
            if seen is not None and seen.whole and seen.failures.isdisjoint(failures)
        ]

    def _questions(self) -> list[int]:
        """The groups to run next: those that are all but certain themselves, else the most telling ones."""
        sure = []
        for case in self._cases:
            place, chance = case.best()
            if place < len(self._groups) and chance >= _SURE and self._groups[place] not in self._seen:
                sure.append(self._groups[place])
        if sure:
            return list(dict.fromkeys(sure))[: self._slots]
        particles = [(self._particles(case), case.by_chance) for case in self._cases]
        drawn = {self._draw() for _ in range(_DRAWN)} - self._seen.keys()
        scored = sorted(((self._telling(group, particles), group) for group in drawn), reverse=True)
        return [group for score, group in scored[: self._slots] if score > _NOTHING]

    def _particles(self, case: _Case) -> list[int]:
        weights = case.weights[:-2]
        if not weights or sum(weights) <= 0:
            return []
        return self._dice.choices(self._groups, weights, k=_PARTICLES)

    def _draw(self) -> int:
        density = self._dice.choice(_DENSITIES)
        return sum(1 << member for member in range(self._count) if self._dice.random() < density)

    def _telling(self, group: int, cases: Sequence[tuple[Sequence[int], float]]) -> float:
        """How many bits the answer is expected to tell, over all cases."""
        absent = ~group
        total = 0.0
        for suspects, by_chance in cases:
            if suspects:
                shows = sum(not suspect & absent for suspect in suspects) / len(suspects)
                open_ = _entropy(by_chance / 2 + (1 - by_chance) * shows)
                total += max(0.0, open_ - by_chance)
        return total

    async def _put(self, questions: Sequence[int]) -> None:
        answers = await self._ask([_members(group) for group in questions])
        for group, seen in zip(questions, answers, strict=True):
            self._seen[group] = seen
            if seen is not None:
                self._cases = [part for case in self._cases for part in self._after(case, group, seen)]

    def _after(self, case: _Case, group: int, seen: Seen) -> list[_Case]:
        """A case after an answer: two, if only some of its failures showed."""
        there = tuple(failure for failure in case.failures if failure in seen.failures)
        if there and len(there) < len(case.failures) and seen.whole:
            gone = tuple(failure for failure in case.failures if failure not in seen.failures)
            return [self._case(there), self._case(gone)]
        self._update(case, group, seen)
        return [case]

    async def _search(self, case: _Case) -> None:
        """Find who is behind a case by prefixes, however many they are. What is not there in a larger company
        of those who come out comes and goes."""

        async def fails(group: Members) -> bool:
            mask = _mask(group)
            if mask not in self._seen:
                (self._seen[mask],) = await self._ask([group])
            seen = self._seen[mask]
            return seen is None or not seen.failures.isdisjoint(case.failures)

        self._cases.remove(case)
        showing = [asked for asked in self._seen if self._shown(asked, case.failures)]
        fewest = min(showing, key=int.bit_count)
        group = await culprits(_members(fewest), fails)
        if self._contradicted(_mask(group), case.failures):
            self._unsteady += case.failures
            return
        shown = self._seen.get(_mask(group))
        failures = case.failures if shown is None else tuple(f for f in case.failures if f in shown.failures)
        innocent = self._innocent(_mask(group), case.failures)
        self._found.append(Culprits(group, failures, 1.0 - case.by_chance, innocent))
        if rest := tuple(failure for failure in case.failures if failure not in failures):
            self._cases.append(self._case(rest))


def _mask(members: Members) -> int:
    return sum(1 << member for member in members)


def _members(group: int) -> Members:
    found = []
    while group:
        low = group & -group
        found.append(low.bit_length() - 1)
        group ^= low
    return tuple(found)


def _entropy(chance: float) -> float:
    if chance <= 0 or chance >= 1:
        return 0.0
    return -chance * math.log2(chance) - (1 - chance) * math.log2(1 - chance)
