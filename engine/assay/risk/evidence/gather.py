"""Evidence: what the tests' own run says about the changed lines of a candidate that passed.

Promises: nothing of a candidate or a mutant runs outside of a jail (invariant 4), and nothing here makes a
verdict better or worse: a candidate whose evidence cannot be gathered has evidence with a sentence on why.
The tests asked are those of the tree that would land, the candidate's own among them: they are what guards
its lines from then on. What is gathered is kept by the candidate's tree, its base, and all that runs depend
on, so that it is gathered once; what the machine kept from an answer is not kept."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import msgspec
from msgspec import structs

from assay.gates.testing import base, health, readmap
from assay.gates.testing.choice import Speed, selection, sped
from assay.gates.testing.impact import affected
from assay.gates.testing.run import Ended, Run, execute
from assay.gates.testing.suite import Case
from assay.grade.attribution import on_behalf
from assay.grade.workbench import Workbench
from assay.ledger.codec import decode, encode
from assay.model.candidate import Candidate, Record
from assay.model.errors import AssayError, leaf
from assay.model.event import Preparing
from assay.model.evidence import Evidence, Fate, Mutant
from assay.policy.schema import Select
from assay.policy.stakes import Collect, EvidenceRules
from assay.risk.evidence.changed import Changed, changed
from assay.risk.evidence.coverage import Coverage, fold

REVISION = 2
"""Raised when the meaning of remembered evidence changes."""
GATE = "evidence"
"""What runs for evidence are booked under, as a gate's are under its name."""
_TIME_UP = "the time of the run was up"
_SLOWER = 2.0
"""So many times as long as the tests alone a run may take in which lines are watched."""


async def gather(
    bench: Workbench,
    candidate: Candidate,
    rules: EvidenceRules,
    *,
    seconds: float = math.inf,
    jobs: int = 0,
) -> Evidence | None:
    """The evidence on a candidate that passed its gates; None where the rules want none. It is to take no
    more than `seconds` in all; `jobs` mutants are run at a time (0: the cores). A bench that forgets
    everything gathers anew."""
    if rules.collect is Collect.NEVER or candidate.tree is None:
        return None
    if seconds <= 0:
        return Evidence(missing=_TIME_UP)
    with on_behalf(candidate.id, GATE), bench.lease():
        key = await _key(bench, candidate, rules)
        if (known := await _recall(bench, key)) is not None:
            return known
        gathering = _Gathering(bench, candidate, rules, jobs or len(os.sched_getaffinity(0)))
        with anyio.move_on_after(seconds):
            try:
                found = await gathering.all(time.monotonic() + seconds)
            except Exception as error:
                cause = leaf(error)
                if not isinstance(cause, AssayError):
                    raise
                return Evidence(missing=str(cause))
            if gathering.lasting:
                await bench.remember(key, encode(found))
            return found
        return Evidence(missing=_TIME_UP)


class _Watched(Record, frozen=True, kw_only=True):
    """The run with lines watched, and what it says."""

    run: Run
    coverage: Coverage


