"""Mutants put to the tests: each in a jail as any candidate is, with only the tests that come by.

Promises: a mutant is a tree that exists in this process only. It counts as killed only by a test that passes
on the candidate in the same kind of run: the same tests, in the same order, as warm. A run that takes many
times as long as the candidate's is ended, and counts as noticed; one that the machine ended is undecided.
Once the budget of time is spent no further mutant is begun."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import anyio

from assay.gates.testing.choice import Speed
from assay.gates.testing.run import Ended, Haste, Run, execute
from assay.gates.testing.suite import COLLECTION
from assay.grade.workbench import Workbench
from assay.model.candidate import Candidate, Oid, Record
from assay.model.evidence import Fate, Mutant
from assay.model.outcome import Resource
from assay.repo.trees import edit
from assay.repo.veil import Veil
from assay.risk.evidence.mutation.draw import Drawn

LEAST_SECONDS = 2.0
TIMES = 6.0
"""A mutant may take so many times what the candidate took, and at least so many seconds."""
BY_TIME = "the time limit"


class Made(Record, frozen=True, kw_only=True):
    """Mutants with their fates, in the order in which they were drawn; how many the budget left out; and what
    the runs cost."""

    mutants: tuple[Mutant, ...] = ()
    unmade: int = 0
    cpu_seconds: float = 0.0


class Ground(Record, frozen=True, kw_only=True):
    """The candidate's own run of some tests: those that pass, and the seconds it took. None pass where it
    came to no end."""

    good: frozenset[str]
    seconds: float


class Trials:
    """The mutants of one candidate, each run started as `speed` says."""

    def __init__(self, bench: Workbench, candidate: Candidate, speed: Speed) -> None:
        assert candidate.tree is not None
        self._bench = bench
        self._candidate = candidate
        self._tree: str = candidate.tree
        self._speed = speed
        self._cpu = 0.0

    async def run(
        self,
        drawn: Sequence[Drawn],
        encoded: Callable[[Drawn], bytes],
        *,
        seconds: float,
        jobs: int,
        told: Callable[[int], None],
    ) -> Made:
        """The fates of `drawn`, whose sources are `encoded`; `jobs` at a time, none begun after `seconds`.
        `told` hears how many are decided."""
        until = time.monotonic() + seconds
        fates: dict[int, Mutant] = {}
        waiting = iter(enumerate(drawn))

        async def work() -> None:
            for number, each in waiting:
                if time.monotonic() >= until:
                    return
                fates[number] = await self._tried(each, encoded(each))
                told(len(fates))

        async with anyio.create_task_group() as tasks:
            for _ in range(min(jobs, len(drawn))):
                tasks.start_soon(work)
        made = tuple(fates[number] for number in sorted(fates))
        return Made(mutants=made, unmade=len(drawn) - len(made), cpu_seconds=self._cpu)

    async def _tried(self, drawn: Drawn, source: bytes) -> Mutant:
        ground = await self._bench.once(
            f"evidence:{self._tree}:{' '.join(drawn.tests)}", lambda: self._ground(drawn.tests)
        )
        asked = tuple(test for test in drawn.tests if test in ground.good)
        if not asked:
            return mutant_of(drawn, Fate.UNDECIDED)
        with self._bench.lease():
            tree = self._varied(drawn, source)
            await self._bench.vary(tree, self._tree)
            limit = max(LEAST_SECONDS, TIMES * ground.seconds)
            found = await self._run(tree, drawn.tests, limit, enough=True)
        fate, by = verdict(found, ground.good)
        return mutant_of(drawn, fate, by=by, tests=len(asked))

    async def _ground(self, tests: Sequence[str]) -> Ground:
        """The candidate's own run. It may take as long as any: the tests have passed on it before."""
        with self._bench.lease():
            found = await self._run(self._tree, tests, self._bench.policy.limits.seconds, enough=False)
        good = (case.id for case in found.suite.cases if case.result.good)
        complete = found.ended is Ended.COMPLETE
        return Ground(good=frozenset(good if complete else ()), seconds=found.use.seconds)

    def _varied(self, drawn: Drawn, source: bytes) -> Oid:
        """The candidate's tree with the mutant's file."""
        veil = Veil(self._bench.repo)
        entry = veil.entry(self._tree, drawn.path)
        assert entry is not None
        return edit(veil, self._tree, {drawn.path: (entry.mode, veil.write_blob(source))})

    async def _run(self, tree: str, tests: Sequence[str], seconds: float, *, enough: bool) -> Run:
        found = await execute(
            self._bench,
            tree,
            label=f"mutants of {self._candidate.name}",
            seconds=seconds,
            select=tests,
            serial=True,
            haste=Haste(order=tuple(tests), enough=int(enough)),
            warm=self._speed.warm,
        )
        self._cpu += found.use.cpu_seconds
        return found


def mutant_of(drawn: Drawn, fate: Fate, *, by: str = "", tests: int = 0) -> Mutant:
    """The record of one mutant. Pure."""
    proposal = drawn.proposal
    return Mutant(
        path=drawn.path,
        line=proposal.line,
        operator=proposal.operator,
        before=proposal.before,
        after=proposal.after,
        fate=fate,
        by=by,
        tests=tests,
    )


def verdict(found: Run, good: frozenset[str]) -> tuple[Fate, str]:
    """What a run over a mutant says, and which test noticed. `good` are the tests that pass on the candidate
    in such a run. Pure."""
    if found.ended is Ended.EXHAUSTED:
        return (Fate.KILLED, BY_TIME) if found.resource is Resource.TIME else (Fate.UNDECIDED, "")
    if found.ended.machine or found.killed:
        return Fate.UNDECIDED, ""
    for case in found.suite.cases:
        if case.result.bad and (case.id in good or case.id.endswith(COLLECTION)):
            return Fate.KILLED, case.id
    if found.ended is not Ended.COMPLETE:
        # Where the candidate runs to its end the mutant does not get there: nobody would overlook that.
        running = next(iter(found.suite.running), "")
        return Fate.KILLED, running
    return Fate.SURVIVED, ""
