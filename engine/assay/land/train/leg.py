"""One leg of a train: from one tip of the branch to the next, or until nothing can be done on it.

Promises: one leg is one transaction, with at most one publication, at its very end, when the jails are gone;
the journal knows who is about to land, and who is evicted, before it happens; every tree that becomes a
commit (without `every_commit`: the last one) has an accepted verdict by everything that has to run for what
lands, and that is looked up once more in the commits that are about to be published.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property, partial

import anyio
import msgspec
import pygit2

from assay.grade.posterior import known, learn_company
from assay.land import plan
from assay.land.evidenced import gathered, judged
from assay.land.findings import Findings
from assay.land.job import Job, with_candidates
from assay.land.past import past_of
from assay.land.publish import publish
from assay.land.session import Session, session
from assay.land.train.arrivals import Arrival
from assay.land.train.fitting import Fit, fit, touched
from assay.land.train.line import Line
from assay.land.train.memory import ABOARD, ALONE, BOARDED, COMMAND, EVICTED, TASKS, Origin
from assay.land.train.schedule import (
    Answer,
    Car,
    Combination,
    Evict,
    Outcome,
    Publish,
    PutOff,
    Verify,
    Wait,
    next_step,
)
from assay.land.transaction import Transaction, transaction
from assay.ledger.states import State
from assay.model.candidate import Base, Candidate, Oid, ProblemKind, Proposal, Record
from assay.model.errors import BadInput, Moved
from assay.model.event import Observer, Planned, Stage
from assay.model.evidence import Evidence
from assay.model.report import Confidence, Conflict
from assay.model.verdict import Decision, Verdict
from assay.model.verdict import partial as in_part
from assay.patchset.combine import Combined, combine
from assay.patchset.merging.file import Unmergeable
from assay.patchset.merging.trees import structural_merge
from assay.patchset.owntests import with_own_tests
from assay.repo import refs
from assay.repo.repository import Repository
from assay.risk.background import Background
from assay.risk.decision import actions_held
from assay.risk.evidence.shortfalls import demands
from assay.risk.score import assess

_LOOKS = 0.2
"""Seconds between two looks at the branch while something is verified."""


class Way(Record, frozen=True, kw_only=True):
    """Where a train goes, and how: the branch's full name, and the form of its commits."""

    ref: str
    every_commit: bool
    linear: bool


async def ride(job: Job, way: Way, line: Line, queue: list[Arrival], observer: Observer) -> bool:
    """Go as far as this tip takes these arrivals. False if the work tree is in the way of landing."""
    proposals = [_placed(job.repo, job.base, one, line) for one in queue]
    job = with_candidates(job, proposals)
    payload = {
        "sources": list(job.request.sources),
        "base": job.base.commit or "",
        "policy": job.policy.name,
        "policy_digest": job.policy.digest,
        "onto": way.ref,
        "watch": True,
        "every_commit": way.every_commit,
    }
    line.forget(job.base, job.policy)
    async with transaction(job.repo, COMMAND, payload) as run:
        leg = _Leg(job, way, line, queue, run, observer)
        members = await leg.verified()
        return not members or leg.publish(members)


def _placed(repo: Repository, base: Base, arrival: Arrival, line: Line) -> Proposal:
    """The proposal on this tip: merged from where it was first applied, since a patch alone knows less."""
    origin = line.memory.origins.get(arrival.key)
    if origin is None or repo.git.get(origin.tree) is None:
        return arrival.proposal
    moved = msgspec.structs.replace(arrival.proposal, patch=None, tree=Oid(origin.tree), base=origin.base)
    if origin.base.tree == base.tree:
        return moved
    found = structural_merge(repo, origin.base.tree, base.tree, Oid(origin.tree))
    if isinstance(found, Unmergeable):
        return moved
    return msgspec.structs.replace(moved, tree=found.tree, base=base)


