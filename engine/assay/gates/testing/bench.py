"""The runs of one candidate, and what they cost together.

Promises: every run is in a fresh jail and counted; the candidate's time limit follows what the base took, and
is widened when the base itself has become slower; an end that is no end (out of time, out of memory, a crash)
is believed when it happens twice, and one that somebody outside may have caused when it happens every time.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Collection, Sequence

from assay.gates.endings import total
from assay.gates.protocol import Toolbox
from assay.gates.testing import base, lately
from assay.gates.testing.choice import EVERYTHING, Choice, narrowed
from assay.gates.testing.conditions import USUAL, Conditions
from assay.gates.testing.confirm import Confirmation, Reruns, confirm
from assay.gates.testing.run import NOTHING, UNHURRIED, Ended, Haste, Run, execute
from assay.gates.testing.trusted import Subject, subject
from assay.model.candidate import Candidate, Record
from assay.model.outcome import Resource, ResourceUse

BY_CHANCE = frozenset({Ended.CRASHED, Ended.BROKE, Ended.INTERRUPTED, Ended.REFUSED, Ended.NO_PYTEST})
"""Ends that chance may have had a hand in: believed when they happen twice, and not on the base."""

KILLS = 3
"""So many more kills in a row it takes after the second. With as many runs of the base in between that come
to their end, chance yields that once in five hundred times at most, however often somebody kills."""


class Hearing(Record, frozen=True, kw_only=True):
    """What came of a run that had come to no end: the run that counts, and a sentence on why the machine is
    to blame (`trouble`), or why the first one does not count (`wobbly`)."""

    run: Run
    trouble: str = ""
    wobbly: str = ""


class Bench:
    """One candidate on trial. Holds what its runs cost; what candidates share lives in the toolbox."""

    def __init__(self, toolbox: Toolbox, candidate: Candidate, on_base: Run) -> None:
        """`on_base` is the base's run of everything, whatever the choice."""
        self.choice: Choice = EVERYTHING
        self.subject: Subject = subject(toolbox.repo, candidate, toolbox.policy.tests)
        self.use = ResourceUse()
        self.toolbox = toolbox
        self._base_tree = candidate.base.tree
        self.on_base = on_base
        self._seconds = self._limit(on_base)
        self.candidate = candidate

    async def first(self) -> tuple[Run, str]:
        """The candidate's run of the tests that were chosen; and, if it had to be repeated, why (a sentence).
        It may have been ended when it had failed enough."""
        run = await self._candidate(haste=self.choice.haste)
        if run.ended not in BY_CHANCE or not self.toolbox.policy.tests.confirm:
            return run, ""
        again = await self._candidate()
        if again.ended is not Ended.COMPLETE:
            return again, ""
        return again, f"pytest {run.why}, and ran to its end the second time"

    async def fairly(self, found: Run, conditions: Conditions = USUAL) -> Hearing:
        """A second opinion on a run that came to no end.

        The base's results may be days old, from a machine that had disk and memory to spare and time: so
        the base is asked again, now. If it is slower by now, the candidate gets as much more time.
        """
        if not self.toolbox.policy.tests.confirm:
            return Hearing(run=found)
        now = await self._base_now(conditions)
        if (spoilt := _spoilt(found, now)) is not None:
            return spoilt
        if found.killed:
            return await self.struck(found, lambda: self._candidate(conditions=conditions), conditions)
        # What is no matter of resources has happened twice already.
        if found.ended is not Ended.EXHAUSTED:
            return Hearing(run=found)
        return await self._once_more(found, now, conditions)

    async def struck(
        self, found: Run, rerun: Callable[[], Awaitable[Run]], conditions: Conditions = USUAL
    ) -> Hearing:
        """A further opinion on a run that was killed. A program that kills itself looks like one that was
        killed from outside, but for this: it happens to the candidate every time, and never to the base."""
        for _ in range(KILLS):
            again = await rerun()
            if again.ended.machine:
                return Hearing(run=again)
            if again.ended is Ended.COMPLETE:
                return Hearing(run=again, wobbly=f"pytest {found.why}, and ran to its end when run again")
            if not again.killed:
                return Hearing(run=again, trouble=f"pytest {found.why}, and when run again it {again.why}")
            if (spoilt := _spoilt(again, await self._base_now(conditions))) is not None:
                return spoilt
        return Hearing(run=found)

    async def _base_now(self, conditions: Conditions) -> Run:
        seconds = base.base_seconds(self.toolbox)
        label = "tests on the base again"
        return await self.run(self._base_tree, label, seconds=seconds, conditions=conditions)

    async def _once_more(self, found: Run, now: Run, conditions: Conditions) -> Hearing:
        """Second opinion on a run that was out of time or of room, where the base is not, `now`."""
        wider, self._seconds = self._limit(now) > self._seconds, max(self._limit(now), self._seconds)
        if found.resource is Resource.TIME and not wider and await self._hangs_alone(found, conditions):
            return Hearing(run=found)
        again = await self._candidate(conditions=conditions)
        if again.ended is not Ended.COMPLETE or wider:
            return Hearing(run=again)
        return Hearing(run=again, wobbly=f"pytest {found.why}, and ran to its end the second time")

    async def _hangs_alone(self, found: Run, conditions: Conditions) -> bool:
        """Whether the test that was running when time was up takes too much of it alone, too: that is known
        sooner than by a second run of everything."""
        cases = self.on_base.suite.by_id()
        tests = [test for test in found.suite.running if test in cases]
        if len(tests) != 1:
            return False
        rules = self.toolbox.policy.tests
        seconds = rules.time_limit or max(rules.grace, rules.slowdown * cases[tests[0]].seconds)
        alone = await self._candidate(tests, seconds=min(seconds, self._seconds), conditions=conditions)
        return alone.resource is Resource.TIME

    def _limit(self, on_base: Run) -> float:
        """Seconds for the whole suite of the candidate, by what the base took."""
        rules = self.toolbox.policy.tests
        return rules.time_limit or max(rules.grace, rules.slowdown * on_base.use.seconds)

    async def confirm(
        self,
        suspects: Sequence[str],
        shaky: Collection[str] = (),
        *,
        conditions: Conditions = USUAL,
        on_base: Run | None = None,
    ) -> Confirmation:
        """Run the suspects again, as often as the policy wants, under the conditions that made them suspect;
        `on_base` is the base's run under these, if they are not the usual ones."""
        times = self.toolbox.policy.tests.confirm
        if not suspects or not times:
            return Confirmation(culprits=tuple(suspects))
        # One run that was lucky must not count as often as the policy wants to see the base pass.
        turns, alone = itertools.count(1), itertools.count(1)
        reruns = Reruns(
            candidate_alone=lambda tests: self._candidate(tests, conditions=conditions),
            base_alone=lambda tests: self._base_alone(tests, conditions, next(alone)),
            candidate_whole=lambda: self._candidate(conditions=conditions),
            base_whole=lambda: base.results_again(self.toolbox, self._base_tree, conditions, next(turns)),
        )
        return await confirm(suspects, (on_base or self.on_base).suite.by_id(), reruns, times, shaky)

    def narrowed(self, run: Run) -> Run:
        """A run of the base's as if it had been of the tests that were chosen."""
        return narrowed(run, self.choice.tests, self.choice.unloaded)

    async def again(self) -> Run:
        """The candidate's run of what was chosen once more."""
        return await self._candidate()

    async def otherwise(self, conditions: Conditions, select: Sequence[str] | None = None) -> Run:
        """The candidate's run of what was chosen, or of some tests, under other conditions."""
        return await self._candidate(select, conditions=conditions)

    async def run(
        self,
        tree: str,
        label: str,
        select: Sequence[str] | None = None,
        *,
        seconds: float = 0.0,
        conditions: Conditions = USUAL,
        trial: bool = False,
        haste: Haste = UNHURRIED,
    ) -> Run:
        """Run the suite of `tree`, or only the tests `select` of it; what it costs is the candidate's.
        `seconds` of wall time at most, or the candidate's limit. Warm where that was chosen; for the rest see
        `execute`."""
        run = await execute(
            self.toolbox,
            tree,
            label=label,
            seconds=seconds or self._seconds,
            select=select,
            serial=select is not None and self.on_base.suite.parallel,
            conditions=conditions,
            trial=trial,
            haste=haste,
            warm=self.choice.warm,
            made=self.choice.made if tree == self.subject.tree else NOTHING,
        )
        self.use = total(self.use, run.use)
        return run

    async def _candidate(
        self,
        select: Sequence[str] | None = None,
        *,
        seconds: float = 0.0,
        conditions: Conditions = USUAL,
        haste: Haste = UNHURRIED,
    ) -> Run:
        """The tests `select`, or what was chosen."""
        label = f"tests of {self.candidate.name}"
        return await self.run(
            self.subject.tree,
            label,
            self.choice.tests if select is None else select,
            seconds=seconds,
            conditions=conditions,
            trial=select is None,
            haste=haste,
        )

    async def _base_alone(self, select: Sequence[str], conditions: Conditions, turn: int) -> Run:
        async def ask(tests: Sequence[str]) -> Run:
            return await self.run(self._base_tree, "suspect tests on the base", tests, conditions=conditions)

        if not self.choice.quick:
            return await ask(select)
        return await lately.asked(self.toolbox, self._base_tree, conditions, select, turn, ask)


def _spoilt(found: Run, now: Run) -> Hearing | None:
    """What follows for `found` if the base, run `now`, came to no end either."""
    if now.ended.machine:
        return Hearing(run=now)
    if now.ended is Ended.COMPLETE:
        return None
    trouble = f"pytest {found.why}; on the base, run again at the same time, it {now.why}"
    return Hearing(run=found, trouble=trouble)
