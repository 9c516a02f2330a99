"""The `git` program, for what libgit2 cannot do to a work tree: git's own status, content conversion, index.

Promises: no hook, fsmonitor, pager or content filter program is started, whatever the configuration says; no
index but the one named is written; GIT_* variables of the caller do not leak in. End-of-line conversion,
`core.symlinks`, `core.fileMode` and encodings stay as the user configured them. A terminal's Ctrl-C does not
reach git, so that it cannot end a publication half-way.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from assay.model.errors import Unsound

_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_FIXED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.quotePath=false",
    "submodule.recurse=false",
    "status.renames=false",
    "advice.statusHints=false",
)


class GitProgram:
    """Runs `git` on one git directory and work tree."""

    def __init__(self, git_dir: Path, work_tree: Path) -> None:
        self._git_dir = git_dir
        self._work_tree = work_tree
        self.filters: frozenset[str] = frozenset()
        """Names of the content filters that the configuration gives a program."""
        self.filters = self._configured_filters()

    def run(
        self,
        *arguments: str,
        index: Path | None = None,
        work_tree: Path | None = None,
        stdin: bytes = b"",
        ok: Sequence[int] = (0,),
    ) -> bytes:
        """Standard output of `git <arguments>`; raises `Unsound` with git's own words when it fails.

        `index` and `work_tree` stand in for the repository's own.
        """
        where = work_tree or self._work_tree
        argv = ["git", f"--git-dir={self._git_dir}", f"--work-tree={where}"]
        for setting in (*_FIXED, *self._no_filters()):
            argv += ["-c", setting]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT
        }
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        if index is not None:
            environment["GIT_INDEX_FILE"] = str(index)
        try:
            done = subprocess.run(
                [*argv, *arguments],
                cwd=where,
                env=environment,
                input=stdin,
                capture_output=True,
                check=False,
                process_group=0,  # Ctrl-C is for us to heed, not for a git in the middle of its work
            )
        except OSError as error:
            raise Unsound(f"git cannot be run ({error.strerror})", fix="install git") from error
        if done.returncode not in ok:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise Unsound(
                f"`git {arguments[0]}` failed ({words[-1] if words else done.returncode})",
                where=str(self._git_dir),
                fix="see `git status` there",
            )
        return done.stdout

    def _configured_filters(self) -> frozenset[str]:
        pattern = r"^filter\..*\.(clean|smudge|process)$"
        names = self.run("config", "--name-only", "-z", "--get-regexp", pattern, ok=(0, 1))
        keys = [os.fsdecode(name) for name in names.split(b"\0") if name]
        return frozenset(key.removeprefix("filter.").rpartition(".")[0] for key in keys)

    def _no_filters(self) -> list[str]:
        return [
            f"filter.{name}.{setting}"
            for name in sorted(self.filters)
            for setting in ("clean=", "smudge=", "process=", "required=false")
        ]
