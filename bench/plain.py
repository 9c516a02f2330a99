"""The plain script that a person would write: per candidate a git worktree, git apply, ruff, bandit, pytest.

Promises: the same parallelism as Assay is given; nothing is shared between candidates but the clone, the
virtual environment and what the base itself answered (once), so that old failures blame nobody: without
that, the script rejects every candidate of a project whose base has one failing test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from bench.candidates import Patch
from bench.projects import Checkout, git

T = TypeVar("T")

_RULES = "E9,F63,F7,F82"
_TIMEOUT = 60
_TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Answers:
    """What the tools say of one tree: findings by (rule, file), tests that failed, and pytest's exit code."""

    findings: Counter[tuple[str, str]]
    failed: frozenset[str]
    exit_code: int


def grade_all(project: Checkout, patches: list[Patch], jobs: int, scratch: Path) -> dict[str, bool]:
    """Whether each patch is accepted, by name."""
    scratch.mkdir(parents=True, exist_ok=True)
    base = _in_worktree(project, scratch / "base", lambda tree: _ask(project, tree, _python_files(tree)))
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(lambda patch: _grade(project, patch, scratch / patch.name, base), patches)
        return dict(zip((patch.name for patch in patches), answers, strict=True))


def _grade(project: Checkout, patch: Patch, tree: Path, base: Answers) -> bool:
    return _in_worktree(project, tree, lambda place: _accepted(project, patch, place, base))


def _in_worktree(project: Checkout, tree: Path, body: Callable[[Path], T]) -> T:
    git(project.repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
    try:
        return body(tree)
    finally:
        git(project.repo, "worktree", "remove", "--force", str(tree))


def _accepted(project: Checkout, patch: Patch, tree: Path, base: Answers) -> bool:
    try:
        git(tree, "apply", "--index", str(patch.path))
    except subprocess.CalledProcessError:
        return False
    names = git(tree, "diff", "--cached", "--name-only", "--diff-filter=d", "HEAD", "--", "*.py").stdout
    changed = names.split()
    if changed and _run([_python(project), "-m", "py_compile", *changed], tree).returncode:
        return False
    now = _ask(project, tree, changed)
    return now.exit_code in (0, 1) and not now.findings - base.findings and now.failed <= base.failed


def _ask(project: Checkout, tree: Path, files: list[str]) -> Answers:
    findings: Counter[tuple[str, str]] = Counter()
    if files:
        lint = [str(_TOOLS / "ruff"), "check", "-q", "--no-cache", "--isolated", "--select", _RULES]
        for entry in json.loads(_run([*lint, "--output-format", "json", *files], tree).stdout):
            findings[entry["code"], str(Path(entry["filename"]).relative_to(tree.resolve()))] += 1
        scan = _run([str(_TOOLS / "bandit"), "-q", "-ll", "-ii", "-f", "json", *files], tree)
        for entry in json.loads(scan.stdout)["results"]:
            findings[entry["test_id"], entry["filename"].removeprefix("./")] += 1
    return Answers(findings, *_tests(project, tree))


def _tests(project: Checkout, tree: Path) -> tuple[frozenset[str], int]:
    source = tree / "src" if (tree / "src").is_dir() else tree
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        argv = [_python(project), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report.name}"]
        try:
            done = _run([*argv, *project.project.test_args], tree, {"PYTHONPATH": str(source)})
        except subprocess.TimeoutExpired:
            return frozenset(), -1
        cases = ElementTree.parse(report.name).iter("testcase") if Path(report.name).stat().st_size else ()
        failed = {
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if any(child.tag in ("failure", "error") for child in case)
        }
    return frozenset(failed), done.returncode


def _python_files(tree: Path) -> list[str]:
    return git(tree, "ls-files", "*.py").stdout.split()


def _python(project: Checkout) -> str:
    return str(project.repo / ".venv" / "bin" / "python")


def _run(
    argv: list[str], tree: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **(variables or {})}
    return subprocess.run(
        argv, cwd=tree, env=environ, capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
