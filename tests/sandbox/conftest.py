"""What the sandbox tests share: a cache of their own, a probe of this host, small repositories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import anyio
import pygit2
import pytest

from assay.model.tool import ToolCall
from assay.repo.repository import Repository, open_repository
from assay.sandbox.jail import JailSandbox, open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import JailCommand, Stack

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
