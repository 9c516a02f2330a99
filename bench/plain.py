"""The script that a person with some care would write: per candidate a git worktree, git apply, and the
changed files through ruff and bandit, then pytest, each step only if the one before passed.

Promises: the same parallelism as Assay is given; nothing is shared between candidates but the clone, the
virtual environment and what the base itself answered (once): old findings count for nobody, and tests that
fail on the base are left out, so that pytest can stop at the first failure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.candidates import Patch
from bench.projects import Checkout, git

T = TypeVar("T")

_RULES = "E9,F63,F7,F82"
_TIMEOUT = 60
_MEMORY = 4 << 30
"""Bytes of addresses for each program, about what fills the memory that a jail has."""
_TOOLS = Path(sys.executable).parent
_BAD = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)

Finding = tuple[str, str]
"""Rule and file."""


@dataclass(frozen=True)
class Known:
    """What the base says: its findings, and the options that keep pytest from what fails there."""

    findings: Counter[Finding]
    without: tuple[str, ...]


def grade_all(project: Checkout, patches: list[Patch], jobs: int, scratch: Path) -> dict[str, bool]:
    """Whether each patch is accepted, by name."""
    scratch.mkdir(parents=True, exist_ok=True)
    base = _in_worktree(project, scratch / "base", lambda tree: _known(project, tree))
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(lambda patch: _grade(project, patch, scratch / patch.name, base), patches)
        return dict(zip((patch.name for patch in patches), answers, strict=True))


def _grade(project: Checkout, patch: Patch, tree: Path, base: Known) -> bool:
    return _in_worktree(project, tree, lambda place: _accepted(project, patch, place, base))


def _in_worktree(project: Checkout, tree: Path, body: Callable[[Path], T]) -> T:
    git(project.repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
    try:
        return body(tree)
    finally:
        git(project.repo, "worktree", "remove", "--force", str(tree))


def _known(project: Checkout, tree: Path) -> Known:
    done = _pytest(project, tree, "-rfE")
    assert done is not None, "the base's tests take too long"
    bad = sorted(set(_BAD.findall(done.stdout)))
    without = tuple(f"--deselect={test}" if "::" in test else f"--ignore={test}" for test in bad)
    return Known(_findings(tree, git(tree, "ls-files", "*.py").stdout.split()), without)


def _accepted(project: Checkout, patch: Patch, tree: Path, base: Known) -> bool:
    try:
        git(tree, "apply", "--index", str(patch.path))
    except subprocess.CalledProcessError:
        return False
    names = git(tree, "diff", "--cached", "--name-only", "--diff-filter=d", "HEAD", "--", "*.py").stdout
    changed = names.split()
    if changed and _run([_python(project), "-m", "py_compile", *changed], tree).returncode:
        return False
    if _findings(tree, changed) - base.findings:
        return False
    done = _pytest(project, tree, "-x", *base.without)
    return done is not None and done.returncode == 0


def _findings(tree: Path, files: list[str]) -> Counter[Finding]:
    found: Counter[Finding] = Counter()
    if files:
        lint = [str(_TOOLS / "ruff"), "check", "-q", "--no-cache", "--isolated", "--select", _RULES]
        for entry in json.loads(_run([*lint, "--output-format", "json", *files], tree).stdout):
            found[entry["code"], str(Path(entry["filename"]).relative_to(tree.resolve()))] += 1
        scan = _run([str(_TOOLS / "bandit"), "-q", "-ll", "-ii", "-f", "json", *files], tree)
        for entry in json.loads(scan.stdout)["results"]:
            found[entry["test_id"], entry["filename"].removeprefix("./")] += 1
    return found


def _pytest(project: Checkout, tree: Path, *options: str) -> subprocess.CompletedProcess[str] | None:
    """A run of the suite; None if it takes too long."""
    source = tree / "src" if (tree / "src").is_dir() else tree
    argv = [_python(project), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    try:
        return _run([*argv, *project.project.test_args], tree, {"PYTHONPATH": str(source)})
    except subprocess.TimeoutExpired:
        return None


def _python(project: Checkout) -> str:
    return str(project.repo / ".venv" / "bin" / "python")


def _run(
    argv: list[str], tree: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **(variables or {})}
    # A mutant that never stops collecting is not to take the machine's memory.
    limited = ["prlimit", f"--as={_MEMORY}", *argv]
    return subprocess.run(
        limited, cwd=tree, env=environ, capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
