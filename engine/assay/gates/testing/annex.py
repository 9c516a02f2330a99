"""A toolbox for runs on trees that nobody else may see, with test settings of their own.

Promises: new objects stay in memory; what is made once per transaction is not mixed up with what the other
gates make; all else is the transaction's own toolbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from assay.gates.protocol import Sandbox, Toolbox, Worker
from assay.model.candidate import Base
from assay.model.event import Observer
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.repo.veil import Veil
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.spec import JailCommand, Stack

T = TypeVar("T")


class Annex:
    """`toolbox` with another policy and base. Trees that are written through its `repo` are found by the
    layers of the transaction, which read the repository that `toolbox` has."""

    def __init__(self, toolbox: Toolbox, name: str, base: Base, policy: Policy) -> None:
        """`name` keeps apart what is made once."""
        self.repo: Repository = Veil(toolbox.repo)
        self.base = base
        self.policy = policy
        self.candidates: int = toolbox.candidates
        self.sandbox: Sandbox = toolbox.sandbox
        self.observer: Observer = toolbox.observer
        self._toolbox = toolbox
        self._name = name

    async def environment(self) -> ProjectEnvironment:
        return await self._toolbox.environment()

    async def stack(self, tree: str) -> Stack:
        return await self._toolbox.stack(tree)

    async def worker(self, name: str, start: Callable[[], Awaitable[JailCommand]]) -> Worker:
        return await self._toolbox.worker(name, start)

    async def once(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        return await self._toolbox.once(f"{self._name}:{key}", make)

    async def recall(self, key: str) -> bytes | None:
        return await self._toolbox.recall(key)

    async def remember(self, key: str, value: bytes) -> None:
        await self._toolbox.remember(key, value)
