"""The runs of one candidate, and what they cost together.

Promises: every run is in a fresh jail and counted; the candidate's time limit follows what the base took, and
is widened when the base itself has become slower.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.gates.endings import total
from assay.gates.protocol import Toolbox
from assay.gates.testing import base
from assay.gates.testing.confirm import Confirmation, Reruns, confirm
from assay.gates.testing.run import Ended, Run, execute
from assay.gates.testing.trusted import Subject, subject
from assay.model.candidate import Candidate
from assay.model.outcome import Resource, ResourceUse

BY_CHANCE = frozenset({Ended.CRASHED, Ended.BROKE, Ended.INTERRUPTED, Ended.REFUSED, Ended.NO_PYTEST})
"""Ends that chance may have had a hand in: believed when they happen twice, and not on the base."""


class Bench:
    """One candidate on trial. Holds what its runs cost; what candidates share lives in the toolbox."""

    def __init__(self, toolbox: Toolbox, candidate: Candidate, on_base: Run) -> None:
        self.subject: Subject = subject(toolbox.repo, candidate, toolbox.policy.tests)
        self.use = ResourceUse()
        self.toolbox = toolbox
        self._base_tree = candidate.base.tree
        self.on_base = on_base
        self._seconds = self._limit(on_base)
        self.candidate = candidate

    async def first(self) -> tuple[Run, str]:
        """The candidate's run of the whole suite; and, if it had to be repeated, why (a sentence)."""
        run = await self._candidate()
        if run.ended not in BY_CHANCE or not self.toolbox.policy.tests.confirm:
            return run, ""
        again = await self._candidate()
        if again.ended is not Ended.COMPLETE:
            return again, ""
        return again, f"pytest {run.why}, and ran to its end the second time"

    async def fairly(self, found: Run) -> tuple[Run, str]:
        """A run that came to no end, or a better one; and, if the machine is to blame, why (a sentence).

        The base's results may be days old, from a machine that had disk and memory to spare and time: so
        the base is asked again, now. If it is slower by now, the candidate gets as much more time.
        """
        if not self.toolbox.policy.tests.confirm:
            return found, ""
        now = await execute(
            self.toolbox,
            self._base_tree,
            label="tests on the base again",
            seconds=base.base_seconds(self.toolbox),
        )
        self.use = total(self.use, now.use)
        if now.ended.machine:
            return now, ""
        if now.ended is not Ended.COMPLETE:
            return found, f"pytest {found.why}; on the base, run again at the same time, it {now.why}"
        seconds = self._limit(now)
        if found.resource is not Resource.TIME or seconds <= self._seconds:
            return found, ""
        self._seconds = seconds
        return await self._candidate(), ""

    def _limit(self, on_base: Run) -> float:
        """Seconds for the whole suite of the candidate, by what the base took."""
        rules = self.toolbox.policy.tests
        return rules.time_limit or max(rules.grace, rules.slowdown * on_base.use.seconds)

    async def confirm(self, suspects: Sequence[str]) -> Confirmation:
        """Run the suspects again, as often as the policy wants."""
        times = self.toolbox.policy.tests.confirm
        if not suspects or not times:
            return Confirmation(culprits=tuple(suspects))
        reruns = Reruns(
            candidate_alone=self._candidate,
            base_alone=self._base_alone,
            candidate_whole=self._candidate,
            base_whole=self._base_again,
        )
        return await confirm(suspects, self.on_base.suite.by_id(), reruns, times)

    async def run(self, tree: str, label: str, select: Sequence[str] | None = None) -> Run:
        """Run the suite of `tree`, or only the tests `select` of it; what it costs is the candidate's."""
        serial = select is not None and self.on_base.suite.parallel
        run = await execute(
            self.toolbox, tree, label=label, seconds=self._seconds, select=select, serial=serial
        )
        self.use = total(self.use, run.use)
        return run

    async def _candidate(self, select: Sequence[str] | None = None) -> Run:
        return await self.run(self.subject.tree, f"tests of {self.candidate.name}", select)

    async def _base_alone(self, select: Sequence[str]) -> Run:
        return await self.run(self._base_tree, "suspect tests on the base", select)

    async def _base_again(self) -> Run:
        return await base.results_again(self.toolbox, self._base_tree)
