"""Commits that a later fix points back to, and others of their size: read from a history by blame (SZZ).

Promises: reads the repository only. A fix is told by its message, which finds about half of them; a commit is
inducing if a line of code that a fix within 365 days takes away was last changed there. What was not observed
for 365 days is in neither group.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

DAYS = 365
_DAY = 86_400
_FIX = re.compile(r"\b(fix(e[sd])?|bug(fix)?|defect|regression|broken|crash(e[sd])?)\b", re.IGNORECASE)
_NO_FIX = re.compile(r"\b(typos?|docs?|changelog|readme|lint|flake8|ci|tests?)\b", re.IGNORECASE)
_MOST_FILES, _MOST_DELETED = 8, 150
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ASIDE = re.compile(
    r"(^|/)(tests?|docs?|examples?|benchmarks?)/|(^|/)(test_[^/]*|[^/]*_test|conftest|setup)\.py$"
)


@dataclass
class Commit:
    """One commit with one parent that changes Python of the product: lines it `added` there, by path those it
    took away, and whether a later fix points back to it."""

    name: str
    parent: str
    time: int
    subject: str
    added: int = 0
    gone: dict[str, list[int]] = field(default_factory=dict)
    buggy: bool = False

    @property
    def fixes(self) -> bool:
        """Whether its message says that it is a fix."""
        small = len(self.gone) <= _MOST_FILES and sum(map(len, self.gone.values())) <= _MOST_DELETED
        return bool(_FIX.search(self.subject)) and not _NO_FIX.search(self.subject) and small


@dataclass(frozen=True)
class Pair:
    """An inducing commit, and one of like size and time that no fix points back to."""

    buggy: Commit
    clean: Commit


def pairs(repo: Path, since: int, most: int, *, least: int = 3, largest: int = 150) -> list[Pair]:
    """The latest `most` pairs of commits since then that add `least` to `largest` lines."""
    commits = labelled(repo, since)
    until = max((commit.time for commit in commits), default=0) - DAYS * _DAY
    fitting = [c for c in commits if least <= c.added <= largest and c.time <= until and not c.fixes]
    clean = [commit for commit in fitting if not commit.buggy]
    found: list[Pair] = []
    for buggy in sorted((c for c in fitting if c.buggy), key=lambda commit: -commit.time):
        if len(found) == most or not clean:
            break
        mate = min(clean, key=lambda other: _distance(buggy, other))
        clean.remove(mate)
        found.append(Pair(buggy, mate))
    return found


def labelled(repo: Path, since: int) -> list[Commit]:
    """The commits since then, oldest first, with their labels."""
    commits = _commits(repo, since)
    by_name = {commit.name: commit for commit in commits}
    for fix in commits:
        if fix.fixes:
            for path, lines in fix.gone.items():
                for name in _blamed(repo, fix.parent, path, lines):
                    inducing = by_name.get(name)
                    if inducing is not None and fix.time - inducing.time <= DAYS * _DAY:
                        inducing.buggy = True
    return commits


def _distance(one: Commit, other: Commit) -> float:
    """Twice the size counts as much as two years."""
    return abs(math.log2(one.added / other.added)) + abs(one.time - other.time) / (2 * DAYS * _DAY)


def _commits(repo: Path, since: int) -> list[Commit]:
    text = _git(
        repo,
        "log",
        "--no-merges",
        "--reverse",
        f"--since={since}",
        "--format=%x00%H%x01%P%x01%ct%x01%s",
        "-p",
        "-U0",
        "-w",
        "--histogram",
        "--no-renames",
        "--",
        "*.py",
    )
    commits = []
    for entry in text.split("\0")[1:]:
        head, _, body = entry.partition("\n")
        name, parents, time, subject = head.split("\1", 3)
        if len(parents.split()) == 1:
            commit = Commit(name, parents, int(time), subject)
            _read(commit, body)
            if commit.added or commit.gone:
                commits.append(commit)
    return commits


def _read(commit: Commit, body: str) -> None:
    """Fill in what a diff adds and takes away."""
    gone: dict[str, list[int]] = defaultdict(list)
    path, line = "", 0
    for text in body.splitlines():
        if text.startswith("--- "):
            path = text[6:] if text.startswith("--- a/") else ""
        elif text.startswith("+++ "):
            named = text[6:] if text.startswith("+++ b/") else path
            path = "" if _ASIDE.search(named) else named
        elif (hunk := _HUNK.match(text)) is not None:
            line = int(hunk[1])
        elif path and text.startswith("-"):
            if _is_code(text[1:]):
                gone[path].append(line)
            line += 1
        elif path and text.startswith("+") and _is_code(text[1:]):
            commit.added += 1
    commit.gone = dict(gone)


def _is_code(text: str) -> bool:
    stripped = text.strip()
    return bool(stripped) and not stripped.startswith(("#", "import ", "from "))


def _blamed(repo: Path, commit: str, path: str, lines: list[int]) -> set[str]:
    """The commits that last changed these lines."""
    ranges = [f"-L{line},{line}" for line in lines]
    try:
        text = _git(repo, "blame", "-w", "-M", "-s", "-l", *ranges, commit, "--", path)
    except subprocess.CalledProcessError:
        return set()
    return {line.split(" ", 1)[0].lstrip("^") for line in text.splitlines()}


def _git(repo: Path, *args: str) -> str:
    argv = ["git", "-C", str(repo), *args]
    done = subprocess.run(argv, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")