class _Gathering:
    def __init__(self, bench: Workbench, candidate: Candidate, rules: EvidenceRules, jobs: int) -> None:
        assert candidate.tree is not None
        self._bench = bench
        self._candidate = candidate
        self._tree: str = candidate.tree
        self._rules = rules
        self._jobs = jobs
        self._began = time.monotonic()
        self.lasting = False
        """Whether another time would come to the same."""

    async def all(self, until: float) -> Evidence:
        """The evidence; no mutant is begun after `until` (of the steady clock)."""
        watched = changed(self._bench.repo, self._candidate, self._bench.policy.tests)
        if not watched.files:
            self.lasting = True
            return Evidence(missing="; ".join(f"{path} is too large" for path in watched.left_out[:1]))
        on_base = await base.results(self._bench, self._candidate.base.tree)
        if on_base.ended is not Ended.COMPLETE:
            return Evidence(missing=f"on the base, pytest {on_base.why}")
        self._say(f"which changed lines of {self._candidate.name} tests run")
        run = await self._watch(on_base, watched)
        coverage = fold(run, watched)
        self.lasting = run.ended is Ended.COMPLETE
        evidence = Evidence(
            files=coverage.files,
            branches=coverage.branches,
            branches_taken=coverage.branches_taken,
            missing="; ".join(coverage.missing),
            unseen=coverage.unseen,
            cpu_seconds=run.use.cpu_seconds,
        )
        if self._rules.collect is Collect.MUTANTS and coverage.statements:
            both = _Watched(run=run, coverage=coverage)
            evidence = await self._mutants(evidence, both, on_base, watched, until)
        seconds = round(time.monotonic() - self._began, 3)
        return structs.replace(evidence, seconds=seconds, cpu_seconds=round(evidence.cpu_seconds, 3))

    async def _watch(self, on_base: Run, watched: Changed) -> Run:
        rules = self._bench.policy.tests
        seconds = rules.time_limit or max(rules.grace, rules.slowdown * on_base.use.seconds)
        return await execute(
            self._bench,
            self._tree,
            label=f"changed lines of {self._candidate.name}",
            seconds=_SLOWER * seconds,
            select=await self._reaching(on_base),
            serial=True,
            watch=watched.watch,
        )

    async def _reaching(self, on_base: Run) -> tuple[str, ...] | None:
        """The tests that can come by, where the policy lets a selection count and it is known which read
        what; else None, for all."""
        bench, base_tree = self._bench, self._candidate.base.tree
        if bench.policy.tests.select is Select.NEVER:
            return None
        reads = await readmap.at_hand(bench, base_tree)
        if reads is None:
            return None
        found = affected(reads, self._candidate.changes, bench.repo, base_tree)
        if found.tests is None:
            return None
        return selection(on_base.suite, found.tests, found.files)[0]

    async def _mutants(
        self, evidence: Evidence, watched: _Watched, on_base: Run, files: Changed, until: float
    ) -> Evidence:
        # libcst takes longer to load than coverage to gather.
        from assay.risk.evidence.mutation import batch

        asked = await self._asked(watched.run)
        plan = await anyio.to_thread.run_sync(
            batch.planned, self._bench.repo, files, watched.coverage.statements, asked, self._rules
        )
        speed = await sped(self._bench, on_base) if self._bench.policy.tests.warm else Speed()
        self._say(f"mutants of {self._candidate.name}: {len(plan.drawn)}")
        own = time.monotonic() + self._rules.seconds
        made = await batch.tried(
            self._bench,
            self._candidate,
            plan,
            speed=speed,
            until=min(until, own),
            jobs=self._jobs,
            told=self._progress(len(plan.drawn)),
        )
        self.lasting &= not made.spoilt and not (made.unmade and until < own)
        missing = "; ".join(filter(None, (evidence.missing, plan.missing)))
        return structs.replace(
            evidence,
            mutants=by_fate((*plan.unreached, *made.mutants)),
            unmade=plan.unmade + made.unmade,
            missing=missing,
            cpu_seconds=evidence.cpu_seconds + made.cpu_seconds,
        )

    async def _asked(self, run: Run) -> dict[str, Case]:
        """The tests that may speak against a mutant: those that pass, and are not known to fail by chance."""
        shaky = await health.recorded(self._bench)
        return {case.id: case for case in run.suite.cases if case.result.good and case.id not in shaky}

    def _progress(self, total: int) -> Callable[[int], None]:
        steps = {total * quarter // 4 for quarter in (1, 2, 3)} - {0}

        def told(done: int) -> None:
            if done in steps:
                self._say(f"mutants of {self._candidate.name}: {done} of {total}")

        return told

    def _say(self, what: str) -> None:
        self._bench.observer(Preparing(what=what))


def by_fate(mutants: tuple[Mutant, ...]) -> tuple[Mutant, ...]:
    """Survivors first, then what is open, then the rest; by place. Pure."""
    order = (Fate.SURVIVED, Fate.UNREACHED, Fate.UNDECIDED, Fate.KILLED)
    return tuple(sorted(mutants, key=lambda each: (order.index(each.fate), each.path, each.line)))


async def _key(bench: Workbench, candidate: Candidate, rules: EvidenceRules) -> str:
    environment = await bench.environment()
    isolation = bench.sandbox.isolation
    wanted = hashlib.sha256(
        encode((rules.collect, rules.mutants, rules.seconds, rules.per_line, base.configuration(bench)))
    )
    place = f"{candidate.tree}:{candidate.base.tree}"
    tier = f"{isolation.backend}:{isolation.tier}"
    return f"evidence:{REVISION}:{place}:{wanted.hexdigest()}:{environment.digest}:{tier}"


async def _recall(bench: Workbench, key: str) -> Evidence | None:
    if (raw := await bench.recall(key)) is None:
        return None
    try:
        return decode(raw, Evidence)
    except (msgspec.MsgspecError, ValueError):
        return None  # a damaged entry is a miss
