"""Real projects for the benchmarks: two successive releases from the package index, as a git repository.

Promises: everything is fetched by pip under its usual configuration and kept in the user's cache, so that a
second run needs no network; the repository's one commit is the older release, its environment holds the
project's own test dependencies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay-bench"
"""Outside of every project's tree: pytest looks for its configuration in all directories above."""


_PYTEST = "pytest<9"
"""The releases below predate pytest 9, and some of their suites fail under it."""


@dataclass(frozen=True)
class Project:
    """A project of the package index, two of its releases, and what its tests need."""

    name: str
    old: str
    new: str
    needs: tuple[str, ...] = ()
    test_args: tuple[str, ...] = ()


PROJECTS = (
    Project("cachetools", "5.4.0", "5.5.0"),
    Project("more-itertools", "10.3.0", "10.4.0"),
    Project("boltons", "24.0.0", "24.1.0"),
    Project("sqlparse", "0.5.1", "0.5.2"),
    Project("click", "8.1.7", "8.1.8"),
)


@dataclass(frozen=True)
class Checkout:
    """A project made ready: its repository (at the older release), and the newer release's tree of files."""

    project: Project
    repo: Path
    newer: Path


def checkout(project: Project) -> Checkout:
    """The project, fetched and installed at the first call."""
    place = HOME / project.name
    repo, newer = place / "repo", place / "newer"
    if not (place / ".ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _unpack(project.name, project.old, repo)
        _unpack(project.name, project.new, newer)
        _install(repo, project)
        _commit_all(repo)
        (place / ".ready").touch()
    return Checkout(project, repo, newer)


def git(repo: Path, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run git there, away from the user's configuration."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    argv = ["git", "-C", str(repo), *identity, *args]
    return subprocess.run(argv, env=environ, check=True, capture_output=True, text=True, **options)


def _unpack(name: str, version: str, target: Path) -> None:
    downloads = HOME / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    before = set(downloads.iterdir())
    argv = [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*argv, "-d", str(downloads), f"{name}=={version}"], check=True)
    stem = f"{name}-{version}".lower().replace("-", "_")
    archives = set(downloads.iterdir()) - before or set(downloads.iterdir())
    archive = next(
        path for path in archives if path.name.lower().replace("-", "_").startswith(stem.replace("-", "_"))
    )
    with tarfile.open(archive) as tar:
        tar.extractall(target.parent / f"{target.name}.unpacking", filter="data")
    (top,) = (target.parent / f"{target.name}.unpacking").iterdir()
    top.rename(target)
    (target.parent / f"{target.name}.unpacking").rmdir()


def _install(repo: Path, project: Project) -> None:
    venv.create(repo / ".venv", with_pip=True)
    pip = [str(repo / ".venv" / "bin" / "python"), "-m", "pip", "-q", "install"]
    subprocess.run([*pip, _PYTEST, *project.needs], check=True)
    subprocess.run([*pip, "-e", str(repo)], check=True)


def _commit_all(repo: Path) -> None:
    git(repo, "init", "-q", "-b", "main")
    (repo / ".git" / "info" / "exclude").write_text(".venv/\n__pycache__/\n*.egg-info/\n.pytest_cache/\n")
    git(repo, "add", "-A", "-f", ".", ":!.venv")
    git(repo, "commit", "-q", "-m", "the older release")
