"""What one transaction shares between its candidates: the `Toolbox` that gates are handed.

Promises: whatever several candidates need is made once; a tree's layers live while some candidate's lease
on them lasts, so that a run over a thousand candidates holds no more than those under way; the base's own
layers live to the end of the run.
"""

from __future__ import annotations

import copy
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

import anyio.to_thread
from anyio.abc import TaskGroup

from assay.gates.protocol import EXPERIENCE, Sandbox, Worker
from assay.grade.once import OnceMap
from assay.grade.prepare import PrepareFailed, digests, failure, succeeded
from assay.grade.workers import ColdWorker, Start, WorkerPool
from assay.ledger.ledger import Ledger
from assay.model.candidate import Base
from assay.model.errors import Unsound
from assay.model.event import Observer, Preparing
from assay.model.tool import Ending, Tier, ToolCall
from assay.policy.pace import Pace, paced
from assay.policy.schema import GitView, Policy, Prepare
from assay.repo.repository import Repository
from assay.repo.tags import Tag, nearest_tag
from assay.sandbox.environment import ProjectEnvironment, discover
from assay.sandbox.gitview import GitSettings
from assay.sandbox.layers import LayerStore
from assay.sandbox.spec import JailCommand, Stack

T = TypeVar("T")

_leased: ContextVar[set[str] | None] = ContextVar("assay_leased_trees", default=None)


