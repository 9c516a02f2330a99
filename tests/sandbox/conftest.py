"""What the sandbox tests share: a cache of their own, a probe of this host, small repositories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import anyio
import pygit2
import pytest
from anyio.from_thread import start_blocking_portal

from assay.model.tool import Ending, ToolCall
from assay.repo.repository import Repository, open_repository
from assay.sandbox.jail import JailSandbox, open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import JailCommand, Stack, Warmth

T = TypeVar("T")
Content = bytes | tuple[int, bytes]


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    """This host, with a cache of the test run's own."""
    cache = tmp_path_factory.mktemp("cache")
    return probe(environ={"ASSAY_CACHE_DIR": str(cache)})


@pytest.fixture(autouse=True)
def _needs_jail(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("jail") and request.getfixturevalue("host").tier is None:
        pytest.skip("no jail on this host")


class Trees:
    """A repository and a way to make trees in it without a checkout."""

    def __init__(self, path: Path) -> None:
        self.git = pygit2.init_repository(str(path))
        self.repo: Repository = open_repository(path)

    def tree(self, files: Mapping[str, Content]) -> str:
        """The tree that holds `files`: path to bytes, or to (mode, bytes)."""
        index = pygit2.Index()
        for path, content in files.items():
            mode, data = content if isinstance(content, tuple) else (0o100644, content)
            oid = pygit2.Oid(hex=data.decode()) if mode == 0o160000 else self.git.create_blob(data)
            index.add(pygit2.IndexEntry(path, oid, mode))
        return str(index.write_tree(self.git))


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    path = tmp_path / "repository"
    path.mkdir()
    return Trees(path)


@pytest.fixture
def store(trees: Trees, host: Probe):
    with LayerStore(host.cache, trees.repo, host.identity) as store:
        yield store


class Runner:
    """Runs single programs in a sandbox of their own; `calls` is what was recorded."""

    def __init__(self, host: Probe) -> None:
        self.host = host
        self.calls: list[ToolCall] = []

    def __call__(self, *argv: str, root: Path = Path("/srv/project"), **rest: object) -> ToolCall:
        command = JailCommand(label="test", argv=argv, root=root, **rest)

        async def work(sandbox: JailSandbox) -> ToolCall:
            return await sandbox.run(command)

        return self.within(work)

    def sh(self, script: str, **rest: object) -> ToolCall:
        return self("/bin/sh", "-c", script, **rest)

    def within(self, work: Callable[[JailSandbox], Awaitable[T]]) -> T:
        async def main() -> T:
            async with open_sandbox(self.host, self.calls.append) as sandbox:
                return await work(sandbox)

        return anyio.run(main)


@pytest.fixture
def run(host: Probe) -> Runner:
    return Runner(host)


@pytest.fixture
def stack(trees: Trees, store: LayerStore) -> Stack:
    """A base with one candidate's layer on top."""
    old = trees.tree({"kept": b"kept\n", "changed": b"old\n", "gone/a": b"a", "gone/b": b"b"})
    new = trees.tree({"kept": b"kept\n", "changed": b"new\n", "made/c": b"c"})
    return store.over(store.base(old), old, new)


PYTHON = "/usr/bin/python3"
BECOME = """
import os, sys
if sys.argv[1] == "-c":
    sys.argv.pop(1)
    exec(compile(sys.argv.pop(1), "<string>", "exec"))
else:
    try:
        os.execvp(sys.argv[1], sys.argv[1:])
    except FileNotFoundError:
        os._exit(127)
"""
"""The text of every warm program here, so that one server does for all of them."""


class WarmRunner(Runner):
    """Runs programs as forks of a warm interpreter, in a sandbox that lasts for the module."""

    def __init__(self, host: Probe, sandbox: Callable[[JailCommand], ToolCall], bare: Stack) -> None:
        super().__init__(host)
        self._sandbox = sandbox
        self._bare = bare

    def __call__(self, *argv: str, root: Path = Path("/srv/project"), **rest: object) -> ToolCall:
        rest.setdefault("stack", self._bare)
        program = argv[1:] if argv[0] == PYTHON and argv[1] == "-c" else argv
        command = JailCommand(
            label="test", argv=(PYTHON, "-c", BECOME, *program), root=root, warm=Warmth(), **rest
        )
        call = self._sandbox(command)
        self.calls.append(call)
        assert call.warm or call.ending is Ending.REFUSED, call
        return call


@pytest.fixture(scope="module")
def warm() -> Iterator[Callable[[Probe], WarmRunner]]:
    """What runs programs warm on a host, in one sandbox for each for as long as the module lasts."""
    sandboxes: dict[int, Callable[[JailCommand], ToolCall]] = {}
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def runner(host: Probe) -> WarmRunner:
            if not Path(PYTHON).exists():
                pytest.skip(f"no {PYTHON} on this host")
            if host.hierarchies.version not in sandboxes:
                opening = open_sandbox(host, lambda _: None)
                sandbox = stack.enter_context(portal.wrap_async_context_manager(opening))
                sandboxes[host.hierarchies.version] = lambda command: portal.call(sandbox.run, command)
            empty = host.cache / "empty"
            empty.mkdir(exist_ok=True)
            empty.chmod(0o755)
            return WarmRunner(host, sandboxes[host.hierarchies.version], Stack(layers=(empty,), tree="empty"))

        yield runner


@pytest.fixture(params=["cold", "warm"])
def either(request: pytest.FixtureRequest, host: Probe, warm: Callable[[Probe], WarmRunner]) -> Runner:
    """Cold jails, and children of a fork server: what holds in one has to hold in the other."""
    return warm(host) if request.param == "warm" else Runner(host)
