"""A toolbox for the static gates' tests: real git objects, plain subprocesses in the jail's place.

It keeps the parts of the contract that the gates rest on: a stack is the tree's files in a directory of its
own for each run, a worker speaks in 4-byte frames and raises `WorkerDied` when it does not answer.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pygit2

from assay.model.candidate import Base, Candidate, Oid
from assay.model.event import nobody
from assay.model.outcome import GateResult, ResourceUse
from assay.model.tool import Ending, Isolation, Tier, ToolCall
from assay.policy.schema import Policy
from assay.repo import diff
from assay.repo.repository import Repository, open_repository
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.spec import JailCommand, Stack
from assay.sandbox.worker import WorkerDied

Content = str | bytes | tuple[int, str | bytes]
"""A file's content, or its git mode and content (a symlink's target, a submodule's commit)."""

PYTHON = Path(sys.executable).resolve()
LINK, PROGRAM, SUBMODULE = 0o120000, 0o100755, 0o160000


class Scratch:
    """A repository without a work tree to speak of, in which trees are written by hand."""

    def __init__(self, root: Path) -> None:
        pygit2.init_repository(str(root))
        self.repo: Repository = open_repository(root)

    def tree(self, files: dict[str, Content]) -> Oid:
        """The tree of these files."""
        index = pygit2.Index()
        for path, content in files.items():
            mode, data = content if isinstance(content, tuple) else (0o100644, content)
            raw = data.encode() if isinstance(data, str) else data
            oid = raw.decode() if mode == SUBMODULE else self.repo.git.create_blob(raw)
            index.add(pygit2.IndexEntry(path, pygit2.Oid(hex=str(oid)), mode))
        return Oid(str(index.write_tree(self.repo.git)))

    def candidate(self, old: dict[str, Content], new: dict[str, Content]) -> Candidate:
        """The candidate that turns `old` into `new`."""
        base, tree = self.tree(old), self.tree(new)
        return Candidate(
            id="c1",
            name="c1",
            source="test",
            base=Base(commit=None, tree=base),
            tree=tree,
            changes=diff.changes(self.repo, base, tree),
        )


class Processes:
    """Stands in for a sandbox. `calls` and `served` record what was asked of it."""

    isolation = Isolation(backend="test", tier=Tier.NONE)

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.calls: list[JailCommand] = []
        self.served = 0
        self.refused: set[str] = set()
        self.answer: Callable[[JailCommand], ToolCall | None] = lambda _command: None
        self.alter_worker: Callable[[JailCommand], JailCommand] = lambda command: command

    async def run(self, command: JailCommand) -> ToolCall:
        """Run in a copy of the stack's directory."""
        self.calls.append(command)
        canned = self.answer(command)
        if canned is not None:
            return canned
        place = self.scratch / f"run{len(self.calls)}"
        assert command.stack is not None
        shutil.copytree(command.stack.layers[-1], place, symlinks=True)
        done = subprocess.run(  # noqa: ASYNC221 -- one test, one program
            command.argv,
            cwd=place,
            env=_environment(command),
            input=command.stdin,
            capture_output=True,
            check=False,
        )
        left = {path: (place / path).read_bytes() for path in command.outputs if (place / path).is_file()}
        return call(command.label, done.returncode, done.stdout, done.stderr, left)

    @asynccontextmanager
    async def serve(self, command: JailCommand) -> AsyncIterator[ProcessWorker]:
        """Start a worker, in a copy of the stack's directory if there is one."""
        if command.label in self.refused:
            raise WorkerDied("there is none of this kind")
        self.served += 1
        place: Path | None = None
        if command.stack is not None:
            place = self.scratch / f"worker{self.served}"
            shutil.copytree(command.stack.layers[-1], place, symlinks=True)
        worker = ProcessWorker(self.alter_worker(command), place)
        try:
            yield worker
        finally:
            worker.close()


