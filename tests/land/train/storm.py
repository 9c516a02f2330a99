"""Kills trains at random instants while somebody else pushes, and looks at what the branch holds; a program.

    python -m tests.land.train.storm ROOT TIMES SEED [POLICY]

TIMES trains are killed, each with all that it started; in between a commit is pushed now and then, by another
git. Then one train may run to its end. What is wrong is printed, one JSON string a line (nothing: nothing).
POLICY is `fast` (no tests; the default) or one that runs them, such as `agent`: then a candidate that fails
them must not land, and of two that fail them only together just one does.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.land.support import Yard, git

from assay.front import entry
from assay.ledger.ledger import Ledger
from assay.model.verdict import Decision

GOOD = ("one", "two", "three", "four", "five")
_LINES = "x\n" * 30
_TWICE = """--- a/lines.txt
+++ b/lines.txt
@@ -10,6 +10,7 @@
 x
 x
 x
+y
 x
 x
 x
"""
"""A patch that would apply again to its own result."""
_LONGEST = 300.0
_SUITE = """import os
import app

def test_app():
    assert app.A == 1

def test_pair():
    assert not (os.path.exists("left.py") and os.path.exists("right.py"))
"""
_BREAKS = """--- a/app.py
+++ b/app.py
@@ -1 +1 @@
-A = 1
+A = 2
"""


def new_file(name: str, text: str) -> str:
    """A patch that adds a file of one line."""
    return (
        f"diff --git a/{name}.py b/{name}.py\nnew file mode 100644\n--- /dev/null\n+++ b/{name}.py\n"
        f"@@ -0,0 +1 @@\n+{text}\n"
    )


class Storm:
    """A bare repository with a train on it, and another who pushes."""

    def __init__(self, root: Path, seed: int, policy: str) -> None:
        self.dice = random.Random(seed)
        self.policy = policy
        self.tested = policy != "fast"
        suite = {"tests/test_app.py": _SUITE.encode(), "conftest.py": b""} if self.tested else {}
        yard = Yard(root / "yard", {"lines.txt": _LINES.encode(), "app.py": b"A = 1\n", **suite})
        self.repo = root / "repo.git"
        git(root, "clone", "-q", "--bare", str(yard.root), str(self.repo))
        self.start = self.tip()
        self.pushed: set[str] = set()
        self.sources = root / "in"
        self.sources.mkdir()
        for name in GOOD:
            (self.sources / f"{name}.patch").write_text(new_file(name, f"NAME = {name!r}"))
        (self.sources / "bad.patch").write_text(new_file("bad", "def broken(:"))
        (self.sources / "twice.patch").write_text(_TWICE)
        if self.tested:
            (self.sources / "breaks.patch").write_text(_BREAKS)
            for name in ("left", "right"):
                (self.sources / f"{name}.patch").write_text(new_file(name, f"SIDE = {name!r}"))
        self.output = root / "output"
        past = time.time() - 60
        for path in self.sources.iterdir():
            os.utime(path, (past, past))

    def tip(self) -> str:
        return git(self.repo, "rev-parse", "refs/heads/main").strip()

    def push(self) -> None:
        """Another's commit, by compare-and-swap; lost where the train was quicker."""
        old = self.tip()
        blob = self.repo / "pushed"
        blob.write_text(f"{len(self.pushed)} {self.dice.random()}\n")
        oid = git(self.repo, "hash-object", "-w", str(blob)).strip()
        index = {"GIT_INDEX_FILE": str(self.repo / "another-index")}
        git(self.repo, "read-tree", old, **index)
        git(self.repo, "update-index", "--add", "--cacheinfo", f"100644,{oid},other.txt", **index)
        tree = git(self.repo, "write-tree", **index).strip()
        new = git(self.repo, "commit-tree", tree, "-p", old, "-m", "another's").strip()
        with contextlib.suppress(AssertionError):
            git(self.repo, "update-ref", "refs/heads/main", new, old)
            self.pushed.add(new)

    def train(self) -> int:
        """Start a train in a process group of its own; forked from here, where everything is imported."""
        child = os.fork()
        if child:
            with contextlib.suppress(OSError):
                os.setpgid(child, child)
            return child
        code = 70
        try:
            os.setpgid(0, 0)
            for stream in (1, 2):
                os.dup2(os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
            words = [
                "--onto",
                "main",
                "--policy",
                self.policy,
                "--watch",
                "--until-idle",
                "--repo",
                str(self.repo),
            ]
            code = entry.run(["land", str(self.sources), *words])
        finally:
            os._exit(code)

    def wait(self, child: int, seconds: float) -> int | None:
        """The exit code, or None if it is not over within so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        return None

    def kill(self) -> None:
        child = self.train()
        if self.dice.random() < 0.5:
            self.wait(child, self.dice.uniform(0.0, 0.5))
            self.push()
        if self.wait_no_reap(child, self.dice.uniform(0.0, 6.0 if self.tested else 2.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)

    def wait_no_reap(self, child: int, seconds: float) -> bool:
        """Let time pass; whether the train is there to be killed, or to be waited for."""
        time.sleep(seconds)
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return False
        return True

    def finish(self) -> int | None:
        """One train that nobody stops, though somebody pushes while it runs."""
        child = self.train()
        code = self.wait(child, self.dice.uniform(0.2, 1.0))
        if code is None:
            self.push()
            code = self.wait(child, _LONGEST)
        return code

    def wrong(self, code: int | None) -> list[str]:
        """What should not be, after the last train."""
        found = (
            [] if code in (0, 1) else [f"the last train ended with {code}: {self.output.read_text()[-800:]}"]
        )
        with Ledger.open(self.repo / "assay") as ledger:
            found += ledger.verify()
            found += [f"unfinished: {one.id} {one.state}" for one in ledger.unfinished()]
            accepted = {
                one.kept.candidate.tree
                for run in ledger.transactions()
                for one in ledger.candidates(run.id)
                if one.decision is Decision.ACCEPTED
            }
        lines = git(
            self.repo, "log", "--first-parent", "--format=%H %T %P", f"{self.start}..main"
        ).splitlines()
        commits = [line.split() for line in lines]
        found += [
            f"{c[0]} was not verified" for c in commits if c[0] not in self.pushed and c[1] not in accepted
        ]
        if lost := self.pushed - {commit[0] for commit in commits}:
            found.append(f"lost of another's: {lost}")
        names = git(self.repo, "ls-tree", "--name-only", "main").split()
        found += [f"{name} is lost" for name in GOOD if f"{name}.py" not in names]
        if "bad.py" in names:
            found.append("the bad one landed")
        if (times := git(self.repo, "show", "main:lines.txt").count("y")) != 1:
            found.append(f"one landed {times} times")
        sides = sum(f"{name}.py" in names for name in ("left", "right"))
        if self.tested and sides != 1:
            found.append(f"{sides} of two landed that break a test together")
        if git(self.repo, "show", "main:app.py") != "A = 1\n":
            found.append("what fails the tests has landed")
        if len(commits) != len(self.pushed) + len(GOOD) + 1 + sides:
            found.append(f"{len(commits)} commits, {len(self.pushed)} of them another's")
        return found


def main() -> None:
    root, times, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    storm = Storm(root, seed, sys.argv[4] if len(sys.argv) > 4 else "fast")
    for _ in range(times):
        storm.kill()
    for sentence in storm.wrong(storm.finish()):
        print(json.dumps(sentence))


if __name__ == "__main__":
    main()
