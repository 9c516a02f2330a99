"""Kills whole engines at random instants, and looks at what they leave; run as a program.

    python -m tests.land.storm ROOT KIND SIGNAL TIMES SEED

KIND is `grade`, `land` (the branch is checked out) or `bare`; SIGNAL is KILL, INT, TERM or HUP. One JSON
object is printed for each run: the instant, and what was wrong afterwards (empty: nothing). The program takes
over the orphans of what it kills, so that every process that outlives its engine is seen.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from assay.front import entry
from assay.ledger.ledger import Ledger
from assay_fixtures.corpus import corpus
from assay_fixtures.sample import build_sample

CASES = ("good-fix", "good-mode", "lint")
GOOD = ("good-fix", "good-mode")
TESTS = "tests/test_pricing.py"
"""The one file of tests that is kept: a run is to take a second, not ten."""
BRANCH = "refs/heads/main"
_PR_SET_CHILD_SUBREAPER = 36
_PROMPT = 20.0
"""A run that was asked to stop has stopped after so many seconds, also on a machine with too much to do."""
_HANGS = 60.0
_SETTLED = 8.0
"""Seconds within which whatever outlives an engine has to be gone."""


class Yard:
    """A repository with candidates beside it, and a cache, home and temporary directory of its own."""

    def __init__(self, root: Path, *, bare: bool = False) -> None:
        self.root = root
        self.repo, self.patches, self.cache, self.tmp = (
            root / part for part in ("repo", "patches", "cache", "tmp")
        )
        self.bare = bare
        for path in (self.patches, self.cache, self.tmp, root / "home"):
            path.mkdir(parents=True)
        build_sample(root / "sample")
        self.git(root / "sample", "rm", "-q", "--", "tests/test_*.py", f":!{TESTS}")
        self.git(root / "sample", "commit", "-q", "-m", "Fewer tests")
        self.git(root / "sample", "stash", "store", "-m", "kept", self._stash())
        if bare:
            self.git(root, "clone", "-q", "--bare", "sample", "template")
        else:
            (root / "sample").rename(root / "template")
        for case in corpus(CASES):
            (self.patches / f"{case.name}.patch").write_bytes(case.patch)
        self.reset()

    @property
    def git_dir(self) -> Path:
        return self.repo if self.bare else self.repo / ".git"

    def _stash(self) -> str:
        sample = self.root / "sample"
        return self.git(sample, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "s").strip()

    def reset(self, *, keep: bool = False) -> None:
        """The repository as it was; with `keep`, Assay's own directory stays."""
        kept = self.root / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        if keep and (self.git_dir / "assay").is_dir():
            (self.git_dir / "assay").rename(kept)
        shutil.rmtree(self.repo, ignore_errors=True)
        shutil.copytree(self.root / "template", self.repo, symlinks=True)
        if not self.bare:
            self.git(self.repo, "status", "--porcelain")  # brings the index's times up to date
            self.git(self.repo, "update-index", "-q", "--refresh")
        if kept.is_dir():
            kept.rename(self.git_dir / "assay")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": sys.prefix,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.tmp),
            "ASSAY_CACHE_DIR": str(self.cache),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }

    def git(self, where: Path, *arguments: str, optional: bool = False) -> str:
        environ = {**self.environ, "GIT_OPTIONAL_LOCKS": "0"}
        done = subprocess.run(["git", *arguments], cwd=where, env=environ, capture_output=True, check=False)
        if done.returncode and not optional:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}")
        return os.fsdecode(done.stdout)

    def argv(self, *arguments: str) -> list[str]:
        return [*arguments, "--repo", str(self.repo)]

    def main(self, kind: str) -> list[str]:
        """The command line that is stormed."""
        sources = [str(self.patches)]
        if kind == "grade":
            return self.argv("grade", *sources, "--format", "json")
        return self.argv("land", *sources, "--onto", "main", "--format", "json")

    def start(self, argv: list[str]) -> int:
        """Start `assay` with these arguments in a process group of its own: its pid.

        It is forked from here, where everything has been imported: the instants of a storm are to fall into
        the engine's work, not into Python's start.
        """
        environ = self.environ
        for stream in ("stdout", "stderr"):
            (self.root / stream).write_bytes(b"")
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            for number, path in ((0, Path(os.devnull)), (1, self.root / "stdout"), (2, self.root / "stderr")):
                os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if number else 0)), number)
            os.environ.clear()
            os.environ.update(environ)
            tempfile.tempdir = None
            code = 3
            try:
                code = entry.run(argv)
            finally:
                os._exit(code)
        with contextlib.suppress(OSError):  # it may have done so itself, and be gone
            os.setpgid(child, child)
        return child

    def run(self, argv: list[str], seconds: float = 120.0) -> Done:
        """Run `assay` to its end, of `seconds` at most."""
        code = wait(self.start(argv), seconds)
        return Done(code, (self.root / "stdout").read_bytes(), (self.root / "stderr").read_bytes())

    def look(self) -> dict[str, object]:
        """Every byte of the user's: git directory but for objects and Assay's own, and work tree."""
        found: dict[str, object] = {}
        for above, directories, names in os.walk(self.repo):
            inside = os.path.relpath(above, self.git_dir)
            if inside == ".":
                directories[:] = [name for name in directories if name not in ("objects", "assay")]
            elif inside == "refs" and "assay" in directories:
                directories.remove("assay")
            for name in names:
                path = Path(above) / name
                status = path.lstat()
                data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
                found[str(path.relative_to(self.repo))] = (data, status.st_mode, status.st_mtime_ns)
            if not directories and not names:
                found[str(Path(above).relative_to(self.repo)) + "/"] = "empty"
        return found

    def tip(self, ref: str = BRANCH) -> str:
        return self.git(self.git_dir, "rev-parse", ref).strip()

    def temporary(self) -> list[str]:
        """What should not outlast a run, in directories."""
        found = [f"tmp/{path.name}" for path in self.tmp.iterdir()]
        found += [f"run/{path.name}" for path in self.runs()]
        found += [f"cache/{path.name}" for path in self.cache.glob("try-*")]
        found += [f"cache/{path.relative_to(self.cache)}" for path in self.cache.glob("*/.*")]
        found += [str(path) for path in self.git_dir.rglob("*.lock*") if path.parent.name != "assay"]
        found += [str(path) for path in (self.git_dir / "assay").glob("landing/*")]
        return found

    def runs(self) -> list[Path]:
        runs = self.cache / "run"
        return list(runs.iterdir()) if runs.is_dir() else []

    def age(self) -> None:
        """Let an hour pass for what a kill left where only its age tells that nobody uses it."""
        left = [
            *self.cache.glob("try-*"),
            *self.cache.glob("m/.*"),
            *self.git_dir.glob("refs/assay/**/*.lock"),
        ]
        left += [path for path in self.runs() if not (path / "lock").exists()]
        for path in (*left, *self.tmp.iterdir()):
            os.utime(path, (0, 0))

    def mounts(self) -> list[str]:
        lines = Path("/proc/self/mounts").read_text().splitlines()
        return [line for line in lines if str(self.root) in line]

    def broken_ledger(self) -> list[str]:
        with Ledger.open(self.git_dir / "assay") as ledger:
            return ledger.verify()


