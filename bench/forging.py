"""Forged passes on real projects: how many a plain grader believes, and how many Assay does.

    python -m bench forging [--jobs J] [--project NAME]...

Each attack of the shipped `forge` family that is not about the sample itself is laid over a change that
really breaks a project. A plain grader is the usual one: copy, patch, `pytest`, exit status, and its log.
Prints accepted forgeries of both, and how many honest patches Assay calls tampered (the aim: none of either).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assay_fixtures import Attack, attacks
from assay_fixtures.hostile import trick
from bench.candidates import Patch, make
from bench.projects import HOME, PROJECTS, Checkout, checkout, git

_TIMEOUT = 60


@dataclass(frozen=True)
class Breaking:
    """A wrong change to a project: text of one file, and a word in the names of the tests that then fail."""

    path: str
    old: str
    new: str
    word: str


BREAKING = {
    "cachetools": Breaking(
        "src/cachetools/__init__.py",
        "            value = self[key]\n            del self[key]\n",
        "            value = self[key]\n",
        "test_pop",
    ),
    "boltons": Breaking(
        "boltons/iterutils.py",
        "postprocess = lambda chk: bytes(chk)",
        "postprocess = lambda chk: chk",
        "chunked",
    ),
    "sqlparse": Breaking("sqlparse/__init__.py", "[str(stmt).strip() for", "[str(stmt) for", "split"),
    "click": Breaking(
        "src/click/types.py",
        '"yes", "y", "on"}:\n            return True',
        '"yes", "y", "on"}:\n            return False',
        "bool",
    ),
}


def main(argv: list[str]) -> int:
    """Run the comparison; exits 1 if Assay believes a forgery or calls an honest patch tampered."""
    parser = argparse.ArgumentParser(prog="python -m bench forging", description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--project", action="append", default=[], choices=sorted(BREAKING))
    parser.add_argument("--honest", type=int, default=12, help="honest and mutated patches a project")
    options = parser.parse_args(argv)
    print(
        f"{'project':<14}{'forged':>8}{'script':>8}{'assay':>8}{'undecided':>11}{'honest':>8}{'tampered':>10}"
    )
    bad = 0
    for project in PROJECTS:
        if project.name in BREAKING and (not options.project or project.name in options.project):
            bad += _compare(checkout(project), options.jobs, options.honest)
    return 1 if bad else 0


def _compare(project: Checkout, jobs: int, honest: int) -> int:
    name = project.project.name
    scratch = HOME / name / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    forged = _forgeries(project, BREAKING[name], scratch / "forged")
    with ThreadPoolExecutor(jobs) as pool:
        by_script = list(pool.map(lambda patch: _believed(project, patch, scratch / patch.name), forged))
    by_assay = _graded(project, forged, jobs, scratch)
    sound = _graded(project, make(project, honest, scratch / "honest"), jobs, scratch)
    accepted = sorted(patch for patch, (verdict, _) in by_assay.items() if verdict == "accepted")
    accused = sorted(patch for patch, (_, outcome) in sound.items() if outcome == "tampered")
    verdicts = Counter(verdict for verdict, _ in by_assay.values())
    print(
        f"{name:<14}{len(forged):>8}{sum(by_script):>8}{len(accepted):>8}{verdicts['inconclusive']:>11}"
        f"{len(sound):>8}{len(accused):>10}"
    )
    for patch in accepted:
        print(f"    believed: {patch}")
    for patch in accused:
        print(f"    accused: {patch}")
    shutil.rmtree(scratch, ignore_errors=True)
    return len(accepted) + len(accused)


def _forgeries(project: Checkout, breaking: Breaking, directory: Path) -> list[Patch]:
    directory.mkdir(parents=True)
    tree = directory / "tree"
    git(project.repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
    try:
        return [
            _forgery(tree, breaking, attack, code, directory / f"{attack.name}.patch")
            for attack, code in _general(attacks("forge"))
        ]
    finally:
        git(project.repo, "worktree", "remove", "--force", str(tree))


def _general(forgeries: Iterable[Attack]) -> Iterable[tuple[Attack, str]]:
    """Those that are about no particular product, with their code."""
    for attack in forgeries:
        code = trick(attack.name)
        if code and attack.harmless and "stockroom" not in code and "def best(" not in code:
            yield attack, code


def _forgery(tree: Path, breaking: Breaking, attack: Attack, code: str, target: Path) -> Patch:
    place = tree / breaking.path
    text = place.read_text(encoding="utf-8")
    if text.count(breaking.old) != 1:
        raise SystemExit(f"{place}: the text to break is not there exactly once")
    code = code.replace("test_best_discount", breaking.word).replace("discount", breaking.word)
    place.write_text(f"{text.replace(breaking.old, breaking.new)}\n\n{code}", encoding="utf-8")
    target.write_text(git(tree, "diff", "HEAD").stdout, encoding="utf-8")
    git(tree, "checkout", "-q", "--", ".")
    return Patch(target.stem, target)


def _believed(project: Checkout, patch: Patch, tree: Path) -> bool:
    """Whether a plain grader, which goes by the exit status and the closing line, accepts."""
    git(project.repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
    try:
        git(tree, "apply", str(patch.path))
        source = tree / "src" if (tree / "src").is_dir() else tree
        python = str(project.repo / ".venv" / "bin" / "python")
        argv = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *project.project.test_args]
        environ = {**os.environ, "PYTHONPATH": str(source)}
        # In a process table of their own, since some of these leave processes behind.
        apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
        done = subprocess.run(
            [*apart, *argv],
            cwd=tree,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return False
    else:
        return done.returncode == 0
    finally:
        git(project.repo, "worktree", "remove", "--force", str(tree))


def _graded(project: Checkout, patches: list[Patch], jobs: int, scratch: Path) -> dict[str, tuple[str, str]]:
    """Verdict and the tests gate's outcome by name, with nothing but the tests to stop a patch."""
    policy = scratch / "bench.toml"
    args = json.dumps(list(project.project.test_args))
    policy.write_text(f'extends = "agent"\ngates = ["apply", "tests"]\n[tests]\nargs = {args}\n')
    argv = [sys.executable, "-m", "assay", "grade", "--repo", str(project.repo), "--policy", str(policy)]
    argv += ["--jobs", str(jobs), "--format", "json", *(str(patch.path) for patch in patches)]
    environ = {**os.environ, "ASSAY_CACHE_DIR": str(scratch / "cache")}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"assay grade exited with {done.returncode}:\n{done.stderr}")
    return {
        Path(entry["name"]).stem: (
            entry["verdict"],
            next((gate["outcome"] for gate in entry["gates"] if gate["gate"] == "tests"), ""),
        )
        for entry in json.loads(done.stdout)["candidates"]
    }
