"""What a check that somebody waits for costs in time while bulk grading has the machine, against an idle one.

    python -m bench lanes [--rounds N] [--jobs J]

Each round checks one change on the idle machine, one beside a bulk run of the same repository, and one beside
the same run in the interactive lane (what it would be without lanes); the order changes from round to round,
and nothing is cached but the base's own results. Prints medians and their ratios to the idle machine (the
aim: at most 1.3 with lanes), and whether every bulk run went on and finished with all candidates accepted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.projects import git

_AIM = 1.3
_TEST = """
import time
from work import value

def test_value():
    end = time.process_time() + {burn}
    while time.process_time() < end:
        pass
    assert value() > 0
"""
_POLICY = 'extends = "default"\n[tests]\nbase_runs = 1\nwarm = false\nselect = "never"\n'
_BURN = 0.5
"""CPU seconds of the suite."""


def main(argv: list[str]) -> int:
    """Print a line for each condition; 1 if the aim is missed or a bulk run did not finish."""
    parser = argparse.ArgumentParser(prog="python -m bench lanes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as directory:
        yard = _Yard(Path(directory), options.jobs)
        yard.check()  # the base's own results, once
        seconds: dict[str, list[float]] = {"idle": [], "bulk": [], "interactive": []}
        for number in range(options.rounds):
            for beside in list(seconds)[number % 3 :] + list(seconds)[: number % 3]:
                seconds[beside].append(yard.beside(beside))
    idle = statistics.median(seconds["idle"])
    for beside, words in (("idle", "idle machine"), ("bulk", "beside bulk"), ("interactive", "no lanes")):
        median = statistics.median(seconds[beside])
        print(f"{words:>14}{median:>8.2f} s{median / idle:>7.2f}x")
    print(f"bulk runs finished: {yard.finished} of {yard.begun}")
    slow = statistics.median(seconds["bulk"]) > _AIM * idle
    return int(slow or yard.finished != yard.begun)


class _Yard:
    """A repository, a cache of its own, and changes that nobody has graded yet."""

    def __init__(self, directory: Path, jobs: int) -> None:
        self.begun = self.finished = 0
        self._jobs = jobs
        self._repo = directory / "repo"
        self._environ = {**os.environ, "ASSAY_CACHE_DIR": str(directory / "cache")}
        self._environ["VIRTUAL_ENV"] = sys.prefix
        self._changes = 0
        self._policy = directory / "policy.toml"
        self._policy.write_text(_POLICY)
        (self._repo / "tests").mkdir(parents=True)
        (self._repo / "tests" / "test_work.py").write_text(_TEST.format(burn=_BURN))
        (self._repo / "work.py").write_text(_source(0))
        git(self._repo, "init", "-q", "-b", "main")
        git(self._repo, "add", "-A")
        git(self._repo, "commit", "-q", "-m", "work")

    def beside(self, what: str) -> float:
        """Seconds of one check while that goes on."""
        if what == "idle":
            return self.check()
        changes = [self._change() for _ in range(4 * self._jobs)]
        bulk = self._start("grade", *changes, "--lane", what)
        self.begun += 1
        assert bulk.stderr is not None
        while "accepted" not in (line := bulk.stderr.readline()) and line:
            pass  # it is under way once the first verdict is there
        seconds = self.check()
        bulk.communicate()
        self.finished += bulk.returncode == 0
        return seconds

    def check(self) -> float:
        """Seconds that a check of a new change takes."""
        change = self._change()
        started = time.monotonic()
        run = self._start("check", "--base", "main", "--head", change)
        said, why = run.communicate()
        if run.returncode != 0:
            raise RuntimeError(f"the check ends with {run.returncode}: {said}{why}")
        return time.monotonic() - started

    def _start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "assay", command, "-C", str(self._repo), *arguments]
        argv += ["--policy", str(self._policy), "--jobs", str(self._jobs)]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, env=self._environ, stdout=pipe, stderr=pipe, text=True)

    def _change(self) -> str:
        self._changes += 1
        name = f"change-{self._changes}"
        git(self._repo, "checkout", "-q", "-b", name, "main")
        (self._repo / "work.py").write_text(_source(self._changes))
        git(self._repo, "commit", "-q", "-a", "-m", name)
        git(self._repo, "checkout", "-q", "main")
        return name


def _source(number: int) -> str:
    return f'"""Work."""\n\n\ndef value() -> int:\n    """A number."""\n    return {number + 1}\n'