class Done(NamedTuple):
    """How a run ended; the code is negative for a signal."""

    code: int
    stdout: bytes
    stderr: bytes


def wait(child: int, seconds: float) -> int:
    """The exit code of a child. Raises TimeoutError, with the child left as it hangs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    raise TimeoutError(f"process {child} has not ended within {seconds} s")


def adopt_orphans() -> None:
    """Become the parent of every process below us that loses its own."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def orphans() -> list[str]:
    """Living children that nobody here waits for, each with its command line; the dead are reaped."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                if os.waitpid(int(child), os.WNOHANG)[0] == 0:
                    words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                    found.append(f"{child} {b' '.join(words)[:80].decode(errors='replace')}")
            except (ChildProcessError, FileNotFoundError):
                continue
    return found


def groups(names: set[str]) -> list[str]:
    """Control groups of the runs of these names that are still there."""
    top = Path("/sys/fs/cgroup")
    parents = {Path(above) for above, _, _ in os.walk(top)} if names else set()
    return [str(parent) for parent in parents if parent.name in names]


def differing(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """The names under which two looks differ."""
    return sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))


class Storm:
    """Kills one after another on one yard; every few, a run that has to succeed."""

    def __init__(self, yard: Yard, kind: str, seed: int) -> None:
        self.yard = yard
        self.kind = kind
        self.dice = random.Random(seed)
        self.names: set[str] = set()
        # The sample must do what is expected when nobody interferes.
        cold, done = self._timed()
        self.expected = self._expected(done)
        yard.reset(keep=True)
        self.seconds = cold, self._timed()[0]
        yard.reset(keep=True)

    def _expected(self, done: Done) -> str:
        assert done.stdout, done.stderr.decode()
        report = json.loads(done.stdout)
        verdicts = {c["name"].removesuffix(".patch"): c["verdict"] for c in report["candidates"]}
        assert sorted(n for n, v in verdicts.items() if v == "accepted") == sorted(GOOD), done.stdout[:3000]
        return str(report["patch_set"]["tree"])

    def _timed(self) -> tuple[float, Done]:
        started = time.monotonic()
        done = self.yard.run(self.yard.main(self.kind))
        return time.monotonic() - started, done

    def kill(self) -> tuple[float, list[str]]:
        """Kill one run at a random instant; when, and what is wrong once any command has run again."""
        yard, wrong = self.yard, []
        before, old = yard.look(), yard.tip()
        run, instant = self._begin()
        os.kill(run, signal.SIGKILL)
        self.names |= {f"assay-{path.name}" for path in yard.runs()}
        wait(run, 10)
        after = yard.look()
        if after != before and (self.kind == "grade" or yard.tip() == old):
            # Until the branch moves, a landing's one trace is a lock.
            changed = [k for k in differing(before, after) if self.kind == "grade" or ".lock" not in k]
            wrong += [f"changed at once: {changed[:8]}"] if changed else []
        wrong += self._settle()
        done = yard.run(yard.argv("audit", "list"))
        if done.code or b"Traceback" in done.stderr:
            wrong.append(f"audit list: {done.code} {done.stderr[-300:]!r}")
        return instant, wrong + self._old_or_new(before, old)

    def stop(self, number: signal.Signals) -> tuple[float, list[str]]:
        """Send a signal to one run and what it started, as a terminal does; when, and what is wrong."""
        yard, wrong = self.yard, []
        before, old = yard.look(), yard.tip()
        run, instant = self._begin()
        started = time.monotonic()
        os.killpg(run, number)
        code = wait(run, _HANGS)
        seconds = time.monotonic() - started
        said = (yard.root / "stderr").read_text()
        # Before the program has come to say anything, a signal may end it as any other.
        early = code == -number and not said and yard.look() == before
        if not early and code not in (130, 1 if self.kind == "grade" else 0):
            wrong.append(f"ended with {code}: {said[-300:]}")
        if seconds > _PROMPT:
            wrong.append(f"took {seconds:.1f} s to stop")
        if code == 130 and yard.look() != before:
            wrong.append(f"stopped, but changed: {differing(before, yard.look())[:8]}")
        self.names |= {f"assay-{path.name}" for path in yard.runs()}
        if left := [*orphans(), *groups(self.names), *yard.mounts(), *yard.temporary()]:
            wrong.append(f"stopped, but left: {left[:8]}")
        with Ledger.open(yard.git_dir / "assay") as ledger:
            wrong += [f"unfinished: {one.state}" for one in ledger.unfinished()]
        return instant, wrong + self._old_or_new(before, old)

    def _begin(self) -> tuple[int, float]:
        """Start a run and let a random part of it pass: its pid, and the instant."""
        cold = self.dice.random() < 0.2
        if cold:  # results that are cached start no jails
            for path in (self.yard.git_dir / "assay").glob("cache.sqlite*"):
                path.unlink()
        instant = self.dice.uniform(0.0, self.seconds[0 if cold else 1] * 1.1)
        run = self.yard.start(self.yard.main(self.kind))
        time.sleep(instant)
        return run, instant

    def _settle(self) -> list[str]:
        end = time.monotonic() + _SETTLED
        while (left := [*orphans(), *groups(self.names), *self.yard.mounts()]) and time.monotonic() < end:
            time.sleep(0.02)
        if not left:
            self.names.clear()
        return [f"left over: {left}"] if left else []

    def _old_or_new(self, before: dict[str, object], old: str) -> list[str]:
        yard, new = self.yard, self.yard.tip()
        changed = differing(before, yard.look())
        if new == old:
            return [f"old, but changed: {changed[:8]}"] if changed else []
        if self.kind == "grade":
            return ["the branch moved"]
        wrong = []
        if yard.git(yard.repo, "rev-parse", f"{new}^{{tree}}").strip() != self.expected:
            wrong.append("the branch holds a tree that was not verified")
        if yard.git(yard.repo, "rev-parse", f"{new}^1").strip() != old:
            wrong.append("the branch lost a commit")
        prefix = "" if yard.bare else ".git/"
        mine = {k for k in changed if k.startswith(prefix) and not k.endswith("/")}
        if extra := {
            k for k in mine if k not in (f"{prefix}index", f"{prefix}{BRANCH}") and "logs/" not in k
        }:
            wrong.append(f"new, but changed too: {sorted(extra)[:8]}")
        if not yard.bare and (status := yard.git(yard.repo, "status", "--porcelain")):
            wrong.append(f"new, but not clean: {status[:200]}")
        return wrong

    def check(self, original: str) -> list[str]:
        """The next run succeeds and cleans up; the ledger is whole."""
        yard, wrong = self.yard, []
        if yard.tip() != original:
            yard.reset(keep=True)
        yard.age()
        done = yard.run(yard.main(self.kind))
        if done.code != (1 if self.kind == "grade" else 0):
            wrong.append(f"the next run: {done.code} {done.stderr[-400:]!r}")
        if self.kind != "grade":
            tree = yard.git(yard.git_dir, "rev-parse", f"{BRANCH}^{{tree}}").strip()
            if tree != self.expected:
                wrong.append("the next landing is another tree")
            if not yard.bare and yard.git(yard.repo, "status", "--porcelain"):
                wrong.append("the next landing is not clean")
        wrong += self._settle()
        if temporary := yard.temporary():
            wrong.append(f"temporary: {temporary[:8]}")
        if broken := yard.broken_ledger():
            wrong.append(f"ledger: {broken}")
        yard.reset(keep=self.dice.random() < 0.8)
        return wrong


def main() -> None:
    root, kind, number = Path(sys.argv[1]), sys.argv[2], signal.Signals[f"SIG{sys.argv[3]}"]
    times, seed = int(sys.argv[4]), int(sys.argv[5])
    adopt_orphans()
    importlib.import_module("assay.land.flow")
    storm = Storm(Yard(root, bare=kind == "bare"), kind, seed)
    original = storm.yard.tip()
    for turn in range(1, times + 1):
        instant, wrong = storm.kill() if number is signal.SIGKILL else storm.stop(number)
        if turn % 5 == 0 or turn == times:
            wrong += storm.check(original)
        elif storm.yard.tip() != original:
            storm.yard.reset(keep=True)
        print(json.dumps({"turn": turn, "instant": round(instant, 4), "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main()
