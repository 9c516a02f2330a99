"""The small protocol behind which every gate stands, and the tools a gate is handed.

Promises: a gate sees the candidate only through git objects and through jails (invariant 4); it reports
trouble of the machine as `infra` and never raises for what a candidate contains. Third-party gates register
a zero-argument factory under the entry point group `assay.gates`, named as in the policy's `gates`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar, runtime_checkable

from assay.model.candidate import Base, Candidate
from assay.model.event import Observer
from assay.model.outcome import GateResult
from assay.model.tool import Isolation, ToolCall
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.spec import JailCommand, Stack

T = TypeVar("T")

EXPERIENCE = "tests:flaky:"
"""What the keys of values begin with from which no answer is taken, but how far answers are to be trusted:
these are recalled even by runs that take nothing from a cache."""


class Worker(Protocol):
    """A warm program in a jail that answers one request at a time."""

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """The reply to one request; raises `sandbox.worker.WorkerDied` if there is none in time."""
        ...


class Sandbox(Protocol):
    """Runs programs in jails of one isolation tier."""

    @property
    def isolation(self) -> Isolation:
        """The backend and tier of every jail started here."""
        ...

    async def run(self, command: JailCommand) -> ToolCall:
        """Run to the end, or to a limit. Never raises for what the program does."""
        ...

    def serve(self, command: JailCommand) -> AbstractAsyncContextManager[Worker]:
        """Start a warm worker: 4-byte big-endian length and payload on stdin, the same on the report pipe."""
        ...


class Toolbox(Protocol):
    """What one transaction shares between its candidates and hands to gates."""

    @property
    def repo(self) -> Repository: ...
    @property
    def base(self) -> Base: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def candidates(self) -> int:
        """How many candidates share what is made for them; 0 where that is no reason to make less."""
        ...

    @property
    def sandbox(self) -> Sandbox: ...
    @property
    def observer(self) -> Observer: ...

    async def environment(self) -> ProjectEnvironment:
        """The project's interpreter and what of the host is shown inside."""
        ...

    async def stack(self, tree: str) -> Stack:
        """The frozen layers of a tree: base, prepared files, and the tree's own differences. Cached."""
        ...

    async def worker(self, name: str, start: Callable[[], Awaitable[JailCommand]]) -> Worker:
        """The warm worker of this name; started at its first use, again if it died, stopped with the run.
        Where a run has nothing warm, one that answers each request in a process of its own."""
        ...

    async def once(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """`make()` run once per transaction for this key, however many candidates ask at the same time."""
        ...

    async def recall(self, key: str) -> bytes | None:
        """A value remembered by an earlier transaction under this key (base results, findings per blob)."""
        ...

    async def remember(self, key: str, value: bytes) -> None:
        """Keep a value for later transactions. Never for timeouts, machine trouble or flaky results."""
        ...


class Gate(Protocol):
    """One check of a candidate."""

    @property
    def name(self) -> str: ...

    async def version(self, toolbox: Toolbox) -> str:
        """The gate's and its tools' versions and configuration digest: part of the cache key."""
        ...

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate that has a tree (only `apply` is handed candidates without one)."""
        ...


@runtime_checkable
class Particular(Protocol):
    """A gate whose answer depends on more of a candidate than its trees."""

    def about(self, candidate: Candidate) -> str:
        """A digest of what it depends on besides: part of the cache key."""
        ...


@runtime_checkable
class Dependent(Protocol):
    """A gate that is only to be asked about candidates that others let pass. (All wait for `apply`.)"""

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of those others; the ones that the policy does not have are passed over."""
        ...
