"""What a user pays before anything useful happens, in CPU: start-up, and a check against the tools by hand.

    python -m bench startup [--runs N] [--project NAME]...

First `--version` and `--help` against a bare Python. Then, on real projects, `assay check --staged` of a
three-file change with the tests gate off, against running ruff and bandit on the same files by hand: of a
change never seen, on a machine that is ready (`check`), of one seen before (`again`), and the very first run
in a repository, which makes the checkout of the base (`first`). Prints medians, and whether the budgets hold.
What a check spends is what it says itself: the kernel keeps no account, for whoever waits for a jail, of the
programs that end with it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.projects import HOME, PROJECTS, Project, checkout, git

_CHECK_BUDGET = 2.0
"""Times the CPU of the tools by hand: what `check` may cost."""
_VERSION_BUDGET = 0.060
"""Seconds of CPU for `--version`."""
_FILES = 3
_PR_SET_CHILD_SUBREAPER = 36
_TOOLS = Path(sys.executable).parent


def main(argv: list[str]) -> int:
    """Print medians and ratios; 1 if a budget is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--project", action="append", default=[], help="only these projects")
    options = parser.parse_args(argv)
    _adopt_orphans()
    version = _start(options.runs)
    chosen = [project for project in PROJECTS if not options.project or project.name in options.project]
    print(f"{'CPU ms of three files':<24}{'by hand':>9}{'check':>9}{'ratio':>8}{'again':>9}{'first':>9}")
    ratios = [_against_the_tools(project, options.runs) for project in chosen]
    worst = max(ratios, default=0.0)
    print(f"--version {1000 * version:.0f} ms of {1000 * _VERSION_BUDGET:.0f}; ", end="")
    print(f"check at most {worst:.2f}x of {_CHECK_BUDGET:g}x")
    return 0 if version <= _VERSION_BUDGET and worst <= _CHECK_BUDGET else 1


def _start(runs: int) -> float:
    """The lines on start-up; the cost of `--version`."""
    bare = statistics.median(_cpu([sys.executable, "-c", "pass"]) for _ in range(runs))
    print(f"{'python -c pass':<24}{1000 * bare:>7.1f} ms CPU")
    cost = 0.0
    for words in (["--help"], ["--version"]):
        cost = statistics.median(_cpu([sys.executable, "-m", "assay", *words]) for _ in range(runs))
        print(f"{'assay ' + ' '.join(words):<24}{1000 * cost:>7.1f} ms CPU{cost / bare:>7.1f}x")
    return cost


def _against_the_tools(project: Project, runs: int) -> float:
    """One line of the table; the ratio of a check to the tools by hand."""
    place = HOME / project.name / "startup"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    repo = place / "repo"
    git(place, "clone", "-q", str(checkout(project).repo), str(repo))
    files = _three_files(repo)
    _check(place)  # of nothing: compiles what is not compiled yet
    _stage(repo, files, "0")
    first = _check(place)
    by_hand, check, again = [], [], []
    for number in range(runs):
        _stage(repo, files, str(number + 1))
        by_hand.append(_by_hand(repo, files))
        check.append(_check(place))
        again.append(_check(place))
    shutil.rmtree(place)
    hand, new, old = map(statistics.median, (by_hand, check, again))
    costs = f"{1000 * hand:>9.0f}{1000 * new:>9.0f}{new / hand:>7.2f}x{1000 * old:>9.0f}{1000 * first:>9.0f}"
    print(f"{project.name:<24}{costs}", flush=True)
    return new / hand


def _three_files(repo: Path) -> list[str]:
    """The files around the middle by size: neither empty nor the one that holds everything."""
    found = [path for path in git(repo, "ls-files", "*.py").stdout.split() if (repo / path).stat().st_size]
    found.sort(key=lambda path: ((repo / path).stat().st_size, path))
    start = max(0, (len(found) - _FILES) // 2)
    return found[start : start + _FILES]


def _stage(repo: Path, files: Sequence[str], mark: str) -> None:
    """Stage a change of these files that nobody has seen."""
    git(repo, "checkout", "-q", "HEAD", "--", *files)
    for path in files:
        with (repo / path).open("a") as file:
            file.write(f"\n\ndef assay_bench_{mark}(value):\n    return value + {mark}\n")
    git(repo, "add", "--", *files)


def _by_hand(repo: Path, files: Sequence[str]) -> float:
    commands = (["ruff", "check", "-q"], ["bandit", "-q"])
    return sum(_cpu([str(_TOOLS / command[0]), *command[1:], *files], repo) for command in commands)


def _check(place: Path) -> float:
    argv = [sys.executable, "-m", "assay", "check", "--staged", "--policy", "fast", "--quiet"]
    waited, said = _run([*argv, "--format", "json"], place / "repo", ASSAY_CACHE_DIR=str(place / "cache"))
    profile = json.loads(said)["profile"]
    return max(waited, profile["cpu_seconds"] if profile is not None else 0.0)


def _cpu(argv: Sequence[str], cwd: Path | None = None) -> float:
    """CPU seconds of one command and of all it started."""
    return _run(argv, cwd)[0]


def _run(argv: Sequence[str], cwd: Path | None = None, **variables: str) -> tuple[float, str]:
    """CPU seconds of one command and of all it started, whoever its parent was at the end, as far as the
    kernel tells, and what it printed. Raises SystemExit for one that cannot be run."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(HOME / "bytecode"), **variables}
    # Neither side is to compile its modules anew each time.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    before = _children()
    done = subprocess.run(argv, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(argv)} exits with {done.returncode}:\n{done.stderr}")
    return _children() - before, done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    """Jails that are killed leave processes to whoever is above: here, so that they are counted."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
