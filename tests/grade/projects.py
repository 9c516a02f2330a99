"""A small repository and the run's own toolbox over it, with real jails or with a sandbox that pretends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import pygit2
import pytest

from assay.grade.workbench import Workbench
from assay.ledger.ledger import Ledger
from assay.model.candidate import Base
from assay.model.event import nobody
from assay.model.tool import Ending, Isolation, Tier, ToolCall
from assay.policy.schema import Policy
from assay.repo.repository import open_repository
from assay.sandbox.identity import host_identity
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.plain import copy_layers
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand

T = TypeVar("T")
Files = Mapping[str, bytes]
SOMEONE = pygit2.Signature("A", "a@example.org", 1_700_000_000, 0)


class Project:
    """A repository whose first commit is the base."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path))
        self.files = dict(files)
        self.repo = open_repository(path)
        self.base = self.commit({})

    def tree(self, changes: Mapping[str, bytes | None]) -> str:
        """The tree of the base with `changes`: None removes."""
        index = pygit2.Index()
        for name, content in {**self.files, **changes}.items():
            if content is not None:
                index.add(pygit2.IndexEntry(name, self.git.create_blob(content), 0o100644))
        return str(index.write_tree(self.git))

    def commit(self, changes: Mapping[str, bytes | None]) -> Base:
        """`changes` on top of what there is, which later trees build on."""
        tree = self.tree(changes)
        self.files = {k: v for k, v in {**self.files, **changes}.items() if v is not None}
        parents = [] if self.git.head_is_unborn else [self.git.head.target]
        commit = self.git.create_commit("HEAD", SOMEONE, SOMEONE, "change", pygit2.Oid(hex=tree), parents)
        return Base(commit=str(commit), tree=tree)


class PretendedSandbox:
    """Answers prepare steps: `step(command, tree)` is handed a copy of what the jail would show, and writes
    what the step would; its answer is the exit code, or a whole call."""

    isolation = Isolation(backend="fake", tier=Tier.NONE)

    def __init__(self, step: Callable[[JailCommand, Path], int | ToolCall | None], scratch: Path) -> None:
        self.step = step
        self.scratch = scratch
        self.commands: list[JailCommand] = []

    async def run(self, command: JailCommand) -> ToolCall:
        self.commands.append(command)
        tree = self.scratch / f"seen{len(self.commands)}"
        tree.mkdir()
        copy_layers(command.stack.layers, tree)
        answer = self.step(command, tree) or 0
        if isinstance(answer, ToolCall):
            return answer
        if command.writes is not None:
            tree.rename(command.writes)
        return ToolCall(
            label=command.label,
            argv=command.argv,
            environment_digest="",
            ending=Ending.EXITED,
            exit_code=answer,
            started_at=0.0,
            stderr=b"what it complains of",
        )


class Benches:
    """Opens toolboxes over one cache, as successive runs of the engine would."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.cache = scratch / "cache"
        self.cache.mkdir()
        self.calls: list[ToolCall] = []
        self._count = 0

    def pretend(
        self,
        project: Project,
        policy: Policy,
        step: Callable[[JailCommand, Path], int | ToolCall | None],
        work: Callable[[Workbench], Awaitable[T]],
    ) -> T:
        """What `work` makes of a toolbox whose sandbox only pretends."""
        self._count += 1
        scratch = self.scratch / f"pretended{self._count}"
        scratch.mkdir()
        store = LayerStore(self.cache, project.repo, host_identity())
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        return self._run(project, policy, PretendedSandbox(step, scratch), store, environ, work)

    def jailed(
        self,
        project: Project,
        policy: Policy,
        work: Callable[[Workbench], Awaitable[T]],
        environ: Mapping[str, str],
        isolation: str | None = None,
    ) -> T:
        """The same with real jails; the test is skipped where there are none."""
        found = probe(isolation, environ={"ASSAY_CACHE_DIR": str(self.cache)})
        if found.tier is None:
            pytest.skip("no jail on this host")

        async def main() -> T:
            async with open_sandbox(found, self.calls.append) as sandbox:
                store = LayerStore.open(project.repo, found)
                return await self._work(project, policy, sandbox, store, environ, work)

        return anyio.run(main)

    def _run(self, project, policy, sandbox, store, environ, work):
        return anyio.run(lambda: self._work(project, policy, sandbox, store, environ, work))

    async def _work(self, project, policy, sandbox, store, environ, work):
        async with _bench(project, policy, sandbox, store, environ) as bench:
            return await work(bench)


@asynccontextmanager
async def _bench(project, policy, sandbox, store, environ) -> AsyncIterator[Workbench]:
    with store, Ledger.open(project.repo.common_dir / "assay") as ledger:
        async with anyio.create_task_group() as tasks:
            yield Workbench(
                repo=project.repo,
                base=project.base,
                policy=policy,
                sandbox=sandbox,
                layers=store,
                ledger=ledger,
                tasks=tasks,
                observer=nobody,
                environ=environ,
            )
            tasks.cancel_scope.cancel()
