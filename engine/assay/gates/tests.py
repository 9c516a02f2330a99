"""The tests gate: the project's own pytest on base and candidate, compared test by test.

Promises: the base's suite runs first and must run to its end; a candidate is blamed only for tests that fail
again on it, in fresh jails, and pass again on the base, and for a run that comes to no end only if the base's
comes to its end at that very time (invariant 6); a run without a complete report, or
with one that its exit status contradicts, never passes (invariant 5). With `tests.from_base`, the tests and
pytest's configuration are the base's (invariant 3). Nothing is told from what a program prints.
"""

from __future__ import annotations

from assay.gates.fingerprint import fold_space
from assay.gates.protocol import Toolbox
from assay.gates.testing import base
from assay.gates.testing.bench import BY_CHANCE, Bench
from assay.gates.testing.compare import compare
from assay.gates.testing.judge import Trial, base_unusable, judge, spoilt, unfinished
from assay.gates.testing.run import Ended
from assay.gates.testing.stages import STAGES
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, Resource, infra


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
        bench = Bench(toolbox, candidate, on_base)
        found, wobbly = await bench.first()
        if found.ended.machine:
            return spoilt(found, bench.use)
        if found.ended in BY_CHANCE or found.resource is Resource.TIME:
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
        result = judge(trial, toolbox.policy.tests)
        for stage in STAGES:
            if result.outcome is not Outcome.PASSED:
                break
            result = await stage(bench, trial, result)
        return result
