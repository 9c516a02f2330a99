"""What a candidate's workspace costs as the repository grows: mount, apply, run `true`, unmount, remove.

    python -m bench workspace [--files 200,2000,20000,100000]

Prints milliseconds and CPU milliseconds per candidate and the ratios to the smallest repository, next to
`git worktree add`. The repositories take turns, candidate by candidate: what else the machine does falls on
all of them alike.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from assay.model.tool import Ending
from assay.repo.repository import Repository, open_repository
from assay.repo.trees import edit
from assay.sandbox.jail import JailSandbox, open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand, Stack
from bench.projects import git

SIZES = (200, 2_000, 20_000, 100_000)
_RUNS = 40
_PER_DIRECTORY = 100


@dataclass(frozen=True)
class Cost:
    """Medians for a repository of `files` files, in seconds: of a candidate, its CPU, and a git worktree."""

    files: int
    seconds: float
    cpu_seconds: float
    worktree: float


def main(argv: list[str]) -> int:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(prog="python -m bench workspace", description=__doc__)
    parser.add_argument("--files", default=",".join(map(str, SIZES)))
    costs = measure([int(word) for word in parser.parse_args(argv).files.split(",")])
    heads = ("files", 8), ("workspace", 12), ("growth", 8), ("CPU", 11), ("growth", 8), ("worktree add", 15)
    print("".join(f"{head:>{width}}" for head, width in (*heads, ("ratio", 8))))
    for cost in costs:
        print(
            f"{cost.files:>8}{1000 * cost.seconds:>9.1f} ms{cost.seconds / costs[0].seconds:>7.2f}x"
            f"{1000 * cost.cpu_seconds:>8.1f} ms{cost.cpu_seconds / costs[0].cpu_seconds:>7.2f}x"
            f"{1000 * cost.worktree:>12.1f} ms{cost.worktree / cost.seconds:>7.1f}x"
        )
    return 0


def measure(sizes: Sequence[int]) -> list[Cost]:
    """What a workspace costs in repositories of so many files."""
    with tempfile.TemporaryDirectory() as directory:
        cache = Path(directory) / "cache"
        cache.mkdir()
        places = [_build(Path(directory) / str(size), size) for size in sizes]
        plain = [_worktree(place, Path(directory) / "tree") for place in places]
        ours = anyio.run(_in_turn, places, cache)
    return [
        Cost(size, statistics.median(each.seconds), statistics.median(each.cpu_seconds), worktree)
        for size, each, worktree in zip(sizes, ours, plain, strict=True)
    ]


def _build(place: Path, count: int) -> Path:
    """A repository of one commit, without a work tree."""
    git(place.parent, "init", "-q", "-b", "main", str(place))
    lines = []
    for number in range(count):
        text = f"VALUE = {number}\n" * 50
        lines += ["blob", f"mark :{number + 1}", f"data {len(text)}", text]
    lines += ["commit refs/heads/main", "committer bench <bench@localhost> 0 +0000", "data 5", "files"]
    lines += [f"M 100644 :{number + 1} {_path(number)}" for number in range(count)]
    git(place, "fast-import", "--quiet", input="\n".join(lines) + "\n")
    return place


def _path(number: int) -> str:
    return f"d{number // _PER_DIRECTORY:03d}/f{number:05d}.py"


def _worktree(repo: Path, tree: Path) -> float:
    started = time.monotonic()
    git(repo, "worktree", "add", "-q", "--detach", str(tree), "main")
    shutil.rmtree(tree)
    subprocess.run(["git", "-C", str(repo), "worktree", "prune"], check=True)
    return time.monotonic() - started


@dataclass
class _Yard:
    """One repository, and what its candidates took so far."""

    repo: Repository
    layers: LayerStore
    bottom: Stack
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    async def run(self, sandbox: JailSandbox, number: int) -> None:
        """One candidate, from its patch to its end."""
        started, used = time.monotonic(), _cpu_seconds()
        tree = _changed(self.repo, self.bottom.tree, number)
        stack = self.layers.over(self.bottom, self.bottom.tree, tree)
        command = JailCommand(label="true", argv=("/bin/true",), root=self.repo.root, stack=stack)
        call = await sandbox.run(command)
        self.layers.drop(tree)
        self.seconds.append(time.monotonic() - started)
        self.cpu_seconds.append(_cpu_seconds() - used)
        if (call.ending, call.exit_code) != (Ending.EXITED, 0):
            raise SystemExit(f"a jail did not run: {call.reason}")


async def _in_turn(places: Sequence[Path], cache: Path) -> list[_Yard]:
    """What candidates took, the bases' checkouts being there."""
    found = probe(environ={**os.environ, "ASSAY_CACHE_DIR": str(cache)})
    async with open_sandbox(found, lambda _call: None) as sandbox:
        with ExitStack() as stack:
            yards = []
            for place in places:
                repo = open_repository(place)
                layers = stack.enter_context(LayerStore.open(repo, found))
                yards.append(_Yard(repo, layers, layers.base(repo.head().tree)))
            for number in range(_RUNS):
                for yard in yards:
                    await yard.run(sandbox, number)
    return yards


def _changed(repo: Repository, base: str, run: int) -> str:
    """A tree with one file changed, made as the apply step makes it."""
    blob = repo.write_blob(f"VALUE = 'changed {run}'\n".encode())
    return edit(repo, base, {_path(0): (0o100644, blob)})


def _cpu_seconds() -> float:
    """Of this process and of what it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
