"""Grade one candidate several times over and compare: the proof that its verdict is no accident.

Promises: no result about the candidate is taken from a cache or kept for later, and each program runs in a
jail of its own; what is known of the base is shared. Gradings that do not agree make no verdict.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from assay.gates.protocol import Gate, Sandbox, Toolbox, Worker
from assay.grade.agreement import differences
from assay.grade.cascade import cascade
from assay.grade.slots import Slots
from assay.model.candidate import Base, Candidate
from assay.model.event import Decided, Observer
from assay.model.outcome import ResourceUse
from assay.model.verdict import Decision, Repeats, Verdict
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.spec import JailCommand, Stack

T = TypeVar("T")

_OF_THE_BASE = "tests:"
"""What keys of results begin with that say nothing of a candidate and are dear to make."""


async def repeated(
    toolbox: Toolbox, gates: Sequence[Gate], candidate: Candidate, slots: Slots, times: int
) -> Verdict:
    """The verdict that `times` gradings agree on, or an inconclusive one that says where they differ."""
    afresh = _Afresh(toolbox)
    verdicts = [await cascade(afresh, gates, candidate, slots, fresh=True) for _ in range(times)]
    verdict = agreed(verdicts)
    toolbox.observer(Decided(verdict=verdict))
    return verdict


def agreed(verdicts: Sequence[Verdict]) -> Verdict:
    """Several verdicts on one candidate as one, which cost what they cost together. Pure."""
    found = differences(verdicts)
    first = replace(
        verdicts[0],
        use=ResourceUse(
            seconds=sum(verdict.use.seconds for verdict in verdicts),
            cpu_seconds=sum(verdict.use.cpu_seconds for verdict in verdicts),
            peak_memory=max(verdict.use.peak_memory for verdict in verdicts),
        ),
        repeats=Repeats(runs=len(verdicts), agreed=not found, differences=found),
    )
    if len({verdict.decision for verdict in verdicts}) == 1:
        return first
    return replace(
        first,
        decision=Decision.INCONCLUSIVE,
        reason=f"{len(verdicts)} gradings do not agree: {'; '.join(found[:3])}",
        rejected_by=None,
    )


class _Afresh:
    """A toolbox that has forgotten what was found out about candidates, and learns nothing."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    @property
    def repo(self) -> Repository:
        return self._toolbox.repo

    @property
    def base(self) -> Base:
        return self._toolbox.base

    @property
    def policy(self) -> Policy:
        return self._toolbox.policy

    @property
    def candidates(self) -> int:
        return self._toolbox.candidates

    @property
    def sandbox(self) -> Sandbox:
        return self._toolbox.sandbox

    @property
    def observer(self) -> Observer:
        return self._toolbox.observer

    async def environment(self) -> ProjectEnvironment:
        return await self._toolbox.environment()

    async def stack(self, tree: str) -> Stack:
        return await self._toolbox.stack(tree)

    async def worker(self, name: str, start: Callable[[], Awaitable[JailCommand]]) -> Worker:
        return await self._toolbox.worker(name, start)

    async def once(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        return await self._toolbox.once(key, make)

    async def recall(self, key: str) -> bytes | None:
        return await self._toolbox.recall(key) if key.startswith(_OF_THE_BASE) else None

    async def remember(self, key: str, value: bytes) -> None:
        if key.startswith(_OF_THE_BASE):
            await self._toolbox.remember(key, value)
