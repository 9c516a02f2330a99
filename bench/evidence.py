"""What does evidence cost? (What it is worth, `bench.inducing` asks.)

    python -m bench evidence [--project NAME]... [--mutants N] [--seconds S]

The difference of two releases of real projects, as one candidate with all its evidence. Prints the processor
time of mutation against that of the tests alone, and the survivors, to be checked by hand.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio

from assay.land.flow import grade
from assay.land.request import Request
from assay.model.evidence import Evidence, Fate
from assay.model.report import CandidateReport
from assay.policy.stakes import Collect
from assay.risk.evidence.bound import false_green
from bench.projects import PROJECTS, Project, checkout, git

_RULES = """
extends = "default"
gates = ["apply", "tests"]
[environment]
python = "{python}"
[environment.set]
PYTHONPATH = "{root}/src:{root}"
[limits]
seconds = 180
[evidence]
mutants = {mutants}
seconds = {seconds}
"""


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; 1 if a project yields no evidence."""
    parser = argparse.ArgumentParser(prog="python -m bench evidence", description=__doc__)
    parser.add_argument("--project", action="append", default=[])
    parser.add_argument("--mutants", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(argv)
    wanted = [each for each in PROJECTS if not options.project or each.name in options.project]
    return max(_cost(project, options) for project in wanted)


def _cost(project: Project, options: argparse.Namespace) -> int:
    place = checkout(project)
    git(place.repo, "checkout", "-q", "--detach", "HEAD")
    with tempfile.TemporaryDirectory() as scratch:
        newer = Path(scratch) / "newer"
        git(place.repo, "worktree", "add", "-q", "--detach", str(newer), "HEAD")
        try:
            _laid_over(place.newer, newer)
            git(newer, "add", "-A")
            git(newer, "commit", "-q", "--no-verify", "-m", "the newer release")
            made = git(newer, "rev-parse", "HEAD").stdout.strip()
        finally:
            git(place.repo, "worktree", "remove", "--force", str(newer))
        python = place.repo / ".venv/bin/python"
        found = _graded(place.repo, made, _rules(Path(scratch), place.repo, python, options))
    if found.risk is None or found.risk.evidence is None:
        print(f"{project.name}: {found.verdict}: {found.reason}")
        return 1
    _print_cost(project.name, found, found.risk.evidence)
    return 0


def _laid_over(source: Path, target: Path) -> None:
    """The newer release's files in place of the older one's, as far as both have them."""
    for path in sorted(source.rglob("*.py")):
        there = target / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(path.read_bytes())


def _print_cost(name: str, found: CandidateReport, evidence: Evidence) -> None:
    tests = next(gate for gate in found.gates if gate.gate == "tests")
    alone = tests.detail["run_cost"]["cpu_seconds"]
    decided = [mutant for mutant in evidence.mutants if mutant.fate is not Fate.UNREACHED]
    fates = Counter(mutant.fate.value for mutant in evidence.mutants)
    print(
        f"{name}: {evidence.executed} of {evidence.executed + evidence.missed} changed lines run, "
        f"{len(evidence.branches)} ways not taken; mutants: {dict(fates)}, {evidence.unmade} left out; "
        f"bound {false_green(evidence)}"
    )
    each = (evidence.cpu_seconds - alone) / max(1, len(decided))
    print(
        f"    CPU seconds: the tests alone {alone:.2f}, evidence {evidence.cpu_seconds:.2f} "
        f"({evidence.cpu_seconds / alone:.1f} times as much; {each / alone:.2f} for each mutant)"
    )
    for mutant in evidence.fates(Fate.SURVIVED):
        print(f"    survived: {mutant.path}:{mutant.line}: {mutant.before}  ->  {mutant.after}")


def _graded(repo: Path, commit: str, rules: Path) -> CandidateReport:
    request = Request(
        repo=repo,
        sources=(commit,),
        policy=str(rules),
        jobs=1,
        evidence=Collect.MUTANTS,
        environ=dict(os.environ),
    )
    return anyio.run(lambda: grade(request)).candidates[0]


def _rules(scratch: Path, repo: Path, python: Path, options: argparse.Namespace) -> Path:
    """A policy file. In jails a repository's tree is where the repository is."""
    path = scratch / "rules.toml"
    text = _RULES.format(root=repo.resolve(), python=python, mutants=options.mutants, seconds=options.seconds)
    path.write_text(text)
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
