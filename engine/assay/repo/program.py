"""The `git` program, for the little that libgit2 cannot do.

Promises: it is always told which git directory, works on no work tree (its current directory is the git
directory), inherits no GIT_ variable, and runs no hook, fsmonitor or fetch. A terminal's Ctrl-C does not
reach it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import IO

from assay.model.errors import Unsound
from assay.repo.repository import Repository

_FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitFailed(Exception):
    """Git ended with an error; `message` is what it said, on one line."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def run_git(
    repo: Repository, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None
) -> bytes:
    """Git's standard output. Raises GitFailed when it fails, Unsound when there is no git."""
    try:
        done = subprocess.run(
            _argv(repo, arguments),
            input=stdin,
            capture_output=True,
            check=False,
            cwd=repo.git_dir,
            env=_environment(variables or {}),
            process_group=0,  # Ctrl-C is for us to heed, not for a git in the middle of its work
        )
    except FileNotFoundError as error:
        raise Unsound("the git program was not found", fix="install git, or put it on PATH") from error
    if done.returncode != 0:
        # The first paragraph is the reason; what follows is advice, and of another program than ours.
        reason = done.stderr.decode("utf-8", "replace").strip().partition("\n\n")[0]
        raise GitFailed(" ".join(reason.split()) or "no reason given")
    return done.stdout


@contextlib.contextmanager
def stream_git(repo: Repository, *arguments: str) -> Iterator[IO[bytes]]:
    """Git's standard output while git writes it; git ends when the block does, read to its end or not.

    Raises Unsound when there is no git, GitFailed at the end of a block that read everything if git failed.
    """
    try:
        process = subprocess.Popen(
            _argv(repo, arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=repo.git_dir,
            env=_environment({}),
            process_group=0,
        )
    except FileNotFoundError as error:
        raise Unsound("the git program was not found", fix="install git, or put it on PATH") from error
    assert process.stdout is not None
    try:
        yield process.stdout
        whole = not process.stdout.read(1)
    except BaseException:
        whole = False
        raise
    finally:
        process.stdout.close()
        if not whole:
            process.kill()
        status = process.wait()
    if whole and status != 0:
        raise GitFailed(f"git {arguments[0]} ended with status {status}")


def _argv(repo: Repository, arguments: tuple[str, ...]) -> list[str]:
    own = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    return ["git", f"--git-dir={repo.git_dir}", *own, *arguments]


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if "GIT_CONFIG_GLOBAL" in os.environ:
        inherited["GIT_CONFIG_GLOBAL"] = os.environ["GIT_CONFIG_GLOBAL"]
    return {**inherited, **_FIXED, **variables}