class ProcessWorker:
    """A worker process."""

    def __init__(self, command: JailCommand, cwd: Path | None) -> None:
        self.cwd = cwd
        self._reply, theirs = os.pipe()
        variables = {**_environment(command), "ASSAY_REPORT_FD": str(theirs)}
        self._process = subprocess.Popen(
            command.argv,
            stdin=subprocess.PIPE,
            env=variables,
            pass_fds=(theirs,),
            stderr=subprocess.PIPE,
            cwd=cwd,
        )
        os.close(theirs)

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """One request, one reply."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(request).to_bytes(4, "big") + request)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerDied("it is gone") from None
        return self._read(int.from_bytes(self._read(4, seconds), "big"), seconds)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        os.close(self._reply)

    def _read(self, count: int, seconds: float) -> bytes:
        data = b""
        while len(data) < count:
            ready, _, _ = select.select([self._reply], [], [], seconds)
            chunk = os.read(self._reply, count - len(data)) if ready else b""
            if not chunk:
                raise WorkerDied("no answer")
            data += chunk
        return data


class FakeToolbox:
    """What a transaction shares, in memory."""

    observer = staticmethod(nobody)

    def __init__(self, scratch: Scratch, base: Base, policy: Policy, directory: Path) -> None:
        self.repo = scratch.repo
        self.base = base
        self.policy = policy
        self.directory = directory
        self.sandbox = Processes(directory)
        self.kept: dict[str, bytes] = {}
        self._made: dict[str, Any] = {}
        self._workers: dict[str, Any] = {}

    async def environment(self) -> ProjectEnvironment:
        """This interpreter."""
        return ProjectEnvironment(python=PYTHON, digest="e")

    async def stack(self, tree: str) -> Stack:
        """The tree's files, written out once."""
        place = self.directory / "trees" / tree
        if not place.exists():
            place.mkdir(parents=True)
            for entry in self.repo.files(tree):
                target = place / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                if entry.mode == LINK:
                    target.symlink_to(os.fsdecode(self.repo.blob(entry.blob)))
                elif entry.mode != SUBMODULE:
                    target.write_bytes(self.repo.blob(entry.blob))
                    target.chmod(entry.mode & 0o777)
        return Stack(layers=(place,), tree=tree)

    async def worker(self, name: str, start: Callable[[], Awaitable[JailCommand]]) -> Any:
        """A worker kept under its name until it dies."""
        if name not in self._workers:
            manager = self.sandbox.serve(await start())
            self._workers[name] = (manager, await manager.__aenter__())
        return _Forgetting(self, name, self._workers[name][1])

    async def once(self, key: str, make: Callable[[], Awaitable[Any]]) -> Any:
        """Made once."""
        if key not in self._made:
            self._made[key] = await make()
        return self._made[key]

    async def recall(self, key: str) -> bytes | None:
        """What an earlier run kept."""
        return self.kept.get(key)

    async def remember(self, key: str, value: bytes) -> None:
        """Keep it."""
        self.kept[key] = value

    async def forget(self, name: str) -> None:
        """Stop a worker."""
        manager, _worker = self._workers.pop(name)
        await manager.__aexit__(None, None, None)

    async def close(self) -> None:
        """Stop every worker."""
        # The last one first: they are nested contexts of one task.
        for name in reversed(list(self._workers)):
            await self.forget(name)


class _Forgetting:
    def __init__(self, toolbox: FakeToolbox, name: str, worker: ProcessWorker) -> None:
        self._toolbox, self._name, self._worker = toolbox, name, worker

    async def ask(self, request: bytes, seconds: float) -> bytes:
        try:
            return await self._worker.ask(request, seconds)
        except WorkerDied:
            await self._toolbox.forget(self._name)
            raise


class Bench:
    """One test's repository and policy: `run(gate, old, new)` gives the gate's result."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.scratch = Scratch(directory / "repo")
        self.policy = Policy(name="test")
        self.kept: dict[str, bytes] = {}
        self.calls: list[JailCommand] = []
        self.served = 0
        self.refused: set[str] = set()
        """Labels of workers that do not start."""
        self.answer: Callable[[JailCommand], ToolCall | None] = lambda _command: None
        self.alter_worker: Callable[[JailCommand], JailCommand] = lambda command: command

    def run(self, gate: Any, old: dict[str, Content], new: dict[str, Content]) -> GateResult:
        """Grade the change from `old` to `new` with one gate."""
        return self.grade(gate, self.scratch.candidate(old, new))

    def grade(self, gate: Any, candidate: Candidate, base: Base | None = None) -> GateResult:
        """Grade one candidate with one gate, against the run's base (default: the candidate's)."""

        async def main() -> GateResult:
            toolbox = self.toolbox(base or candidate.base)
            try:
                return await gate.run(toolbox, candidate)
            finally:
                self.served = toolbox.sandbox.served
                await toolbox.close()

        return anyio.run(main)

    def toolbox(self, base: Base) -> FakeToolbox:
        """A toolbox that remembers what earlier ones of this bench kept."""
        place = self.directory / f"work{len(list(self.directory.iterdir()))}"
        place.mkdir()
        toolbox = FakeToolbox(self.scratch, base, self.policy, place)
        toolbox.kept = self.kept
        toolbox.sandbox.calls = self.calls
        toolbox.sandbox.refused = self.refused
        toolbox.sandbox.answer = self.answer
        toolbox.sandbox.alter_worker = self.alter_worker
        return toolbox

    def with_section(self, section: str, **values: Any) -> None:
        """Change one section of the policy."""
        changed = msgspec.structs.replace(getattr(self.policy, section), **values)
        self.policy = msgspec.structs.replace(self.policy, **{section: changed})


def call(
    label: str,
    code: int | None,
    stdout: bytes = b"",
    stderr: bytes = b"",
    outputs: dict[str, bytes] | None = None,
    **rest: Any,
) -> ToolCall:
    """A tool call that ended."""
    return ToolCall(
        label=label,
        argv=("tool",),
        environment_digest="e",
        exit_code=code,
        stdout=stdout,
        stderr=stderr,
        outputs=outputs or {},
        use=ResourceUse(seconds=0.1, cpu_seconds=0.1),
        **{"ending": Ending.EXITED, **rest},
    )


def _environment(command: JailCommand) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **command.variables}
