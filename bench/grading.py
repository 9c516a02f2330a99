"""Candidates per minute on real projects: Assay against the plain script, at the same parallelism.

    python -m bench grading [--count N] [--jobs J] [--project NAME]... [--without-full]

Per project: the script, `assay grade` with cold caches, the same once more (`again`), and `--full`, which
saves nothing. All must come to the same verdicts. `work` is the CPU time of a cold run against what cannot be
done without: the bodies of the tests that ran, and for each run one collection of the project's tests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import plain
from bench.candidates import Patch, make
from bench.projects import HOME, PROJECTS, Checkout, Project, checkout

COUNT = 64


@dataclass(frozen=True)
class Run:
    """One way of grading: who was accepted, and what it took in all."""

    accepted: dict[str, bool]
    seconds: float
    cpu: float
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Candidates per minute."""
        return 60 * len(self.accepted) / self.seconds


@dataclass(frozen=True)
class Compared:
    """One project, graded in every way. `irreducible` are CPU seconds of the cold run."""

    project: str
    script: Run
    cold: Run
    again: Run
    full: Run | None
    irreducible: float

    @property
    def others(self) -> dict[str, Run]:
        """Assay's runs, by name."""
        runs = {"cold": self.cold, "again": self.again}
        return runs if self.full is None else {**runs, "--full": self.full}

    @property
    def work(self) -> float:
        """CPU of the cold run against the irreducible."""
        return self.cold.cpu / self.irreducible if self.irreducible else float("nan")

    def differing(self) -> Iterator[str]:
        """A sentence for each verdict that is not the script's, or that two ways of ours differ in."""
        for name, wanted in self.script.accepted.items():
            told = {way: run.accepted.get(name, False) for way, run in self.others.items()}
            if set(told.values()) != {wanted}:
                words = ", ".join(f"{way} {_word(found)}" for way, found in told.items())
                yield f"{name}: the script says {_word(wanted)}; {words}"


def main(argv: list[str]) -> int:
    """Run the comparison; exits 1 if any verdict differs."""
    parser = argparse.ArgumentParser(prog="python -m bench grading", description=__doc__)
    add_options(parser)
    options = parser.parse_args(argv)
    print(f"{options.count} candidates a project, {options.jobs} at a time; rates are candidates a minute")
    print(HEAD)
    wrong = 0
    for project in chosen(options.project):
        found = measure(project, options.count, options.jobs, full=not options.without_full)
        print(row(found), flush=True)
        for sentence in found.differing():
            print(f"    {sentence}")
            wrong += 1
    return 1 if wrong else 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what is graded."""
    parser.add_argument("--count", type=int, default=COUNT, help="candidates per project")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--project", action="append", default=[], help="only these projects")
    parser.add_argument("--without-full", action="store_true", help="leave out the slowest way")


def chosen(names: list[str]) -> list[Project]:
    """The projects of these names, or all."""
    return [project for project in PROJECTS if not names or project.name in names]


HEAD = "".join(
    [
        f"{'project':<16}",
        *(f"{title:>9}" for title in ("script", "cold", "ratio", "again", "ratio", "--full", "ratio")),
        f"{'CPU':>8}{'work':>8}  verdicts",
    ]
)


def row(found: Compared) -> str:
    """One line of the table. `CPU` is the script's against the cold run's."""
    script, full = found.script, found.full
    slow = (f"{full.rate:>9.1f}{full.rate / script.rate:>8.1f}x") if full else f"{'-':>9}{'-':>9}"
    odd = sum(1 for _ in found.differing())
    total = len(script.accepted)
    return (
        f"{found.project:<16}{script.rate:>9.1f}{found.cold.rate:>9.1f}{found.cold.rate / script.rate:>8.1f}x"
        f"{found.again.rate:>9.0f}{found.again.rate / script.rate:>8.0f}x{slow}"
        f"{script.cpu / found.cold.cpu:>7.1f}x{found.work:>7.1f}x"
        f"  {total - odd} of {total} agree ({sum(script.accepted.values())} accepted)"
    )


def measure(project: Project, count: int, jobs: int, *, full: bool) -> Compared:
    """Grade `count` candidates of one project in every way."""
    ready = checkout(project)
    scratch = HOME / project.name / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    patches = make(ready, count, scratch / "patches")
    shutil.rmtree(ready.repo / ".git" / "assay", ignore_errors=True)
    script = measured(lambda: (plain.grade_all(ready, patches, jobs, scratch / "trees"), {}))
    cold = measured(lambda: assay(ready, patches, jobs, scratch / "cache"))
    again = measured(lambda: assay(ready, patches, jobs, scratch / "cache"))
    slow = measured(lambda: assay(ready, patches, jobs, scratch / "cache", "--full")) if full else None
    shutil.rmtree(ready.repo / ".git" / "assay", ignore_errors=True)
    needed = irreducible(cold.document, collection(ready))
    shutil.rmtree(scratch, ignore_errors=True)
    return Compared(project.name, script, cold, again, slow, needed)


def measured(run: Callable[[], tuple[dict[str, bool], dict[str, Any]]]) -> Run:
    """What `run` comes to, with its wall time and the CPU time of this process and all it started. What ends
    with its process namespace is never waited for, and is known to a run's own profile alone."""
    before, started = os.times(), time.monotonic()
    accepted, document = run()
    seconds, after = time.monotonic() - started, os.times()
    told = (document.get("profile") or {}).get("cpu_seconds", 0.0)
    return Run(accepted, seconds, max(sum(after[:4]) - sum(before[:4]), told), document)


