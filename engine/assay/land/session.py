"""Everything that must be open while candidates are graded, opened in order and closed in reverse.

Promises: leaving the session, however, ends its processes, mounts, cgroups and directories (invariant 10);
every tool call and verdict has reached the ledger before it counts (invariant 9).
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TypeVar

import anyio
import anyio.to_thread

from assay.gates.protocol import Gate
from assay.grade.attribution import on_whose_behalf
from assay.grade.budget import Budget, Purse, meter
from assay.grade.engine import grade
from assay.grade.lane import interactive
from assay.grade.lanes import give_way
from assay.grade.order import EXPLORED, Order, as_written, settled
from assay.grade.posterior import known, learn
from assay.grade.profile import Tally
from assay.grade.workbench import Workbench
from assay.land.request import Lane, Request
from assay.land.transaction import Transaction
from assay.model.candidate import Base, Candidate
from assay.model.errors import Unsound
from assay.model.event import Event, Observer
from assay.model.tool import Isolation, ToolCall
from assay.model.verdict import Verdict
from assay.policy.pace import Pace
from assay.policy.schema import GateOrder, Policy
from assay.repo import refs
from assay.repo.repository import Repository
from assay.sandbox.jail import JailSandbox, open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.places import find_cache
from assay.sandbox.probe import probe

T = TypeVar("T")

SEVERAL = 3
"""From so many candidates on, what they can share is worth being learnt first."""


class Session:
    """A run's repository, policy, isolation and toolbox, and grading on top of them."""

    def __init__(
        self,
        *,
        request: Request,
        run: Transaction,
        bench: Workbench,
        gates: Sequence[Gate],
        tally: Tally,
        sandbox: JailSandbox,
    ) -> None:
        self.run = run
        self.tally = tally
        self.bench = bench
        self.sandbox = sandbox
        self.request = request
        self._gates = gates
        self._order: Order | None = None
        budget = Budget(seconds=request.budget_seconds, cpu_seconds=request.budget_cpu)
        self._purse = Purse(budget, meter(sandbox.cpu_seconds, lambda: sandbox.freezer.seconds))

    @property
    def isolation(self) -> Isolation:
        return self.sandbox.isolation

    @property
    def gate_names(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in self._gates)

    @property
    def jobs(self) -> int:
        """How many candidates are graded at a time."""
        return self.request.jobs or len(os.sched_getaffinity(0))

    async def order(self) -> Order:
        """That in which gates are asked in this run, whatever is learnt meanwhile."""
        if self._order is None:
            posteriors = await known(self.bench)
            if self.request.full or self.bench.policy.grade.order is GateOrder.POLICY:
                self._order = as_written(self._gates)
            else:
                share = EXPLORED if self.request.lane is Lane.BULK else 0.0
                self._order = settled(self._gates, posteriors, share=share, seed=self.run.id)
            self._purse.expect(Budget(cpu_seconds=posteriors.expected(self._order.gates)))
        return self._order

    async def affordable(self, work: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `work` comes to; None, and no more of it, once the run's budget is spent."""
        return await self._purse.within(work)

    def keep(self, candidates: Sequence[Candidate]) -> dict[str, str]:
        """Record the candidates and keep each under refs/assay/candidates/; the refs by candidate id."""
        kept: dict[str, str] = {}
        for candidate in candidates:
            if candidate.tree is not None:
                kept[candidate.id] = refs.keep(self.bench.repo, candidate)
            self.run.ledger.candidate(self.run.id, candidate, kept.get(candidate.id))
        self.run.ledger.flush()
        return kept

    async def grade(
        self,
        candidates: Sequence[Candidate],
        *,
        first: int = 0,
        seconds: float = 0.0,
        landing: bool = False,
    ) -> tuple[Verdict, ...]:
        """Verdicts in the order of `candidates`, each recorded with its gate results. With `landing` they are
        graded as what is about to land."""
        bench = self.bench.at(Pace.LANDING) if landing and not self.request.full else self.bench

        async def record(verdict: Verdict) -> None:
            for result in verdict.gates:
                self.run.ledger.gate_result(self.run.id, verdict.candidate, result)
            self.run.ledger.verdict(self.run.id, verdict)
            await anyio.to_thread.run_sync(self.run.ledger.flush)

        verdicts = await grade(
            bench,
            self._gates,
            candidates,
            jobs=self.jobs,
            first=first,
            seconds=seconds,
            repeat=self.request.repeat,
            order=await self.order(),
            purse=self._purse,
            ready=self.sandbox.freezer.going,
            record=record,
        )
        if not self.request.full:
            pairs = zip(candidates, verdicts, strict=True)
            await learn(bench, [verdict for candidate, verdict in pairs if candidate.equivalent_to is None])
        return verdicts


@asynccontextmanager
async def session(
    request: Request,
    run: Transaction,
    repo: Repository,
    base: Base,
    policy: Policy,
    gates: Sequence[Gate],
    observer: Observer,
    *,
    count: int,
    distinct: int | None = None,
) -> AsyncIterator[Session]:
    """Probe this host, open its sandbox and layers, and yield a session for `count` candidates, of which
    `distinct` are graded by themselves (if not all): these alone share what is made for several. Raises
    `Unsound` where candidates cannot be isolated and the request does not ask for no isolation by name."""
    tally = Tally()

    def record_call(call: ToolCall) -> None:
        behalf = on_whose_behalf()
        tally.ran(call, behalf.candidate, behalf.gate)
        run.ledger.tool_call(run.id, call, candidate=behalf.candidate, gate=behalf.gate)

    def watched(event: Event) -> None:
        tally.take(event, time.monotonic())
        observer(event)

    with _in_lane(request):
        found = probe(request.isolation)
        async with open_sandbox(found, record_call) as sandbox:
            with LayerStore.open(repo, found) as layers:
                async with anyio.create_task_group() as tasks:
                    if request.lane is Lane.BULK:
                        tasks.start_soon(give_way, found.cache, sandbox.freezer)
                    bench = Workbench(
                        repo=repo,
                        base=base,
                        policy=policy,
                        sandbox=sandbox,
                        layers=layers,
                        ledger=run.ledger,
                        tasks=tasks,
                        observer=watched,
                        environ=request.environ,
                    ).at(_pace(request, count), count if distinct is None else max(1, distinct))
                    yield Session(
                        request=request,
                        run=run,
                        bench=bench,
                        gates=gates,
                        tally=tally,
                        sandbox=sandbox,
                    )
                    tasks.cancel_scope.cancel()


@contextmanager
def _in_lane(request: Request) -> Iterator[None]:
    """An interactive run is known to bulk ones from before it uses the machine until after."""
    with ExitStack() as stack:
        if request.lane is Lane.INTERACTIVE:
            with suppress(Unsound):  # whoever opens the sandbox says so in better words
                stack.enter_context(interactive(find_cache(os.environ).directory))
        yield


def _pace(request: Request, count: int) -> Pace:
    if request.full:
        return Pace.FULL
    if count < SEVERAL:
        return Pace.ALONE
    return Pace.CHOSEN if request.first else Pace.TOGETHER
