"""Candidates per minute on real projects: Assay against the plain script, at the same parallelism.

    python -m bench grading [--count N] [--jobs J] [--project NAME]...

Prints both rates, cold and from the cache, their ratios, and whether the verdicts agree.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import plain
from bench.candidates import Patch, make
from bench.projects import HOME, PROJECTS, Checkout, Project, checkout


def main(argv: list[str]) -> int:
    """Run the comparison; exits 1 if any verdict differs."""
    parser = argparse.ArgumentParser(prog="python -m bench grading", description=__doc__)
    parser.add_argument("--count", type=int, default=16, help="candidates per project")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--project", action="append", default=[], help="only these projects")
    options = parser.parse_args(argv)
    chosen = [project for project in PROJECTS if not options.project or project.name in options.project]
    print(f"{options.count} candidates a project, {options.jobs} at a time; rates are candidates per minute,")
    print("CPU is seconds per candidate; `again` is a second run, from the cache")
    heads = ("script", "assay", "ratio", "CPU", "CPU", "ratio", "again", "ratio")
    print(f"{'project':<16}{''.join(f'{head:>8}' for head in heads)}  verdicts")
    differing = sum(_compare(project, options.count, options.jobs) for project in chosen)
    return 1 if differing else 0


def _compare(project: Project, count: int, jobs: int) -> int:
    ready = checkout(project)
    scratch = HOME / project.name / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    patches = make(ready, count, scratch / "patches")
    cache = scratch / "cache"
    shutil.rmtree(ready.repo / ".git" / "assay", ignore_errors=True)
    script = _measured(count, lambda: plain.grade_all(ready, patches, jobs, scratch / "trees"))
    cold = _measured(count, lambda: _assay(ready, patches, jobs, cache))
    again = _measured(count, lambda: _assay(ready, patches, jobs, cache))
    by_script, by_assay = script.accepted, cold.accepted
    differing = {name for name in by_script if by_script[name] != by_assay.get(name)}
    print(
        f"{project.name:<16}{script.rate:>8.1f}{cold.rate:>8.1f}{cold.rate / script.rate:>7.1f}x"
        f"{script.cpu:>8.2f}{cold.cpu:>8.2f}{script.cpu / cold.cpu:>7.1f}x"
        f"{again.rate:>8.0f}{again.rate / script.rate:>7.0f}x"
        f"  {count - len(differing)} of {count} agree ({sum(by_script.values())} accepted)"
    )
    for name in sorted(differing):
        print(
            f"    {name}: the script says {_word(by_script[name])}, assay {_word(by_assay.get(name, False))}"
        )
    shutil.rmtree(scratch, ignore_errors=True)
    return len(differing)


@dataclass(frozen=True)
class _Measured:
    """Who was accepted, candidates per minute, and CPU seconds per candidate."""

    accepted: dict[str, bool]
    rate: float
    cpu: float


def _measured(count: int, run: Callable[[], dict[str, bool]]) -> _Measured:
    before, started = os.times(), time.monotonic()
    accepted = run()
    seconds, after = time.monotonic() - started, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return _Measured(accepted, 60 * count / seconds, cpu / count)


def _assay(ready: Checkout, patches: list[Patch], jobs: int, cache: Path) -> dict[str, bool]:
    """Verdicts of one `assay grade` process, started cold, under rules equal to the script's."""
    argv = [
        sys.executable,
        "-m",
        "assay",
        "grade",
        "--repo",
        str(ready.repo),
        "--policy",
        str(_policy(ready)),
    ]
    argv += ["--jobs", str(jobs), "--format", "json", *(str(patch.path) for patch in patches)]
    environ = {**os.environ, "ASSAY_CACHE_DIR": str(cache)}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"assay grade exited with {done.returncode}:\n{done.stderr}")
    document = json.loads(done.stdout)
    return {Path(entry["name"]).name: entry["verdict"] == "accepted" for entry in document["candidates"]}


def _policy(ready: Checkout) -> Path:
    path = HOME / ready.project.name / "scratch" / "bench.toml"
    args = json.dumps(list(ready.project.test_args))
    path.write_text(f'extends = "default"\n[tests]\nargs = {args}\n')
    return path


def _word(accepted: bool) -> str:
    return "accepted" if accepted else "rejected"
