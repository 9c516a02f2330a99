"""The tests gate: the project's own pytest on base and candidate, compared test by test.

Promises: the base's suite runs first and must run to its end; a candidate is blamed only for tests that fail
again on it, in fresh jails, and pass again on the base, and for a run that comes to no end only if the base's
comes to its end at that very time (invariant 6); a run without a complete report, or
with one that its exit status contradicts, never passes (invariant 5). With `tests.from_base`, the tests and
pytest's configuration are the base's (invariant 3). Nothing is told from what a program prints.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.gates.endings import total
from assay.gates.fingerprint import fold_space
from assay.gates.protocol import Toolbox
from assay.gates.testing import base
from assay.gates.testing.compare import compare
from assay.gates.testing.confirm import Confirmation, Reruns, confirm
from assay.gates.testing.judge import Trial, base_unusable, judge, spoilt, unfinished
from assay.gates.testing.run import Ended, Run, execute
from assay.gates.testing.trusted import Subject, subject
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Resource, ResourceUse, infra

_BY_CHANCE = frozenset({Ended.CRASHED, Ended.BROKE, Ended.INTERRUPTED, Ended.REFUSED, Ended.NO_PYTEST})
"""Ends that chance may have had a hand in: believed when they happen twice, and not on the base."""


class TestsGate:
    """Runs and compares test suites. Holds no state: what candidates share lives in the toolbox."""

    __test__ = False  # pytest would otherwise take the class for tests wherever it is imported
    name = "tests"

    async def version(self, toolbox: Toolbox) -> str:
        """The plugin and all settings that test results depend on; pytest itself is in the environment's
        digest."""
        return f"tests/{base.configuration(toolbox)}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate that has a tree."""
        on_base = await base.results(toolbox, candidate.base.tree)
        if on_base.ended is not Ended.COMPLETE:
            environment = await toolbox.environment()
            return base_unusable(on_base, str(environment.python))
        bench = _Bench(toolbox, candidate, on_base)
        found, wobbly = await bench.first()
        if found.ended.machine:
            return spoilt(found, bench.use)
        if found.ended in _BY_CHANCE or found.resource is Resource.TIME:
            found, trouble = await bench.fairly(found)
            if trouble:
                return infra(self.name, fold_space(trouble), use=bench.use)
        if found.ended is not Ended.COMPLETE:
            return spoilt(found, bench.use) if found.ended.machine else unfinished(found, bench.use)
        comparison = compare(on_base.suite, found.suite, bench.subject.touched)
        if not comparison.suspects and not wobbly:
            # A run with failures that may be chance would excuse the same failures of later candidates.
            await base.keep(toolbox, bench.subject.tree, found)
        confirmation = await bench.confirm(comparison.suspects)
        if confirmation.shared:
            await base.forget(toolbox, candidate.base.tree)
        trial = Trial(
            base=on_base,
            found=found,
            comparison=comparison,
            confirmation=confirmation,
            restored=bench.subject.restored,
            wobbly=wobbly,
            use=bench.use,
        )
        return judge(trial, toolbox.policy.tests)


class _Bench:
    """The runs of one candidate, and what they cost together."""

    def __init__(self, toolbox: Toolbox, candidate: Candidate, on_base: Run) -> None:
        self.subject: Subject = subject(toolbox.repo, candidate, toolbox.policy.tests)
        self.use = ResourceUse()
        self._toolbox = toolbox
        self._base_tree = candidate.base.tree
        self._on_base = on_base
        self._seconds = self._limit(on_base)
        self._name = candidate.name

    async def first(self) -> tuple[Run, str]:
        """The candidate's run of the whole suite; and, if it had to be repeated, why (a sentence)."""
        run = await self._candidate()
        if run.ended not in _BY_CHANCE or not self._toolbox.policy.tests.confirm:
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
        if not self._toolbox.policy.tests.confirm:
            return found, ""
        now = await execute(
            self._toolbox,
            self._base_tree,
            label="tests on the base again",
            seconds=base.base_seconds(self._toolbox),
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
        rules = self._toolbox.policy.tests
        return rules.time_limit or max(rules.grace, rules.slowdown * on_base.use.seconds)

    async def confirm(self, suspects: Sequence[str]) -> Confirmation:
        """Run the suspects again, as often as the policy wants."""
        times = self._toolbox.policy.tests.confirm
        if not suspects or not times:
            return Confirmation(culprits=tuple(suspects))
        reruns = Reruns(
            candidate_alone=self._candidate,
            base_alone=self._base_alone,
            candidate_whole=self._candidate,
            base_whole=self._base_again,
        )
        return await confirm(suspects, self._on_base.suite.by_id(), reruns, times)

    async def _candidate(self, select: Sequence[str] | None = None) -> Run:
        run = await self._execute(self.subject.tree, f"tests of {self._name}", select)
        self.use = total(self.use, run.use)
        return run

    async def _base_alone(self, select: Sequence[str]) -> Run:
        run = await self._execute(self._base_tree, "suspect tests on the base", select)
        self.use = total(self.use, run.use)
        return run

    async def _base_again(self) -> Run:
        return await base.results_again(self._toolbox, self._base_tree)

    async def _execute(self, tree: str, label: str, select: Sequence[str] | None) -> Run:
        serial = select is not None and self._on_base.suite.parallel
        return await execute(
            self._toolbox, tree, label=label, seconds=self._seconds, select=select, serial=serial
        )
