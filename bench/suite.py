"""What a project's own tests say of trees, each tree asked once and its answer kept in a file.

Promises: a tree's answer is written before it is used, so that a run that is stopped goes on where it was; a
test that fails counts only if it fails again when asked once more; one checkout is kept and only what differs
between two trees is written. The tests run outside of any jail: they are a project's own history.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from assay.repo.repository import EMPTY_TREE, SYMLINK, Repository
from assay.repo.trees import delta

_SECONDS = 300
_REGULAR = 0o100000

_RUNNER = """
import json, os, sys
import pytest

class Heard:
    def __init__(self):
        self.good, self.bad = set(), set()
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.bad.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.good.add(report.nodeid)
    def pytest_collectreport(self, report):
        if report.failed:
            self.bad.add(report.nodeid)

heard, words = Heard(), sys.argv[2:]
words = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", *words]
code = int(pytest.main(words, plugins=[heard]))
if code > 1 and not heard.bad:
    heard.bad.add(f"pytest ends with {code}")
with open(sys.argv[1], "w") as out:
    json.dump({"passed": sorted(heard.good - heard.bad), "failed": sorted(heard.bad)}, out)
"""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests said of one tree: ids."""

    tree: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]


class Suite:
    """The tests under `words` (pytest's arguments) of trees in `repo`, run by `python` in `place`; answers
    are kept in the file `known`. `runs` counts what was run now."""

    def __init__(
        self, repo: Repository, python: Path, words: Sequence[str], place: Path, known: Path
    ) -> None:
        self._repo = repo
        self._python = python
        self._words = tuple(words)
        self._place = place
        self._here = EMPTY_TREE
        self._file = known
        self.runs = 0
        self._without: tuple[str, ...] = ()
        data = known.read_bytes() if known.exists() else b""
        if data and not data.endswith(b"\n"):  # a kill cut a line short: it is asked anew
            with known.open("ab") as out:
                out.write(b"\n")
        lines = data.splitlines()
        self._answers = {a.tree: a for a in map(_read, lines) if a is not None}

    def leave_out(self, tests: Sequence[str]) -> None:
        """Do not run these, which fail anyhow."""
        self._without = tuple(f"--deselect={test}" for test in tests)

    def of(self, tree: str) -> Answer:
        """What the tests say of a tree."""
        if tree not in self._answers:
            self.runs += 1
            self._show(tree)
            found = self._run([*self._words, *self._without])
            if found.failed and len(found.failed) < 200:
                again = self._run(found.failed)
                steady = tuple(test for test in found.failed if test in again.failed)
                passed = sorted({*found.passed, *(set(found.failed) - set(steady))})
                found = Answer(tree=tree, passed=tuple(passed), failed=steady)
            answer = self._answers[tree] = msgspec.structs.replace(found, tree=tree)
            with self._file.open("ab") as out:
                out.write(msgspec.json.encode(answer) + b"\n")
        return self._answers[tree]

    def knows(self, tree: str) -> bool:
        """Whether a tree was asked before."""
        return tree in self._answers

    def _show(self, tree: str) -> None:
        step = delta(self._repo, self._here, tree)
        for path in step.deletions:
            gone = self._place / path
            if gone.is_dir() and not gone.is_symlink():
                shutil.rmtree(gone)
            else:
                gone.unlink(missing_ok=True)
        for write in step.writes:
            if write.mode & 0o170000 not in (_REGULAR, SYMLINK & 0o170000):
                continue
            place = self._place / write.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            if write.mode == SYMLINK:
                place.symlink_to(self._repo.blob(write.blob).decode())
            else:
                place.write_bytes(self._repo.blob(write.blob))
        self._here = tree

    def _run(self, words: Sequence[str]) -> Answer:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "GIT_"))}
        environ["PYTHONPATH"] = f"{self._place / 'src'}:{self._place}"
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            argv = [str(self._python), "-c", _RUNNER, out.name, f"--rootdir={self._place}", *words]
            try:
                subprocess.run(
                    argv, cwd=self._place, env=environ, capture_output=True, timeout=_SECONDS, check=False
                )
                told = msgspec.json.decode(Path(out.name).read_bytes() or b"null")
            except subprocess.TimeoutExpired:
                told = None
        if told is None:
            return Answer(tree="", passed=(), failed=("the tests did not end",))
        return Answer(tree="", passed=tuple(told["passed"]), failed=tuple(told["failed"]))


def _read(line: bytes) -> Answer | None:
    try:
        return msgspec.json.decode(line, type=Answer)
    except msgspec.DecodeError:
        return None
