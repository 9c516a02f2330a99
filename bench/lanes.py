"""What a check that somebody waits for costs in time while bulk grading has the machine, against an idle one.

    python -m bench lanes [--rounds N] [--jobs J]

Each round checks one change without bulk beside it, one beside a bulk run of the same repository, and one
beside the same run in the interactive lane (what it would be without lanes); the order changes from round to
round, so that whatever else the machine does falls on all three alike, and nothing is cached but the base's
own results. Prints medians and their ratios to the first (the aim: at most 1.3 with lanes), the part of the
processors that the bulk run had while the check ran (by its CPU time, whatever else there was), and whether
every bulk run went on and finished with all candidates accepted.
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
_POLICY = 'extends = "default"\n[tests]\nbase_runs = 1\nconfirm = 1\nwarm = false\nselect = "never"\n'
_BURN = 0.5
"""CPU seconds of the suite."""
_TICKS = os.sysconf("SC_CLK_TCK")


def main(argv: list[str]) -> int:
    """Print a line for each condition; 1 if the aim is missed or a bulk run did not finish."""
    parser = argparse.ArgumentParser(prog="python -m bench lanes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as directory:
        yard = _Yard(Path(directory), options.jobs)
        yard.check()  # the base's own results, once
        found: dict[str, list[tuple[float, float]]] = {"idle": [], "bulk": [], "interactive": []}
        for number in range(options.rounds):
            for beside in list(found)[number % 3 :] + list(found)[: number % 3]:
                found[beside].append(yard.beside(beside))
    seconds = {beside: statistics.median(took for took, _ in each) for beside, each in found.items()}
    for beside, words in (("idle", "alone"), ("bulk", "beside bulk"), ("interactive", "no lanes")):
        share = statistics.median(used for _, used in found[beside])
        ratio = seconds[beside] / seconds["idle"]
        print(f"{words:>14}{seconds[beside]:>8.2f} s{ratio:>7.2f}x   bulk had {100 * share:>3.0f} %")
    print(f"bulk runs finished: {yard.finished} of {yard.begun}")
    return int(seconds["bulk"] > _AIM * seconds["idle"] or yard.finished != yard.begun)


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

    def beside(self, what: str) -> tuple[float, float]:
        """Seconds of one check while that goes on, and the part of the processors that the other run had."""
        if what == "idle":
            return self.check(), 0.0
        changes = [self._change() for _ in range(4 * self._jobs)]
        bulk = self._start("grade", *changes, "--lane", what)
        self.begun += 1
        assert bulk.stderr is not None
        while "accepted" not in (line := bulk.stderr.readline()) and line:
            pass  # it is under way once the first verdict is there
        used = _used(bulk.pid)
        seconds = self.check()
        share = max(0.0, _used(bulk.pid) - used) / seconds / len(os.sched_getaffinity(0))
        bulk.communicate()
        self.finished += bulk.returncode == 0
        return seconds, share

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


def _used(pid: int) -> float:
    """CPU seconds of a process, of what it waited for, and of all that runs below it."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return 0.0
    return sum(map(int, words[11:15])) / _TICKS + sum(map(_used, children))


def _source(number: int) -> str:
    return f'"""Work."""\n\n\ndef value() -> int:\n    """A number."""\n    return {number + 1}\n'
