"""A toolbox for the tests gate that runs plain processes over a checked-out tree: no jail, same contract."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pygit2
from msgspec import structs
from tests.gates.static_fakes import ProcessWorker

from assay.model.candidate import Base, Candidate, Change, ChangeKind
from assay.model.outcome import Resource, ResourceUse
from assay.model.tool import Ending, Isolation, Tier, ToolCall
from assay.policy.schema import Policy, Tests
from assay.repo.repository import Repository
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.spec import JailCommand, Stack

SOMEONE = pygit2.Signature("A", "a@example.org", 1_700_000_000, 0)
Files = Mapping[str, str | bytes | None]


class FakeSandbox:
    """Runs commands as child processes; checks out each stack anew, so that runs cannot see each other."""

    isolation = Isolation(backend="none", tier=Tier.NONE)

    def __init__(self, git: pygit2.Repository, scratch: Path) -> None:
        self.git = git
        self.scratch = scratch
        self.calls: list[JailCommand] = []
        self.endings: list[ToolCall] = []

    async def run(self, command: JailCommand) -> ToolCall:
        self.calls.append(command)
        if self.endings:
            return self.endings.pop(0)
        root = self.scratch / f"run{len(self.calls)}"
        _check_out(self.git, command.stack.tree, root)
        return _run(command, root)


class Once:
    """The least of a toolbox: what is made once."""

    def __init__(self) -> None:
        self.made: dict[str, object] = {}

    async def once(self, key, make):
        if key not in self.made:
            self.made[key] = await make()
        return self.made[key]


class _Worker:
    def __init__(self, command: JailCommand, asked: list[bytes]) -> None:
        self._command = command
        self._asked = asked

    async def ask(self, request: bytes, seconds: float) -> bytes:
        self._asked.append(request)
        worker = ProcessWorker(self._command, None)
        try:
            return await worker.ask(request, seconds)
        finally:
            worker.close()


class FakeToolbox:
    """The toolbox of one transaction."""

    def __init__(self, repo: Repository, base: Base, policy: Policy, scratch: Path, python: str) -> None:
        self.repo = repo
        self.base = base
        self.policy = policy
        self.sandbox = FakeSandbox(repo.git, scratch)
        self.observer = lambda _event: None
        self.memory: dict[str, bytes] = {}
        self.candidates = 0
        self.asked: list[bytes] = []
        self._once: dict[str, object] = {}
        self._python = python

    async def environment(self) -> ProjectEnvironment:
        return ProjectEnvironment(python=Path(self._python), digest="e")

    async def stack(self, tree: str) -> Stack:
        return Stack(layers=(), tree=tree)

    async def worker(self, name, start):
        """A worker that answers each request in a process of its own. What is asked is in `asked`."""
        return _Worker(await start(), self.asked)

    async def once(self, key, make):
        if key not in self._once:
            self._once[key] = await make()
        return self._once[key]

    async def recall(self, key: str) -> bytes | None:
        return self.memory.get(key)

    async def remember(self, key: str, value: bytes) -> None:
        self.memory[key] = value

    def forget(self) -> FakeToolbox:
        """The toolbox of a later transaction: what was remembered stays."""
        self._once.clear()
        return self


class Project:
    """A scratch repository: a base, and candidates as changes of it."""

    def __init__(self, directory: Path, files: Files, python: str = sys.executable, **rules: object) -> None:
        self.git = pygit2.init_repository(str(directory / "repo"), bare=True)
        self.files = dict(files)
        self.tree = self._write(self.files)
        commit = self.git.create_commit("refs/heads/main", SOMEONE, SOMEONE, "base", self.tree, [])
        self.base = Base(commit=str(commit), tree=str(self.tree))
        policy = structs.replace(Policy(name="test"), tests=Tests(**rules))
        self.toolbox = FakeToolbox(
            Repository(self.git, None, None), self.base, policy, directory / "runs", python
        )

    @property
    def calls(self) -> list[JailCommand]:
        return self.toolbox.sandbox.calls

    def candidate(self, changes: Files, renames: Mapping[str, str] | None = None) -> Candidate:
        """The base with these files changed (None: deleted); `renames` says which are renames, old to new."""
        files = {**self.files, **changes}
        files = {path: data for path, data in files.items() if data is not None}
        renames = dict(renames or {})
        records = [
            _change(path, self.files.get(path), files.get(path))
            for path in sorted(changes)
            if path not in renames and path not in renames.values()
        ]
        records += [_change(new, "", "", old_path=old) for old, new in renames.items()]
        return Candidate(
            id="c",
            name="c",
            source="test",
            base=self.base,
            tree=str(self._write(files)),
            changes=tuple(records),
        )

    def _write(self, files: Files) -> pygit2.Oid:
        index = pygit2.Index()
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            index.add(pygit2.IndexEntry(path, self.git.create_blob(data), pygit2.enums.FileMode.BLOB))
        return index.write_tree(self.git)


def _change(path: str, old: object, new: object, old_path: str = "") -> Change:
    kind = ChangeKind.ADDED if old is None else ChangeKind.DELETED if new is None else ChangeKind.MODIFIED
    return Change(
        kind=ChangeKind.RENAMED if old_path else kind,
        path=path,
        old_path=old_path or path,
        old_mode=0 if old is None else 0o100644,
        new_mode=0 if new is None else 0o100644,
        old_blob=_blob(old),
        new_blob=_blob(new),
    )


def _blob(content: object) -> str:
    if content is None:
        return ""
    data = content.encode() if isinstance(content, str) else bytes(content)
    return str(pygit2.hash(data))


def _check_out(git: pygit2.Repository, tree: str, root: Path) -> None:
    root.mkdir(parents=True)

    def write(tree: pygit2.Tree, directory: Path) -> None:
        for entry in tree:
            path = directory / entry.name
            if isinstance(entry, pygit2.Tree):
                path.mkdir()
                write(entry, path)
            else:
                path.write_bytes(entry.data)

    write(git[tree], root)


def _run(command: JailCommand, root: Path) -> ToolCall:
    read, write = os.pipe()
    environ = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "HOME": str(root)}
    # The plugins of Assay's own environment are no part of these projects, and slow to load.
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environ |= {"PYTHONDONTWRITEBYTECODE": "1", "ASSAY_REPORT_FD": str(write), **command.variables}
    began = time.monotonic()
    process = subprocess.Popen(
        command.argv,
        cwd=root,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(write,),
        start_new_session=True,
    )
    os.close(write)
    chunks: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(read, chunks))
    reader.start()
    late = False
    try:
        out, err = process.communicate(command.stdin + command.nonce, timeout=command.limits.seconds or None)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    reader.join()
    code = process.returncode
    ending = Ending.EXHAUSTED if late else Ending.SIGNALLED if code < 0 else Ending.EXITED
    return ToolCall(
        label=command.label,
        argv=command.argv,
        environment_digest="e",
        ending=ending,
        exit_code=code if ending is Ending.EXITED else None,
        signal=-code if ending is Ending.SIGNALLED else None,
        resource=Resource.TIME if late else None,
        stdout=out,
        stderr=err,
        report=b"".join(chunks),
        # As on an idle machine, for tests that only wait.
        use=ResourceUse(seconds=(spent := time.monotonic() - began), cpu_seconds=spent),
    )


def _drain(descriptor: int, chunks: list[bytes]) -> None:
    with os.fdopen(descriptor, "rb") as pipe:
        while chunk := pipe.read(65536):
            chunks.append(chunk)
