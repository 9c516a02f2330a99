"""What does evidence cost, and does it tell changes that were wrong from others?

    python -m bench evidence [--project NAME]...
    python -m bench evidence --history REPOSITORY --python INTERPRETER [--pairs N] [--since YEAR] [--out FILE]

Without a history: the difference of two releases of real projects, as one candidate with all its evidence.
Prints the processor time of mutation against that of the tests alone, and the survivors, to be checked by
hand.

With one: pairs of commits from it, one that a later fix points back to (see `bench.inducing`) and one of like
size that none does, each against its parent and with the tests of its own time, run by INTERPRETER, which has
what they need. Prints how many of each group come to which level of evidence, and the ratios; `--out` keeps
each commit's figures, a line each, and commits that are in it already are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio

from assay.land.flow import grade
from assay.land.request import Request
from assay.model.evidence import Evidence, Fate
from assay.model.report import CandidateReport
from assay.policy.schema import Collect
from assay.risk.evidence.bound import false_green
from assay.risk.likelihood import Level, level
from bench.inducing import Commit, pairs
from bench.projects import PROJECTS, Project, checkout, git

_RULES = """
extends = "default"
gates = {gates}
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
_NOTHING = "nothing"


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; 1 if a project yields no evidence."""
    parser = argparse.ArgumentParser(prog="python -m bench evidence", description=__doc__)
    parser.add_argument("--project", action="append", default=[])
    parser.add_argument("--history", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--since", type=int, default=2015)
    parser.add_argument("--mutants", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(argv)
    if options.history is not None:
        return _history(options)
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
        rules = _rules(Path(scratch), place.repo, '["apply", "tests"]', python, options)
        found = _graded(place.repo, made, None, rules)
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


def _history(options: argparse.Namespace) -> int:
    since = int(datetime(options.since, 1, 1, tzinfo=UTC).timestamp())
    rows = _known(options.out)
    with tempfile.TemporaryDirectory() as scratch:
        rules = _rules(Path(scratch), options.history, '["apply"]', options.python, options)
        for number, pair in enumerate(pairs(options.history, since, options.pairs)):
            for commit in (pair.buggy, pair.clean):
                if commit.name not in rows:
                    row = _row(options.history, commit, rules) | {"pair": f"{options.history}:{number}"}
                    rows[commit.name] = row
                    if options.out is not None:
                        with options.out.open("a") as out:
                            out.write(json.dumps(row) + "\n")
    _print_levels(list(rows.values()))
    return 0


def _row(repo: Path, commit: Commit, rules: Path) -> dict[str, object]:
    """The figures of one commit."""
    try:
        found = _graded(repo, commit.name, commit.parent, rules)
    except Exception as error:  # whatever is odd about one old commit, the others count
        return {"commit": commit.name, "buggy": commit.buggy, "level": _NOTHING, "why": repr(error)}
    evidence = found.risk.evidence if found.risk is not None else None
    if evidence is None or not (evidence.executed or evidence.missed):
        why = evidence.missing if evidence is not None else found.reason
        return {"commit": commit.name, "buggy": commit.buggy, "level": _NOTHING, "why": why}
    return {
        "commit": commit.name,
        "buggy": commit.buggy,
        "added": commit.added,
        "level": str(level(evidence) or "covered"),
        "executed": evidence.executed,
        "missed": evidence.missed,
        "branches": len(evidence.branches),
        "branches_taken": evidence.branches_taken,
        **{fate.value: len(evidence.fates(fate)) for fate in Fate},
        "unmade": evidence.unmade,
        "false_green": false_green(evidence),
        "missing": evidence.missing,
        "cpu_seconds": evidence.cpu_seconds,
    }


def _graded(repo: Path, commit: str, base: str | None, rules: Path) -> CandidateReport:
    request = Request(
        repo=repo,
        sources=(commit,),
        base=base,
        policy=str(rules),
        jobs=1,
        evidence=Collect.MUTANTS,
        environ=dict(os.environ),
    )
    return anyio.run(lambda: grade(request)).candidates[0]


def _rules(scratch: Path, repo: Path, gates: str, python: Path, options: argparse.Namespace) -> Path:
    """A policy file. In jails a repository's tree is where the repository is."""
    path = scratch / "rules.toml"
    text = _RULES.format(
        root=repo.resolve(), gates=gates, python=python, mutants=options.mutants, seconds=options.seconds
    )
    path.write_text(text)
    return path


def _known(out: Path | None) -> dict[str, dict[str, object]]:
    if out is None or not out.exists():
        return {}
    return {row["commit"]: row for row in map(json.loads, out.read_text().splitlines())}


def _print_levels(rows: Sequence[dict[str, object]]) -> None:
    for line in _levels(rows):
        print(line)


def _levels(rows: Sequence[dict[str, object]]) -> Iterator[str]:
    """How many commits of each group come to each level, and the ratio of the shares."""
    told = [row for row in rows if row["level"] != _NOTHING]
    groups = {
        buggy: Counter(row["level"] for row in told if row["buggy"] is buggy) for buggy in (True, False)
    }
    sizes = {buggy: sum(group.values()) for buggy, group in groups.items()}
    yield f"{sizes[True]} inducing and {sizes[False]} other commits; {len(rows) - len(told)} say nothing"
    for name in (*map(str, Level), "covered"):
        bad, good = groups[True][name], groups[False][name]
        # Half a commit more on each side, so that none is no proof.
        shares = [(count + 0.5) / (size + 2.5) for count, size in ((bad, sizes[True]), (good, sizes[False]))]
        yield f"    {name:10} {bad:4} {good:4}   ratio {shares[0] / shares[1]:.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
