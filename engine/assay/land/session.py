"""Everything that must be open while candidates are graded, opened in order and closed in reverse.

Promises: leaving the session, however, ends its processes, mounts, cgroups and directories (invariant 10);
every tool call and verdict has reached the ledger before it counts (invariant 9).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread

from assay.gates.protocol import Gate
from assay.grade.attribution import on_whose_behalf
from assay.grade.engine import grade
from assay.grade.workbench import Workbench
from assay.land.request import Request
from assay.land.transaction import Transaction
from assay.model.candidate import Base, Candidate
from assay.model.event import Observer
from assay.model.tool import Isolation, ToolCall
from assay.model.verdict import Verdict
from assay.policy.schema import Policy
from assay.repo import refs
from assay.repo.repository import Repository
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe


class Session:
    """A run's repository, policy, isolation and toolbox, and grading on top of them."""

    def __init__(
        self,
        *,
        request: Request,
        run: Transaction,
        bench: Workbench,
        gates: Sequence[Gate],
    ) -> None:
        self.run = run
        self.bench = bench
        self._request = request
        self._gates = gates

    @property
    def isolation(self) -> Isolation:
        return self.bench.sandbox.isolation

    @property
    def gate_names(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in self._gates)

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
        self, candidates: Sequence[Candidate], *, first: int = 0, seconds: float = 0.0
    ) -> tuple[Verdict, ...]:
        """Verdicts in the order of `candidates`, each recorded with its gate results."""

        async def record(verdict: Verdict) -> None:
            for result in verdict.gates:
                self.run.ledger.gate_result(self.run.id, verdict.candidate, result)
            self.run.ledger.verdict(self.run.id, verdict)
            await anyio.to_thread.run_sync(self.run.ledger.flush)

        return await grade(
            self.bench,
            self._gates,
            candidates,
            jobs=self._request.jobs or len(os.sched_getaffinity(0)),
            first=first,
            seconds=seconds,
            repeat=self._request.repeat,
            record=record,
        )


@asynccontextmanager
async def session(
    request: Request,
    run: Transaction,
    repo: Repository,
    base: Base,
    policy: Policy,
    gates: Sequence[Gate],
    observer: Observer,
) -> AsyncIterator[Session]:
    """Probe this host, open its sandbox and layers, and yield a session. Raises `Unsound` where candidates
    cannot be isolated and the request does not ask for no isolation by name."""
    found = probe(request.isolation)

    def record_call(call: ToolCall) -> None:
        behalf = on_whose_behalf()
        run.ledger.tool_call(run.id, call, candidate=behalf.candidate, gate=behalf.gate)

    async with open_sandbox(found, record_call) as sandbox:
        with LayerStore.open(repo, found) as layers:
            async with anyio.create_task_group() as tasks:
                bench = Workbench(
                    repo=repo,
                    base=base,
                    policy=policy,
                    sandbox=sandbox,
                    layers=layers,
                    ledger=run.ledger,
                    tasks=tasks,
                    observer=observer,
                    environ=request.environ,
                )
                yield Session(request=request, run=run, bench=bench, gates=gates)
                tasks.cancel_scope.cancel()
