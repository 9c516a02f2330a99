"""One candidate against one package of acceptance tests: the runs, and what they come to.

Promises: every run is in a fresh jail, of trees that are kept in memory; the base, with the same files laid
over, is run first. A failing test is run again, alone and in order, on the candidate and, where the base
passes it, on the base, before it counts; a pass is believed only if nothing of the run speaks of tampering,
and, where the policy wants it, if it repeats under another hash seed and test order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.gates.testing import base, exam_words, health
from assay.gates.testing.annex import Annex
from assay.gates.testing.believed import believed
from assay.gates.testing.bench import BY_CHANCE, Bench
from assay.gates.testing.compare import is_collection
from assay.gates.testing.conditions import USUAL, Conditions, others
from assay.gates.testing.confirm import Confirmation, Reruns, confirm
from assay.gates.testing.exam_words import Paper
from assay.gates.testing.judge import base_unusable, shadowed, spoilt, unfinished
from assay.gates.testing.package import Package, digest, laid_over, plain_changes
from assay.gates.testing.required import Demand, observe, weigh
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.selection import narrowed
from assay.gates.testing.suite import Case, Result, Suite
from assay.gates.testing.trusted import literal
from assay.model.candidate import Base, Candidate
from assay.model.outcome import GateResult, Outcome, Resource, ResourceUse, infra
from assay.policy.schema import Policy, Tests
from assay.repo.repository import Repository
from assay.repo.veil import Veil

_LIMITLESS = frozenset({Ended.EXHAUSTED, Ended.CRASHED})
"""Ends that a base may come to for the very fault that the candidate is to mend."""

_NOTHING = Run(suite=Suite(), ended=Ended.COMPLETE)
"""What a run of no test at all comes to."""


async def examine(toolbox: Toolbox, candidate: Candidate, package: Package) -> GateResult:
    """The result of one candidate that has a tree."""
    assert candidate.tree is not None
    repo = Veil(toolbox.repo)
    tree = laid_over(repo, candidate.base.tree, package.files)
    under = Base(commit=candidate.base.commit, tree=tree)
    policy = _policy(toolbox.policy, repo, tree, package)
    annex = Annex(toolbox, f"acceptance:{digest([package])}", under, policy)
    on_base = await base.results(annex, tree)
    if on_base.ended.machine:
        return spoilt(on_base, on_base.use)
    if on_base.ended is not Ended.COMPLETE and on_base.ended not in _LIMITLESS:
        return base_unusable(on_base, str((await annex.environment()).python))
    seen = laid_over(repo, candidate.tree, package.files)
    dressed = structs.replace(
        candidate, base=under, tree=seen, changes=plain_changes(repo, tree, seen), equivalent_to=None
    )
    return await _Exam(annex, dressed, package, on_base).run()


def _policy(policy: Policy, repo: Repository, tree: str, package: Package) -> Policy:
    """The policy of these runs. Hidden tests are run as trusted ones: with the base's tests, settings and
    conftest files around them, whoever proposed the change; lists alone apply to what the policy grades."""
    changes: dict[str, object] = {}
    if package.run:
        changes["args"] = narrowed(repo, tree, policy.tests.args, package.run)
    if package.files:
        hidden = literal(laid.path for laid in package.files)
        changes |= {"from_base": True, "trust": False, "paths": (*policy.tests.paths, *hidden)}
    tests: Tests = structs.replace(policy.tests, **changes)
    return structs.replace(policy, tests=tests)


class _Exam:
    """The runs of one candidate; `annex` and `candidate` are dressed in the package's files."""

    def __init__(self, annex: Annex, candidate: Candidate, package: Package, on_base: Run) -> None:
        self._annex = annex
        self._package = package
        self._rules = annex.policy.tests
        self._on_base = on_base
        self._complete = on_base.ended is Ended.COMPLETE
        self._bench = Bench(annex, candidate, on_base if self._complete else self._unbounded(on_base))

    async def run(self) -> GateResult:
        if self._bench.subject.shadows:
            return shadowed(self._bench.subject.shadows)
        found, wobbly = await self._bench.first()
        if self._complete and (found.ended in BY_CHANCE or found.ended is Ended.EXHAUSTED):
            hearing = await self._bench.fairly(found)
            if hearing.trouble:
                return infra(exam_words.GATE, hearing.trouble, use=self._bench.use)
            found, wobbly = hearing.run, wobbly or hearing.wobbly
        if found.ended.machine:
            return spoilt(found, self._bench.use)
        if found.ended is not Ended.COMPLETE:
            result = unfinished(found, self._bench.use)
            return result if self._complete else exam_words.as_on_the_base(result, found, self._on_base)
        paper = await self._paper(self._on_base, found, USUAL)
        result = exam_words.mark(structs.replace(paper, wobbly=wobbly), self._rules)
        if result.outcome is Outcome.PASSED:
            result = await believed(self._bench, paper.trial, result)
        if result.outcome is Outcome.PASSED and self._rules.perturb:
            result = await self._otherwise(result)
        return result

    async def _paper(self, on_base: Run, found: Run, conditions: Conditions) -> Paper:
        """What a complete run of the candidate comes to, with all that failed run again."""
        demands = self._demands(on_base, found)
        confirmation = await self._confirm(demands, conditions)
        await health.record(self._annex, confirmation.flaky)
        return Paper(
            package=self._package,
            base=on_base,
            found=found,
            demands=demands,
            confirmation=confirmation,
            restored=self._bench.subject.restored,
            absent=self._bench.subject.absent,
            use=self._bench.use,
        )

    def _demands(self, on_base: Run, found: Run) -> tuple[Demand, ...]:
        package, complete = self._package, on_base.ended is Ended.COMPLETE
        if package.required.ids:
            return weigh(package.required, on_base.suite, found.suite, base_complete=complete)
        return observe(package.run, on_base.suite, found.suite, base_complete=complete)

    async def _confirm(self, demands: Sequence[Demand], conditions: Conditions) -> Confirmation:
        """Run again what did not pass. The base is asked only where it passed: what it fails anyway is for
        the candidate to mend."""
        suspects = tuple(dict.fromkeys(test for demand in demands for test in demand.suspects))
        if not suspects or not self._rules.confirm:
            return Confirmation(culprits=suspects)
        asked = {test for demand in demands if demand.ask_base for test in demand.suspects}
        presumed = {test: Case(id=test, result=Result.PASSED) for test in suspects}
        bench, tree, label = self._bench, self._bench.candidate.base.tree, "suspect tests on the base"

        async def base_alone(tests: Sequence[str]) -> Run:
            wanted = [test for test in tests if test in asked]
            run = await bench.run(tree, label, wanted, conditions=conditions) if wanted else _NOTHING
            return _presuming(run, [presumed[test] for test in tests if test not in asked])

        turns = itertools.count(1)

        async def base_whole() -> Run:
            turn = next(turns)
            run = await base.results_again(self._annex, tree, conditions, turn) if asked else _NOTHING
            return _presuming(run, [presumed[test] for test in suspects if test not in asked])

        reruns = Reruns(
            candidate_alone=lambda tests: self._candidate(tests, conditions),
            base_alone=base_alone,
            candidate_whole=lambda: self._candidate(None, conditions),
            base_whole=base_whole,
        )
        shaky = asked & (await health.recorded(self._annex)).keys()
        return await confirm(suspects, presumed, reruns, self._rules.confirm, shaky)

    async def _candidate(self, tests: Sequence[str] | None, conditions: Conditions) -> Run:
        bench = self._bench
        label = f"tests of {bench.candidate.name}"
        return _strict(await bench.run(bench.subject.tree, label, tests, conditions=conditions))

    async def _otherwise(self, result: GateResult) -> GateResult:
        """`result`, if the same tests pass under other conditions as well. What the base shares is no
        fault of the candidate's: if its own run does not come to an end there, nothing is asked."""
        tree = self._bench.candidate.base.tree
        conditions = others(tree)
        on_base = await base.results_otherwise(self._annex, tree)
        if on_base.ended is not Ended.COMPLETE and self._complete:
            return spoilt(on_base, self._bench.use) if on_base.ended.machine else result
        found = await self._bench.otherwise(conditions)
        if found.ended is not Ended.COMPLETE and not found.ended.machine:
            found = await self._bench.otherwise(conditions)
        if self._complete and found.ended is not Ended.COMPLETE and not found.ended.machine:
            hearing = await self._bench.fairly(found, conditions)
            if hearing.trouble:
                return infra(exam_words.GATE, hearing.trouble, use=self._bench.use)
            found = hearing.run
        if found.ended.machine:
            return spoilt(found, self._bench.use)
        if found.ended is not Ended.COMPLETE:
            return exam_words.under(conditions, unfinished(found, self._bench.use))
        again = exam_words.mark(await self._paper(on_base, found, conditions), self._rules)
        if again.outcome is Outcome.PASSED:
            return structs.replace(result, use=self._bench.use)
        return exam_words.under(conditions, again)

    def _unbounded(self, on_base: Run) -> Run:
        """The base's run as what the candidate's time is measured by, where it says nothing of that."""
        if on_base.resource is not Resource.TIME:
            return on_base
        seconds = base.base_seconds(self._annex) / self._rules.slowdown
        return structs.replace(on_base, use=ResourceUse(seconds=seconds))


def _strict(run: Run) -> Run:
    """`run`, with files that were left out as a whole taken for files that cannot be collected."""
    cases = tuple(
        structs.replace(case, result=Result.ERROR) if is_collection(case.id) else case
        for case in run.suite.cases
    )
    return structs.replace(run, suite=structs.replace(run.suite, cases=cases))


def _presuming(run: Run, cases: Sequence[Case]) -> Run:
    """`run`, with tests that nobody asks the base about taken for passed there."""
    ours = {case.id for case in cases}
    kept = (case for case in run.suite.cases if case.id not in ours)
    return structs.replace(run, suite=structs.replace(run.suite, cases=(*kept, *cases)))