def assay(
    ready: Checkout, patches: list[Patch], jobs: int, cache: Path, *options: str
) -> tuple[dict[str, bool], dict[str, Any]]:
    """Verdicts and the report of one `assay grade` process, under rules equal to the script's."""
    argv = [sys.executable, "-m", "assay", "grade", "--repo", str(ready.repo), "--policy", str(policy(ready))]
    argv += ["--jobs", str(jobs), "--format", "json", "--quiet", *options]
    environ = {**os.environ, "ASSAY_CACHE_DIR": str(cache)}
    argv += [str(patch.path) for patch in patches]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"assay grade exited with {done.returncode}:\n{done.stderr}")
    document = json.loads(done.stdout)
    verdicts = {Path(entry["name"]).name: entry["verdict"] == "accepted" for entry in document["candidates"]}
    return verdicts, document


def irreducible(document: dict[str, Any], collecting: float) -> float:
    """CPU seconds that the runs of a report cannot do without: for each candidate whose tests were run, the
    bodies of those that ran and one collection."""
    needed = 0.0
    for entry in document["candidates"]:
        for gate in entry["gates"]:
            ran = gate["gate"] == "tests" and not gate["cached"] and not gate["equivalent_to"]
            cost = gate["detail"].get("run_cost")
            if ran and cost and entry["equal_up_to"] != "tree":
                needed += body_cpu(cost) + collecting
    return needed


def body_cpu(cost: dict[str, float]) -> float:
    """CPU seconds of the bodies of the tests of one run. What is known of each is wall time, which on a busy
    machine is mostly waiting: so it is their share of the run's wall time that counts."""
    return cost["cpu_seconds"] * min(1.0, cost["bodies"] / cost["seconds"]) if cost["seconds"] else 0.0


def collection(ready: Checkout) -> float:
    """CPU seconds of collecting the project's tests once, beyond starting pytest."""
    python = str(ready.repo / ".venv" / "bin" / "python")
    source = ready.repo / "src" if (ready.repo / "src").is_dir() else ready.repo
    environ = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}

    def cost(*words: str) -> float:
        before = os.times()
        subprocess.run([python, *words], cwd=ready.repo, env=environ, capture_output=True, check=False)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])

    options = ("-q", "-p", "no:cacheprovider", "--collect-only", *ready.project.test_args)
    return max(0.0, cost("-m", "pytest", *options) - cost("-c", "import pytest, _pytest.assertion.rewrite"))


def policy(ready: Checkout) -> Path:
    """A file with rules equal to the script's."""
    path = HOME / ready.project.name / "scratch" / "bench.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    args = json.dumps(list(ready.project.test_args))
    path.write_text(f'extends = "default"\n[tests]\nargs = {args}\n')
    return path


def _word(accepted: bool) -> str:
    return "accepted" if accepted else "rejected"
