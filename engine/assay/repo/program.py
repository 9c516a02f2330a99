"""The `git` program, for the little that libgit2 cannot do.

Promises: it is always told which git directory, works on no work tree (its current directory is the git
directory), inherits no GIT_ variable, and runs no hook, fsmonitor or fetch. A terminal's Ctrl-C does not
reach it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

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
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if "GIT_CONFIG_GLOBAL" in os.environ:
        inherited["GIT_CONFIG_GLOBAL"] = os.environ["GIT_CONFIG_GLOBAL"]
    argv = [
        "git",
        f"--git-dir={repo.git_dir}",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
        *arguments,
    ]
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            check=False,
            cwd=repo.git_dir,
            env={**inherited, **_FIXED, **(variables or {})},
            process_group=0,  # Ctrl-C is for us to heed, not for a git in the middle of its work
        )
    except FileNotFoundError as error:
        raise Unsound("the git program was not found", fix="install git, or put it on PATH") from error
    if done.returncode != 0:
        # The first paragraph is the reason; what follows is advice, and of another program than ours.
        reason = done.stderr.decode("utf-8", "replace").strip().partition("\n\n")[0]
        raise GitFailed(" ".join(reason.split()) or "no reason given")
    return done.stdout