class _Leg:
    def __init__(
        self, job: Job, way: Way, line: Line, queue: list[Arrival], run: Transaction, observer: Observer
    ) -> None:
        self._job = job
        self._way = way
        self._line = line
        self._run = run
        self._observer = observer
        self._cars = {one.key: c for one, c in zip(queue, job.candidates, strict=True)}
        self._combined: dict[Combination, Combined | Conflict] = {}
        self._evidence: dict[str, Evidence] = {}
        """By id, of the cars that were looked at alone on this leg, where the policy demands it."""

    # The mapping that the schedule asks.

    def get(self, members: Combination) -> Answer | None:
        """What is known of a combination: a merge tells some of it, at no cost to speak of."""
        combined = self._combine(members)
        if isinstance(combined, Conflict):
            return Answer(outcome=Outcome.FAILED, why=combined.why)
        if len(members) > 1 and combined.steps[-1] == combined.steps[-2]:
            return Answer(outcome=Outcome.FAILED, why="it changes nothing once those before it are in")
        return self._line.answer(self._job.policy, self._job.base, combined.tree)

    async def verified(self) -> Combination:
        """Those that are to land now; nobody, if the branch moved or there is nothing to do on this tip."""
        job = self._job
        self._evict(self._hopeless(), State.GRADING)
        # Equal trees: one goes, and the others find out on the next tip whether there is anything left to do.
        self._cars = {key: car for key, car in self._cars.items() if car.equivalent_to is None}
        self._evict(self._overtaken(), State.GRADING)
        if not self._cars:
            return ()
        names = tuple((car.id, car.name) for car in self._cars.values())
        count = len(self._cars)
        async with session(
            job.request, self._run, job.repo, job.base, job.policy, job.gates, self._observer, count=count
        ) as opened:
            self._observer(Planned(candidates=names, gates=opened.gate_names))
            await self._board(opened)
            members = await self._go(opened)
        if members:
            self._run.step(State.VERIFIED, {ABOARD: list(members), TASKS: self._tasks(members)})
        return members

    def _hopeless(self) -> dict[str, str]:
        """Those who have no place on this branch any more, whatever a run would say."""
        done = self._line.memory.tasks
        found = {}
        for key, car in self._cars.items():
            if car.tree is None:
                found[key] = _problem(car)
            elif car.instance in done:
                found[key] = f"{done[car.instance]}, another attempt at {car.instance}, has landed"
        return found

    def _overtaken(self) -> dict[str, str]:
        """Those who passed alone on an earlier tip and have a proven conflict with what has landed since. Of
        the rest the verdict alone holds, unless others have pushed what it may have to do with: then they are
        to be graded alone anew."""
        line, job = self._line, self._job
        waiting = {
            key: own.candidate for key in self._cars if (own := line.alone(job.policy, key)) is not None
        }
        found: dict[str, str] = {}
        for key, edge in touched(job.repo, job.base, waiting, line.library(job.repo)).items():
            if edge is not None and edge.confidence is Confidence.PROVEN:
                found[key] = edge.why
            elif line.overtaken:
                why = edge.why if edge is not None else "too much has landed to compare it with"
                line.look_again(key, self._cars[key].name, why, job.base)
        line.overtaken = False
        return found

    def _tasks(self, members: Combination) -> dict[str, str]:
        cars = [self._cars[key] for key in members]
        return {car.instance: car.name for car in cars if car.instance}

    async def _board(self, opened: Session) -> None:
        """Keep the cars, and look at each that is new alone: who fails by itself needs no company."""
        job, line = self._job, self._line
        opened.keep(list(self._cars.values()))
        boarded = {
            key: Origin(base=job.base, tree=str(car.tree))
            for key, car in self._cars.items()
            if key not in line.memory.origins
        }
        order = msgspec.to_builtins(await opened.order())
        self._run.step(State.GRADING, {"order": order, BOARDED: msgspec.to_builtins(boarded)})
        line.memory.origins.update(boarded)
        fresh = {key: car for key, car in self._cars.items() if line.alone(job.policy, key) is None}
        self._observer(Stage(name="grading arrivals"))
        cars = list(fresh.values())
        verdicts = await self._unless_moved(partial(self._alone, opened, cars)) if cars else ()
        evicted: dict[str, str] = {}
        passed: dict[str, str] = {}
        for (key, car), verdict in zip(fresh.items(), verdicts, strict=False):
            if verdict.decision is Decision.REJECTED:
                evicted[key] = verdict.reason
            elif verdict.decision is Decision.INCONCLUSIVE:
                self._put_off(key, verdict.reason)
            elif held := self._held(car, verdict):
                evicted[key] = held
            else:
                passed[key] = car.id
                line.accept(job.policy, key, car, verdict)
                if not in_part(verdict) and car.tree is not None:
                    line.learn(job.policy, job.base, car.tree, verdict)
        self._run.step(State.GRADED, {ALONE: passed})
        self._evict(evicted, State.VERIFYING)

    async def _alone(self, opened: Session, cars: list[Candidate]) -> tuple[Verdict, ...]:
        """What each comes to by itself, with the evidence that the policy demands. Of combinations none is
        asked: their members' lines were looked at."""
        rules = self._job.policy.evidence
        verdicts = await opened.grade(cars)
        if not demands(rules):
            return verdicts
        passed = {verdict.candidate for verdict in verdicts if verdict.decision is Decision.ACCEPTED}
        self._observer(Stage(name="gathering evidence"))
        asked = [car for car in cars if car.id in passed]
        self._evidence = await gathered(opened, asked, rules, count=len(cars))
        return judged(opened, verdicts, self._evidence, rules)

    def _held(self, car: Candidate, verdict: Verdict) -> str:
        """Why one that passed does not land by itself, by the policy's word on its risk; '' if it does."""
        policy = self._job.policy
        held = actions_held(policy.risk.hold)
        if not held:
            return ""
        evidence = self._evidence.get(car.id)
        advice = assess(self._job.repo, car, policy, verdict.gates, self._past, evidence=evidence).advice
        if advice is None or advice.action not in held:
            return ""
        return f"held for {advice.action.value}: {advice.why}"

    @cached_property
    def _past(self) -> Background:
        return past_of(self._job)

    async def _go(self, opened: Session) -> Combination:
        """Carry out the schedule's steps until something is to be published or nothing is left."""
        queue = await self._lined_up(opened)
        while not self._has_moved():
            waiting = [car for car in queue if car.key in self._cars]
            match next_step(waiting, self, slots=opened.jobs, every_commit=self._way.every_commit):
                case Verify(combinations=wanted):
                    await self._verify(opened, wanted)
                case Evict(key=key, why=why):
                    why = self._line.blame(key, why, self._job.base)
                    self._evict({key: why}, State.VERIFYING)
                    await learn_company(opened.bench, failed=1)
                case PutOff(key=key, why=why):
                    self._put_off(key, why)
                case Publish(members=members):
                    await learn_company(opened.bench, passed=len(members))
                    return members
                case Wait():
                    return ()
        return ()

    async def _lined_up(self, opened: Session) -> list[Car]:
        """The queue as the schedule sees it: in order, but for those who let others go first."""
        job, line = self._job, self._line
        found: Fit = fit(job.repo, job.base, self._cars, line.library(job.repo), waited=line.waited)
        for key, why in found.after.items():
            line.let_go_first(key, self._cars[key].name, why, job.base)
        rate = (await known(opened.bench)).fares
        cars = [
            Car(
                key=key,
                chance=line.chance(job.repo, car, rate, doubtful=key in found.doubtful),
                apart=found.apart[key],
            )
            for key, car in self._cars.items()
        ]
        return sorted(cars, key=lambda car: car.key in found.after)

    async def _verify(self, opened: Session, wanted: tuple[Combination, ...]) -> None:
        job = self._job
        self._observer(Stage(name=f"verifying {len(wanted)} on the way to {self._way.ref}"))
        found = Findings(job, self._run, opened)
        trees: dict[Oid, Combination] = {}
        for members in wanted:
            combined = self._combine(members)
            assert isinstance(combined, Combined), "what does not merge has its answer"
            trees.setdefault(combined.tree, members)
        for _attempt in range(2):
            sets = [found.set_candidate(t, [self._cars[k] for k in of]) for t, of in trees.items()]
            opened.keep(sets)
            verdicts = await self._unless_moved(partial(opened.grade, sets, landing=True))
            pairs = list(zip(list(trees.items()), verdicts, strict=False))
            for (tree, members), verdict in pairs:
                own = [o.verdict for k in members if (o := self._line.alone(job.policy, k)) is not None]
                self._line.learn(job.policy, job.base, tree, with_own_tests(verdict, own))
            # Who gets no verdict is asked about once more, and then it is said.
            undecided = {tree for (tree, _), v in pairs if v.decision is Decision.INCONCLUSIVE}
            trees = {tree: members for tree, members in trees.items() if tree in undecided}
            if not trees:
                return

    async def _unless_moved(self, work: Callable[[], Awaitable[tuple[Verdict, ...]]]) -> tuple[Verdict, ...]:
        """Verdicts; none at all if the branch moves meanwhile: nobody needs them any more."""
        verdicts: tuple[Verdict, ...] = ()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_tip, tasks.cancel_scope)
            verdicts = await work()
            tasks.cancel_scope.cancel()
        return verdicts

    async def _watch_tip(self, scope: anyio.CancelScope) -> None:
        # Others move it with git: there is nobody to tell us but the branch itself.
        while not self._has_moved():  # noqa: ASYNC110
            await anyio.sleep(_LOOKS)
        scope.cancel()

    def _has_moved(self) -> bool:
        return refs.at(self._job.repo, self._way.ref) != self._job.base.commit

    def publish(self, members: Combination) -> bool:
        """Land these. False if the work tree is in the way; a branch that has moved is the next leg's."""
        job, way = self._job, self._way
        tip = job.base.commit
        combined = self._combine(members)
        assert tip is not None and isinstance(combined, Combined)
        self._observer(Stage(name=f"publishing on {way.ref}"))
        cars = [self._cars[key] for key in members]
        linear = way.every_commit or way.linear
        landing = plan.build(job.repo, way.ref, tip, cars, combined, refs.candidates(job.repo), linear=linear)
        for commit in landing.commits if way.every_commit else landing.commits[-1:]:
            tree = str(job.repo.git[commit].peel(pygit2.Commit).tree_id)
            answer = self._line.answer(job.policy, job.base, tree)
            if answer is None or answer.outcome is not Outcome.PASSED:
                raise AssertionError(f"commit {commit} would land without having been verified")
        try:
            landed = publish(job.repo, self._run.ledger, self._run.id, landing)
        except Moved:
            return True
        except BadInput:
            return False  # told by the next look, which does not go on before it is gone
        new = Base(commit=Oid(landed.new), tree=combined.tree)
        self._line.carry(job.policy, job.base, new)
        names = {key: self._cars[key].name for key in members}
        self._line.land(names, landed.new, self._tasks(members))
        return True

    def _combine(self, members: Combination) -> Combined | Conflict:
        if members not in self._combined:
            cars = [self._cars[key] for key in members]
            self._combined[members] = combine(self._job.repo, self._job.base, cars)
        return self._combined[members]

    def _evict(self, reasons: dict[str, str], state: State) -> None:
        if state is State.VERIFYING or reasons:
            self._run.step(state, {EVICTED: reasons})
        for key, why in reasons.items():
            self._line.evict(key, self._cars.pop(key).name, why, self._job.base)

    def _put_off(self, key: str, why: str) -> None:
        if self._line.put_off(key, self._cars[key].name, why, self._job.base):
            self._cars.pop(key)
        else:
            self._evict({key: f"no verdict, however often it was tried: {why}"}, State.VERIFYING)


def _problem(car: Candidate) -> str:
    problem = car.problem
    if problem is None:
        return "it has no tree"
    at_once = problem.kind is ProblemKind.EMPTY
    return problem.message if at_once else f"it does not go onto the branch as it is now: {problem.message}"
