"""What a candidate's workspace costs as the repository grows: mount, apply, run `true`, unmount, remove.

    python -m bench workspace [--files 200,2000,20000]

Prints milliseconds per candidate and the ratio to the smallest repository, next to `git worktree add`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import anyio

from assay.model.tool import Ending
from assay.repo.repository import Repository, open_repository
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand
from bench.projects import git

_RUNS = 20


def main(argv: list[str]) -> int:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(prog="python -m bench workspace", description=__doc__)
    parser.add_argument("--files", default="200,2000,20000")
    sizes = [int(word) for word in parser.parse_args(argv).files.split(",")]
    print(f"{'files':>8}{'workspace':>12}{'growth':>8}{'worktree add':>14}{'ratio':>8}")
    smallest = 0.0
    for size in sizes:
        mine, plain = measure(size)
        smallest = smallest or mine
        print(
            f"{size:>8}{1000 * mine:>9.1f} ms{mine / smallest:>7.2f}x"
            f"{1000 * plain:>11.1f} ms{plain / mine:>7.1f}x"
        )
    return 0


def measure(size: int) -> tuple[float, float]:
    """Seconds per candidate in a repository of `size` files: a workspace of ours, and a git worktree."""
    with tempfile.TemporaryDirectory() as directory:
        repo = _build(Path(directory) / "repo", size)
        plain = _worktree(repo, Path(directory) / "tree")
        return anyio.run(_workspace, open_repository(repo)), plain


def _build(place: Path, count: int) -> Path:
    for number in range(count):
        path = place / f"d{number // 100:03d}" / f"f{number:05d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"VALUE = {number}\n" * 50)
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "files")
    return place


def _worktree(repo: Path, tree: Path) -> float:
    started = time.monotonic()
    git(repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
    shutil.rmtree(tree)
    subprocess.run(["git", "-C", str(repo), "worktree", "prune"], check=True)
    return time.monotonic() - started


async def _workspace(repo: Repository) -> float:
    """Median seconds per candidate, the base's checkout being there."""
    costs = []
    base = repo.head().tree
    found = probe(None)
    async with open_sandbox(found, lambda _call: None) as sandbox:
        with LayerStore.open(repo, found) as layers:
            bottom = layers.base(base)
            for run in range(_RUNS):
                started = time.monotonic()
                tree = _changed(repo, base, run)
                stack = layers.over(bottom, base, tree)
                call = await sandbox.run(
                    JailCommand(label="true", argv=("/bin/true",), root=repo.root, stack=stack)
                )
                layers.drop(tree)
                costs.append(time.monotonic() - started)
                assert call.ending is Ending.EXITED
                assert call.exit_code == 0
    return statistics.median(costs)


def _changed(repo: Repository, base: str, run: int) -> str:
    """A tree with one file changed, made as the apply step makes it."""
    from assay.repo.trees import edit

    blob = repo.write_blob(f"VALUE = 'changed {run}'\n".encode())
    return edit(repo, base, {"d000/f00000.py": (0o100644, blob)})
