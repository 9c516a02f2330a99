"""The page of figures: runs the benchmarks and writes docs/reference/performance.md.

    python -m bench performance [--count N] [--jobs J] [--project NAME]... [--without-full] [--also NAME]...

Every budget is measured in this run, on this machine, and held against its limit: the page says met or not
met, whatever it is. `--also` adds what another benchmark prints (default: all that are not part of the table;
`none`). Exits 1 if a budget is not met or a verdict differs.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from bench import budgets, grading
from bench.budgets import BUDGETS, Measured

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"

ALSO = ("startup", "selection", "lanes", "memory", "hardening")
"""Benchmarks whose own words the page shows."""

_TOP = """# Performance

Written by `make bench`; the ratios are of one run on one machine, both sides at the same parallelism.
"""

_HOW = """## Candidates a minute

{count} candidates for each of {projects}: the difference between two releases of the project, its
parts, broken ones, mutants, repeats, and repeats that are laid out anew. The script makes a worktree for each
candidate, applies the patch, runs ruff and bandit on the changed files, then pytest until the first failure.
`cold` is Assay with empty caches, `again` a second run, `--full` Assay without saving. CPU is the script's
against the cold run's; `work` is the cold run's CPU against that of the test bodies that ran and one
collection of tests for each run.
"""


def main(argv: list[str]) -> int:
    """Measure, write the page, and say which budgets were not met."""
    parser = argparse.ArgumentParser(prog="python -m bench performance", description=__doc__)
    grading.add_options(parser)
    parser.add_argument("--also", action="append", choices=(*ALSO, "none"))
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args(argv)
    compared = []
    for project in grading.chosen(options.project):
        compared.append(grading.measure(project, options.count, options.jobs, full=not options.without_full))
        print(grading.row(compared[-1]), flush=True)
    measured = budgets.of_grading(compared)
    for more in budgets.measured(options.jobs):
        measured |= more
    wanted = [name for name in options.also or ALSO if name != "none"]
    others = {name: _printed(name) for name in wanted}
    options.output.write_text(page(compared, measured, options.count, others))
    missed = [budget.what for budget in BUDGETS if not (budget in measured and budget.met(measured[budget]))]
    for what in missed:
        print(f"not met: {what}")
    return 1 if missed or any(True for each in compared for _ in each.differing()) else 0


def page(compared: list[grading.Compared], measured: Measured, count: int, others: dict[str, str]) -> str:
    """The page as Markdown. Pure but for the machine's name for itself."""
    machine = f"{platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0))} processors, "
    machine += f"Python {platform.python_version()}.\n"
    projects = ", ".join(each.project for each in compared)
    blocks = [_TOP + machine, spec(measured), _HOW.format(count=count, projects=projects), rates(compared)]
    blocks += [
        f"## `python -m bench {name}`\n\n```text\n{text.rstrip()}\n```\n" for name, text in others.items()
    ]
    return "\n".join(blocks)


def spec(measured: Measured) -> str:
    """The table of budgets."""
    lines = ["## Specification\n", "| what | budget | measured | |", "| --- | --- | --- | --- |"]
    for budget in BUDGETS:
        value = measured.get(budget)
        told = "not measured" if value is None else f"{value:.3g} {budget.unit}"
        verdict = "met" if value is not None and budget.met(value) else "not met"
        lines.append(f"| {budget.what} | {budget.words} | {told} | {verdict} |")
    return "\n".join(lines) + "\n"


def rates(compared: list[grading.Compared]) -> str:
    """The table of ratios to the script, and every verdict that differs."""
    lines = [
        "| project | cold | again | --full | CPU | work | verdicts |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in compared:
        base = each.script.rate
        full = "-" if each.full is None else f"{each.full.rate / base:.2f} x"
        odd = sum(1 for _ in each.differing())
        total = len(each.script.accepted)
        lines.append(
            f"| {each.project} | {each.cold.rate / base:.1f} x | {each.again.rate / base:.0f} x | {full} "
            f"| {each.script.cpu / each.cold.cpu:.1f} x | {each.work:.1f} x "
            f"| {total - odd} of {total} agree |"
        )
    differing = [f"- {each.project}: {sentence}" for each in compared for sentence in each.differing()]
    return "\n".join([*lines, *([""] if differing else []), *differing]) + "\n"


def _printed(name: str) -> str:
    """What a benchmark prints; a failure is part of the page."""
    done = subprocess.run([sys.executable, "-m", "bench", name], capture_output=True, text=True, check=False)
    heading = f"== {name}\n"
    text = done.stdout.removeprefix(heading)
    return text if done.returncode == 0 else f"{text}\nexit code {done.returncode}\n{done.stderr[-2000:]}"
