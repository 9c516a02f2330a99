"""Mutants put to the tests: each in a jail as any candidate is, with only the tests that come by.

Promises: a mutant is a tree that exists in this process only. It counts as killed only by a test that passes
in the control: the same tests, in the same order, as warm, over the candidate with a comment behind each
changed file. So what notices that a file was touched at all, or needs tests that do not run with it, kills
nothing. A run that takes many times as long as the control is ended, and counts as noticed; one that the
machine ended is undecided. Once the budget of time is spent no further mutant is begun."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

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
from assay.risk.evidence.mutation.text import Text

LEAST_SECONDS = 2.0
TIMES = 6.0
"""A mutant may take so many times what the control took, and at least so many seconds."""
BY_TIME = "the time limit"


class Made(Record, frozen=True, kw_only=True):
    """Mutants with their fates, in the order in which they were drawn; how many the budget left out; what the
    runs cost; and whether the machine `spoilt` some, which another time might not be."""

    mutants: tuple[Mutant, ...] = ()
    unmade: int = 0
    cpu_seconds: float = 0.0
    spoilt: bool = False


class Control(Record, frozen=True, kw_only=True):
    """The control of some tests: those that pass, and the seconds it took. None pass where it came to no
    end."""

    good: frozenset[str]
    seconds: float


class Trials:
    """The mutants of one candidate, of the files in `texts`; each run is started as `speed` says."""

    def __init__(
        self, bench: Workbench, candidate: Candidate, texts: Mapping[str, Text], speed: Speed
    ) -> None:
        assert candidate.tree is not None
        self._bench = bench
        self._candidate = candidate
        self._tree: str = candidate.tree
        self._texts = texts
        self._speed = speed
        self._cpu = 0.0
        self._spoilt = False

    async def run(
        self, drawn: Sequence[Drawn], *, until: float, jobs: int, told: Callable[[int], None]
    ) -> Made:
        """The fates of `drawn`: `jobs` at a time, none begun after `until` (of the steady clock). `told`
        hears how many are decided."""
        fates: dict[int, Mutant] = {}
        waiting = iter(enumerate(drawn))

        async def work() -> None:
            for number, each in waiting:
                if time.monotonic() >= until:
                    return
                fates[number] = await self._tried(each)
                told(len(fates))

        async with anyio.create_task_group() as tasks:
            for _ in range(min(jobs, len(drawn))):
                tasks.start_soon(work)
        made = tuple(fates[number] for number in sorted(fates))
        return Made(mutants=made, unmade=len(drawn) - len(made), cpu_seconds=self._cpu, spoilt=self._spoilt)

    async def _tried(self, drawn: Drawn) -> Mutant:
        tests = drawn.audience.tests
        key = f"evidence:{self._tree}:{' '.join(tests)}"
        control = await self._bench.once(key, lambda: self._control(tests))
        asked = tuple(test for test in tests if test in control.good)
        if not asked:
            return mutant_of(drawn, Fate.UNDECIDED)
        limit = max(LEAST_SECONDS, TIMES * control.seconds)
        text = self._texts[drawn.path]
        failing = tuple(test for test in tests if test not in control.good)
        haste = Haste(order=tests, enough=1, forgiven=failing)
        found = await self._varied({drawn.path: text.mutant(drawn.proposal)}, limit, tests, haste)
        fate, by = verdict(found, control.good)
        self._spoilt |= fate is Fate.UNDECIDED
        if fate is Fate.SURVIVED and not drawn.audience.whole:
            fate = Fate.UNDECIDED  # those that were not asked may notice
        return mutant_of(drawn, fate, by=by, tests=len(asked))

    async def _control(self, tests: tuple[str, ...]) -> Control:
        """The control may take as long as any program: the tests have passed on the candidate before."""
        files = {path: text.control() for path, text in self._texts.items()}
        limit = self._bench.policy.limits.seconds
        found = await self._varied(files, limit, tests, Haste(order=tests))
        self._spoilt |= found.ended.machine or found.killed
        good = (case.id for case in found.suite.cases if case.result.good)
        complete = found.ended is Ended.COMPLETE
        return Control(good=frozenset(good if complete else ()), seconds=found.use.seconds)

    async def _varied(
        self, files: Mapping[str, bytes], seconds: float, tests: tuple[str, ...], haste: Haste
    ) -> Run:
        """A run of these tests over the candidate with other files in place of its own."""
        with self._bench.lease():
            tree = self._other(files)
            await self._bench.vary(tree, self._tree)
            found = await execute(
                self._bench,
                tree,
                label=f"mutants of {self._candidate.name}",
                seconds=seconds,
                select=tests,
                serial=True,
                haste=haste,
                warm=self._speed.warm,
            )
        self._cpu += found.use.cpu_seconds
        return found

    def _other(self, files: Mapping[str, bytes]) -> Oid:
        veil = Veil(self._bench.repo)
        edits = {}
        for path, data in files.items():
            entry = veil.entry(self._tree, path)
            assert entry is not None
            edits[path] = entry.mode, veil.write_blob(data)
        return edit(veil, self._tree, edits)


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
    """What a run over a mutant says, and which test noticed. `good` are the tests that pass in the control.
    Pure."""
    if found.ended is Ended.EXHAUSTED:
        return (Fate.KILLED, BY_TIME) if found.resource is Resource.TIME else (Fate.UNDECIDED, "")
    if found.ended.machine or found.killed:
        return Fate.UNDECIDED, ""
    for case in found.suite.cases:
        if case.result.bad and (case.id in good or case.id.endswith(COLLECTION)):
            return Fate.KILLED, case.id
    if found.ended is not Ended.COMPLETE:
        # Where the control runs to its end the mutant does not get there: nobody would overlook that.
        running = next(iter(found.suite.running), "")
        return Fate.KILLED, running
    # A run that was ended early has not asked everybody.
    return (Fate.UNDECIDED if found.suite.cut_short else Fate.SURVIVED), ""