class Workbench:
    """The toolbox of one run. `environ` is the user's environment, of which the policy says what is seen."""

    def __init__(
        self,
        *,
        repo: Repository,
        base: Base,
        policy: Policy,
        sandbox: Sandbox,
        layers: LayerStore,
        ledger: Ledger,
        tasks: TaskGroup,
        observer: Observer,
        environ: Mapping[str, str],
    ) -> None:
        self.repo = repo
        self.base = base
        self.policy = self._unpaced = policy
        self.sandbox = sandbox
        self.observer = observer
        self._layers = layers
        self._ledger = ledger
        self._environ = environ
        self._once = OnceMap()
        self._workers = WorkerPool(sandbox, tasks)
        self._leases: Counter[str] = Counter()
        self._pace = Pace.ALONE
        self._apart = ""
        self.candidates = 0

    def at(self, pace: Pace, candidates: int = 0) -> Workbench:
        """The same bench under the policy as it is for runs of this pace, of so many `candidates` side by
        side. Layers, workers and what was made once are shared; results are apart by the policy's digest."""
        other = copy.copy(self)
        other.candidates = candidates if pace in (Pace.TOGETHER, Pace.CHOSEN) else 0
        other.policy = paced(self._unpaced, pace)
        other._pace = pace
        # Nobody else, before or after, asks for a prepared layer by a key that ends like this.
        other._apart = f":{secrets.token_hex(8)}" if pace is Pace.FULL else ""
        return other

    async def environment(self) -> ProjectEnvironment:
        return await self.once("environment", self._discover)

    async def _discover(self) -> ProjectEnvironment:
        found = discover(self.repo.root, self.policy.environment, self._environ)
        if self.sandbox.isolation.tier is Tier.NONE:
            found = found.importing()
        if self.policy.environment.git is not GitView.SYNTHETIC:
            return found
        tag = await self._tag()
        # The one thing that jails see of the repository and no tree's name stands for.
        return found.with_more("tag", f"{tag.annotated} {tag.name}" if tag else "")

    async def once(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        return await self._once.get(key, make)

    async def worker(self, name: str, start: Start) -> Worker:
        if self._pace.thorough:
            return ColdWorker(self.sandbox, start)
        return await self._workers.get(name, start)

    async def recall(self, key: str) -> bytes | None:
        if self._pace is Pace.FULL and not key.startswith(EXPERIENCE):
            return None
        return self._ledger.cached(key)

    async def remember(self, key: str, value: bytes) -> None:
        self._ledger.remember(key, value)

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Hold the layers of trees that the body asks for until it ends; then drop them unless others do."""
        trees: set[str] = set()
        token = _leased.set(trees)
        try:
            yield
        finally:
            _leased.reset(token)
            for tree in trees:
                self._leases[tree] -= 1
                if not self._leases[tree]:
                    del self._leases[tree]
                    self._once.forget(_stack_key(tree))
                    self._layers.drop(tree)

    async def stack(self, tree: str) -> Stack:
        trees = _leased.get()
        if trees is not None and tree != self.base.tree and tree not in trees:
            trees.add(tree)
            self._leases[tree] += 1
        return await self.once(_stack_key(tree), lambda: self._build(tree))

    async def vary(self, tree: str, of: str) -> None:
        """Have the stack of `tree` be that of the tree `of` with the difference on top, while the lease lasts
        that this is asked under: nothing is prepared for it anew."""
        trees = _leased.get()
        assert trees is not None
        if tree not in trees:
            trees.add(tree)
            self._leases[tree] += 1

        async def make() -> Stack:
            below = await self.stack(of)
            return await anyio.to_thread.run_sync(self._layers.over, below, of, tree)

        await self.once(_stack_key(tree), make)

    async def _build(self, tree: str) -> Stack:
        base = await self.once("layers of the base", self._build_base)
        base_keys = await self._prepare_keys(self.base.tree)
        keys = await self._prepare_keys(tree)
        shared = sum(1 for mine, theirs in zip(keys, base_keys, strict=True) if mine == theirs)
        # What the base's steps add lies below the candidate's own files, so that it hides none of them.
        stack = base
        for step, key in zip(self.policy.prepare[:shared], keys[:shared], strict=True):
            view = await self.once("git view of the base", lambda: self._git_view(base, base))
            stack = await self._prepared(stack, view, step, key, of_base=True)
        stack = await self._over(stack, tree)
        view = await self._git_view(base, stack)
        # A step that runs where hidden files are may keep something of them: what it makes is for this tree.
        apart = f":{tree}" if tree in self.repo.veiled else ""
        for step, key in zip(
            self.policy.prepare[shared:], (key + apart for key in keys[shared:]), strict=True
        ):
            stack = await self._prepared(stack, view, step, key, of_base=False)
        return _on_top(stack, view)

    async def _build_base(self) -> Stack:
        self.observer(Preparing(what="the base's checkout"))
        return await anyio.to_thread.run_sync(self._layers.base, self.base.tree)

    async def _over(self, stack: Stack, tree: str) -> Stack:
        if tree == self.base.tree:
            return stack
        return await anyio.to_thread.run_sync(self._layers.over, stack, self.base.tree, tree)

    async def _git_view(self, base: Stack, stack: Stack) -> tuple[Path, ...]:
        """The layers that show `stack` as a repository, where the policy asks for it."""
        if self.policy.environment.git is not GitView.SYNTHETIC:
            return ()
        environment = await self.environment()
        settings = GitSettings(tag=await self._tag(), ignored=environment.inside(self.repo.root))
        return await anyio.to_thread.run_sync(self._layers.git_view, base, stack, settings)

    async def _tag(self) -> Tag | None:
        async def find() -> Tag | None:
            return await anyio.to_thread.run_sync(nearest_tag, self.repo, self.base.commit)

        return await self.once("nearest tag", find)

    async def _prepare_keys(self, tree: str) -> tuple[str, ...]:
        if not self.policy.prepare:
            return ()
        environment = await self.environment()
        keys = digests(self.policy.prepare, self.repo.files(tree), environment.digest)
        return tuple(key + self._apart for key in keys)

    async def _prepared(
        self, stack: Stack, view: tuple[Path, ...], step: Prepare, key: str, *, of_base: bool
    ) -> Stack:
        """`stack` with the output of one prepare step on top. A failure is the candidate's only if the same
        step works on the base."""
        seen = _on_top(stack, view)
        try:
            make = self._prepare if of_base else self._prepare_fairly
            layer = await self.once(f"prepare:{key}", lambda: make(seen, step, key))
            if await anyio.to_thread.run_sync(self._layers.hides, layer, stack.tree):
                # Made for another tree with the same inputs, of which this one has more files of its own.
                alone = f"{key}:{stack.tree}"
                layer = await self.once(f"prepare:{alone}", lambda: make(seen, step, alone))
        except PrepareFailed as problem:
            if of_base:
                raise _on_base(problem) from problem
            raise
        return _on_top(stack, (layer,))

    async def _prepare_fairly(self, stack: Stack, step: Prepare, key: str) -> Path:
        """Like `_prepare`, for a candidate: a failure is believed when it happens twice and the same step
        works on the base in between. That the base's output is kept from some day says nothing of today."""
        try:
            return await self._prepare(stack, step, key)
        except PrepareFailed:
            await self._try_on_base(step)
            return await self._prepare(stack, step, key)

    async def _try_on_base(self, wanted: Prepare) -> None:
        """Run a step on the base, for nothing but to see that it works. Raises `Unsound` if it does not."""
        base = stack = await self.once("layers of the base", self._build_base)
        view = await self.once("git view of the base", lambda: self._git_view(base, base))
        for step, key in zip(self.policy.prepare, await self._prepare_keys(self.base.tree), strict=True):
            if step is wanted:
                break
            stack = await self._prepared(stack, view, step, key, of_base=True)
        call = await self._run_step(_on_top(stack, view), wanted, None)
        if not succeeded(call):
            raise _on_base(failure(wanted, call))

    async def _prepare(self, stack: Stack, step: Prepare, key: str) -> Path:
        if (known := await anyio.to_thread.run_sync(self._layers.known, key)) is not None:
            return known
        self.observer(Preparing(what=f"prepare step `{' '.join(step.run)}`"))
        with self._layers.building(key) as directory:
            call = await self._run_step(stack, step, directory)
            if not succeeded(call):
                raise failure(step, call)
            return await anyio.to_thread.run_sync(self._layers.adopt, stack.tree, key, directory)

    async def _run_step(self, stack: Stack, step: Prepare, writes: Path | None) -> ToolCall:
        environment = await self.environment()
        call = await self.sandbox.run(
            JailCommand(
                label="prepare",
                argv=step.run,
                root=self.repo.root,
                stack=stack,
                binds=environment.mounts,
                variables=environment.variables,
                limits=self.policy.limits,
                writes=writes,
            )
        )
        if call.ending in (Ending.INFRA, Ending.CANCELLED):
            raise Unsound(
                f"a prepare step could not be run: {call.reason}",
                where=" ".join(step.run),
                fix="try again",
            )
        return call


def _on_base(problem: PrepareFailed) -> Unsound:
    return Unsound(
        f"{problem.what} on the unpatched base",
        where="policy [[prepare]]",
        fix=f"correct the step, or the base; its output ends: {problem.last_words}",
    )


def _on_top(stack: Stack, layers: tuple[Path, ...]) -> Stack:
    return Stack(layers=(*stack.layers, *layers), tree=stack.tree)


def _stack_key(tree: str) -> str:
    return f"stack:{tree}"
