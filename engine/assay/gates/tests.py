"""The tests gate: the project's own pytest on base and candidate, compared test by test.

Promises: the base's suite runs first and must run to its end; a candidate is blamed only for tests that fail
again on it, in fresh jails, and pass again on the base, and for a run that comes to no end only if the base's
comes to its end at that very time (invariant 6); a run without a complete report, or
with one that its exit status contradicts, never passes (invariant 5). With `tests.from_base`, the tests and
pytest's configuration are the base's, and passing tests of the candidate's own are evidence, not proof
(invariant 3). Nothing is told from what a program prints. A quick run (of tests that a diff can affect, in
warm processes, ended at the first failure) decides only what it makes clear; all else is run thoroughly.
"""

from __future__ import annotations

from msgspec import structs

from assay.gates.fingerprint import fold_space
from assay.gates.protocol import Toolbox
from assay.gates.testing import base, health
from assay.gates.testing.bench import BY_CHANCE, Bench
from assay.gates.testing.choice import choose, clear, narrowed, plainly, ran_changes, scouting, siblings
from assay.gates.testing.compare import compare
from assay.gates.testing.elsewhere import elsewhere
from assay.gates.testing.integrity import deviations
from assay.gates.testing.judge import (
    GATE,
    Trial,
    base_unusable,
    judge,
    run_cost,
    shadowed,
    spoilt,
    tested_elsewhere,
    unfinished,
)
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.stages import through_stages
from assay.gates.testing.trusted import changed_tests
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, infra
from assay.repo.globs import compile_globs


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
        on_base = await base.results_for_many(toolbox, candidate.base.tree)
        if on_base.ended is not Ended.COMPLETE:
            environment = await toolbox.environment()
            return base_unusable(on_base, str(environment.python))
        is_test = compile_globs(toolbox.policy.tests.paths)
        learned = on_base.suite.learned
        if name := elsewhere(toolbox.repo, candidate.base.tree, candidate.changes, is_test, learned):
            environment = await toolbox.environment()
            return tested_elsewhere(name, str(environment.python))
        bench = Bench(toolbox, candidate, on_base)
        if bench.subject.shadows:
            return shadowed(bench.subject.shadows)
        bench.choice = await choose(toolbox, candidate, bench.subject, on_base)
        result = await _scouted(bench)
        if result is None:
            result = await _grade(bench)
        if bench.choice.quick and not clear(result):
            # Whatever is in doubt gets a run of everything, in processes that start from nothing.
            bench.choice = plainly(bench.choice)
            result = await _grade(bench)
        cost = run_cost(on_base)
        told = {"selected": bench.choice.told(), "quick": bench.choice.quick, "base_cost": cost}
        return structs.replace(result, detail={**result.detail, **told})


async def _scouted(bench: Bench) -> GateResult | None:
    """A rejection by those tests alone that are likeliest to fail, run ahead of all; None where there is
    none. All tests keep their order: what a candidate breaks for a later one is seen in no other."""
    everything = bench.choice
    if not everything.scouts:
        return None
    bench.choice = scouting(everything)
    found, wobbly = await bench.first()
    if _suspicious(bench, found):
        result = await _settled(bench, found, wobbly)
        if result.outcome in (Outcome.FAILED, Outcome.EXHAUSTED) and clear(result):
            return result
    bench.choice = everything
    return None


def _suspicious(bench: Bench, found: Run) -> bool:
    """Whether a run of some tests may come to a rejection."""
    if found.ended is not Ended.COMPLETE:
        return not found.ended.machine
    on_base = narrowed(bench.narrowed(bench.on_base), found.suite.by_id())
    return bool(compare(on_base.suite, found.suite, bench.subject.touched).suspects)


async def _grade(bench: Bench) -> GateResult:
    """One candidate by the tests that were chosen."""
    return await _settled(bench, *await bench.first())


async def _settled(bench: Bench, found: Run, wobbly: str) -> GateResult:
    """What the first run of the tests that were chosen comes to; see `Bench.first`."""
    if found.ended.machine:
        return spoilt(found, bench.use)
    if found.ended in BY_CHANCE or found.ended is Ended.EXHAUSTED:
        hearing = await bench.fairly(found)
        if hearing.trouble:
            return infra(GATE, fold_space(hearing.trouble), use=bench.use)
        found, wobbly = hearing.run, wobbly or hearing.wobbly
    if found.ended is not Ended.COMPLETE:
        return spoilt(found, bench.use) if found.ended.machine else unfinished(found, bench.use)
    return await _judged(bench, found, wobbly)


async def _judged(bench: Bench, found: Run, wobbly: str) -> GateResult:
    """What a complete run of the tests that were chosen comes to."""
    toolbox, candidate = bench.toolbox, bench.candidate
    on_base = bench.narrowed(bench.on_base)
    cut_short = found.suite.cut_short and bench.choice.haste.enough > 0
    if cut_short:
        on_base = narrowed(on_base, found.suite.by_id())
    comparison = compare(on_base.suite, found.suite, bench.subject.touched)
    odd = deviations(on_base.suite, found.suite, bench.subject.touched)
    if bench.choice.tests is None and not comparison.suspects and not odd and not wobbly:
        await _keep(bench, found)
    state = await base.examine(toolbox, candidate.base.tree, again=bool(comparison.suspects))
    shaky = {*state.flaky, *await health.recorded(toolbox)}
    confirmation = await bench.confirm(comparison.suspects, shaky)
    await health.record(toolbox, confirmation.flaky, [found.suite])
    if confirmation.shared:
        await base.forget(toolbox, candidate.base.tree)
    trial = Trial(
        base=on_base,
        found=found,
        comparison=comparison,
        confirmation=confirmation,
        health=state,
        restored=bench.subject.restored,
        absent=bench.subject.absent,
        changed_tests=changed_tests(toolbox.repo, candidate, toolbox.policy.tests),
        wobbly=wobbly,
        use=bench.use,
    )
    result = judge(trial, toolbox.policy.tests)
    if cut_short and result.outcome is not Outcome.FAILED:
        # What it did not get to may fail as well, or it was not by failures that it came to this end.
        return infra(GATE, "the run was cut short, and no failure was confirmed", use=bench.use)
    result = await through_stages(bench, trial, result)
    if bench.choice.tests is not None and result.outcome is Outcome.PASSED and clear(result):
        known = await siblings(toolbox, candidate.base.tree)
        known.add(ran_changes(candidate, bench.subject), found.suite)
    return result


async def _keep(bench: Bench, found: Run) -> None:
    """What ran whole may be a base one day. A run with failures that may be chance, or with traces of
    tampering, would then excuse the same in later candidates."""
    if bench.subject.tree == bench.candidate.tree and not found.suite.cut_short:
        suite = structs.replace(found.suite, learned=found.suite.learned or bench.on_base.suite.learned)
        await base.keep(bench.toolbox, bench.subject.tree, structs.replace(found, suite=suite))
