"""Scratch repositories, built by the git program so that nothing under test builds its own evidence."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.repo.repository import Repository, open_repository

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "LC_ALL": "C.UTF-8",
}


class Scratch:
    """A repository on disk, driven by git."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True, **variables: str) -> str:
        return self.run(*arguments, stdin=stdin, check=check, **variables).stdout.decode(
            "utf-8", "surrogateescape"
        )

    def run(
        self, *arguments: str, stdin: bytes = b"", check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env={**ENVIRONMENT, **variables},
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done

    def write(self, files: dict[str, bytes | str]) -> Scratch:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def commit(self, message: str = "change", files: dict[str, bytes | str] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head()

    def head(self, rev: str = "HEAD") -> str:
        return self.git("rev-parse", rev).strip()

    def tree(self, rev: str = "HEAD") -> str:
        return self.head(f"{rev}^{{tree}}")

    def open(self) -> Repository:
        return open_repository(self.path, {})


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Scratch]:
    """A maker of repositories, each with one commit of the given files."""

    def build(name: str = "project", files: dict[str, bytes | str] | None = None) -> Scratch:
        path = tmp_path / name
        path.mkdir()
        scratch = Scratch(path)
        scratch.git("init", "--quiet")
        if files is not None:
            scratch.commit("start", files)
        return scratch

    return build


LINES = "".join(f"line {number}\n" for number in range(1, 31))


@pytest.fixture
def project(make: Callable[..., Scratch]) -> Scratch:
    return make(files={"src/app.py": LINES, "src/other.py": "x = 1\n", "README": "hello\n"})
