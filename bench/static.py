"""What a candidate costs that needs no test: linted in waves, remembered, or rejected by a quick gate.

    python -m bench static [--count N] [--project NAME]

Grades candidates of a real project with the tests gate off and prints CPU milliseconds for each, as the
difference of a run of three quarters of them and one of the last quarter: never seen, linted warm and cold;
the same once more, from the cache; and candidates that apply, scope and compile reject.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.projects import HOME, PROJECTS, checkout, git

_PR_SET_CHILD_SUBREAPER = 36
_CACHED, _REJECTED = 2.0, 10.0
"""Budgets: CPU milliseconds for each candidate."""

_ALL = "extends = 'fast'"
_COMPILE = "extends = 'fast'\ngates = ['apply', 'scope', 'compile']"

Edit = Callable[[str, int], str]


def main(argv: list[str]) -> int:
    """Print the table; 1 if a budget is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench static", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--project", default="click")
    options = parser.parse_args(argv)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    project = next(project for project in PROJECTS if project.name == options.project)
    place = HOME / project.name / "static"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    git(place, "clone", "-q", str(checkout(project).repo), str(place / "repo"))
    bench = _Bench(place, options.count)
    print(f"{options.count} candidates of {project.name}; CPU ms for each beyond the run's fixed cost")
    bench.row("new", bench.patches("good", _add), _ALL)
    cached = bench.row("the same again", bench.patches("good", _add), _ALL)
    bench.row("new, each linted alone", bench.patches("cold", _add_more), f"{_ALL}\n[lint]\nwarm = false")
    rejects = [
        bench.row("rejected by apply", bench.patches("apply", _mismatch), _ALL),
        bench.row("rejected by scope", bench.patches("scope", _add), f"{_ALL}\n[scope]\nallow = ['none']"),
        bench.row("rejected by compile", bench.patches("compile", _break), _COMPILE),
    ]
    shutil.rmtree(place)
    print(f"cached {cached:.1f} of {_CACHED:g} ms; rejected at most {max(rejects):.1f} of {_REJECTED:g} ms")
    return 0 if cached <= _CACHED and max(rejects) <= _REJECTED else 1


class _Bench:
    """One clone, and runs of `assay grade` in it."""

    def __init__(self, place: Path, count: int) -> None:
        self._place = place
        self._count = count
        repo = place / "repo"
        listed = git(repo, "ls-files", "*.py").stdout.split()
        found = [path for path in listed if "test" not in path and (repo / path).stat().st_size > 200]
        self._files = sorted(found, key=lambda path: ((repo / path).stat().st_size, path))[: 2 * count]

    def patches(self, name: str, edit: Edit) -> list[Path]:
        """As many patches, each an edit of one file; made once."""
        directory = self._place / name
        if not directory.exists():
            directory.mkdir()
            for number in range(self._count):
                path = self._files[number % len(self._files)]
                text = (self._place / "repo" / path).read_text()
                (directory / f"{number:04}.patch").write_text(_diff(path, text, edit(text, number), name))
        return sorted(directory.iterdir())

    def row(self, title: str, patches: Sequence[Path], rules: str) -> float:
        """Run and print; CPU milliseconds for each candidate beyond a run's fixed cost."""
        policy = self._place / "policy.toml"
        policy.write_text(f"{rules}\n")
        # One that makes everything ready; some, with all that is done once for however many; all the others.
        few = 1 + len(patches) // 4
        self._run(policy, patches[:1])
        some, _ = self._run(policy, patches[1:few])
        rest, verdicts = self._run(policy, patches[few:])
        each = 1000 * (rest - some) / (len(patches) - 2 * few + 1)
        print(f"{title:<28}{each:>9.1f}   {verdicts}", flush=True)
        return each

    def _run(self, policy: Path, patches: Sequence[Path]) -> tuple[float, str]:
        argv = [sys.executable, "-m", "assay", "grade", "--quiet", "--format", "json"]
        argv += ["--repo", str(self._place / "repo"), "--policy", str(policy), *map(str, patches)]
        environ = {
            **os.environ,
            "ASSAY_CACHE_DIR": str(self._place / "cache"),
            "PYTHONPYCACHEPREFIX": str(HOME / "bytecode"),
        }
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        before = _children()
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        if done.returncode not in (0, 1):
            raise SystemExit(f"assay grade exited with {done.returncode}:\n{done.stderr}")
        found = [entry["rejected_by"] or entry["verdict"] for entry in json.loads(done.stdout)["candidates"]]
        counts = ", ".join(f"{found.count(word)} {word}" for word in sorted(set(found)))
        return _children() - before, counts


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _diff(path: str, old: str, new: str, name: str) -> str:
    """One hunk from the first line that differs to the end; for `apply` with lines that are not there."""
    before, after = old.splitlines(), new.splitlines()
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    context = before[max(0, shared - 3) : shared]
    if name == "apply":
        context = ["no such line" for _ in context]
    gone, come = before[shared:], after[shared:]
    start = shared - len(context) + 1
    head = f"@@ -{start},{len(context) + len(gone)} +{start},{len(context) + len(come)} @@"
    lines = [
        f"diff --git a/{path} b/{path}",
        f"--- a/{path}",
        f"+++ b/{path}",
        head,
        *(f" {line}" for line in context),
        *(f"-{line}" for line in gone),
        *(f"+{line}" for line in come),
    ]
    return "\n".join(lines) + "\n"


def _add(text: str, number: int) -> str:
    return f"{text.rstrip()}\n\n\ndef assay_bench_{number}(value):\n    return value + {number}\n"


def _add_more(text: str, number: int) -> str:
    return _add(text, number + 100_000)


def _mismatch(text: str, number: int) -> str:
    return _add(text, number)


def _break(text: str, number: int) -> str:
    return f"{text.rstrip()}\n\n\ndef assay_bench_{number}(:\n"
