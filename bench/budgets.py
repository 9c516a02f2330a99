"""The speed budgets, and what this machine makes of each.

Promises: every budget names its limit once; what is measured is held against that, and said plainly either
way. Costs per candidate are slopes: the cost of many less that of few, so that start-up does not count.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio

from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import probe
from assay.sandbox.spec import JailCommand
from bench import grading, workspace
from bench.candidates import Patch
from bench.projects import HOME, PROJECTS, Checkout, checkout

_FEW, _MANY = 8, 72
_TIMES = 3
_JAILS = 8
_LARGE = 20_000


@dataclass(frozen=True)
class Budget:
    """One promise: what is measured, in `unit`, and the `limit` it must keep (`least`: reach)."""

    what: str
    limit: float
    unit: str
    least: bool = False

    @property
    def words(self) -> str:
        """`≤ 25 ms`."""
        return f"{'≥' if self.least else '≤'} {self.limit:g} {self.unit}"

    def met(self, value: float) -> bool:
        """Whether a measured value keeps it."""
        return value >= self.limit if self.least else value <= self.limit


WORKSPACE = Budget("workspace of a candidate at 20,000 files: mount, apply, unmount, remove", 25, "ms")
GROWTH = Budget("the same against 200 files", 1.2, "x")
"""At 100,000 files too."""
REJECT = Budget("a reject by apply, scope or compile, CPU beyond the batch's fixed cost", 10, "ms")
WARM = Budget("a warm test verdict, CPU beyond the test's body, of one test", 25, "ms")
RATE = Budget("candidates a minute of the plain script, cold caches, worst project", 10, "x", least=True)
AGAIN = Budget("candidates a minute of the plain script, second run, worst project", 100, "x", least=True)
WORK = Budget("CPU of a cold run against the irreducible, worst project", 1.2, "x")
CACHED = Budget("a cached verdict in bulk, CPU", 2, "ms")
MEMORY = Budget("memory of a running jail beyond the program's own", 10, "MiB")

BUDGETS = (WORKSPACE, GROWTH, REJECT, WARM, RATE, AGAIN, WORK, CACHED, MEMORY)

Measured = dict[Budget, float]


def of_grading(compared: list[grading.Compared]) -> Measured:
    """The budgets that hold for every project."""
    return {
        RATE: min(each.cold.rate / each.script.rate for each in compared),
        AGAIN: min(each.again.rate / each.script.rate for each in compared),
        WORK: max(each.work for each in compared),
    }


def measured(jobs: int) -> Iterator[Measured]:
    """The other budgets, one group after another."""
    seconds = {cost.files: cost.seconds for cost in workspace.measure(workspace.SIZES)}
    growth = max(seconds.values()) / seconds[min(seconds)]
    yield {WORKSPACE: 1000 * seconds[_LARGE], GROWTH: growth}
    yield {MEMORY: anyio.run(_memory) / 1024 / 1024}
    ready = checkout(PROJECTS[0])
    scratch = HOME / ready.project.name / "scratch"
    yield {REJECT: 1000 * max(_slope(ready, scratch, jobs, kind) for kind in (_stale, _protected, _broken))}
    yield {CACHED: 1000 * _slope(ready, scratch, jobs, _harmless, again=True)}
    tested, untested = (_slope(ready, scratch, jobs, edit) for edit in (_tested, _untested))
    yield {WARM: 1000 * (tested - untested)}


Edit = Callable[[int], tuple[str, str]]
"""The path and the text of the number-th variant of a candidate's one file."""


def _stale(number: int) -> tuple[str, str]:
    return "", f"--- a/none.py\n+++ b/none.py\n@@ -1 +1 @@\n-x = {number}\n+x = 0\n"


def _protected(number: int) -> tuple[str, str]:
    return f".github/workflows/{number}.yml", f"on: {number}\n"


def _broken(number: int) -> tuple[str, str]:
    return f"broken_{number}.py", f"def broken_{number}(:\n"


def _harmless(number: int) -> tuple[str, str]:
    return f"notes/{number}.txt", f"{number}\n"


def _tested(number: int) -> tuple[str, str]:
    return _harmless(number)


def _untested(number: int) -> tuple[str, str]:
    return _harmless(number)


_QUICK = ("apply", "scope", "compile")
_RULES: dict[Edit, tuple[str, tuple[str, ...]]] = {
    _stale: ("agent", _QUICK),
    _protected: ("agent", _QUICK),
    _broken: ("agent", _QUICK),
    _harmless: ("default", (*_QUICK, "lint", "security", "tests")),
    _tested: ("default", (*_QUICK, "tests")),
    _untested: ("default", _QUICK),
}
"""The policy and the gates under which each is graded."""

_ONE_TEST = ("tests/test_keys.py", "-k", "test_hashkey")
"""Of the first project, a test that takes no time."""


def _slope(ready: Checkout, scratch: Path, jobs: int, edit: Edit, *, again: bool = False) -> float:
    """CPU seconds per candidate, of several runs the least; with `again`, of runs after one over the same,
    else of such that nobody has answered before. What ends with its process namespace is known to the run's
    own profile alone."""
    costs = {}
    for count in (_FEW, _MANY):
        place = scratch / f"{edit.__name__}-{count}"
        patches = [_patch(place, number, *edit(number)) for number in range(count)]
        rules = place / "rules.toml"
        pack, gates = _RULES[edit]
        tests = f"[tests]\nargs = {json.dumps(_ONE_TEST)}\n" if edit is _tested else ""
        rules.write_text(f'extends = "{pack}"\ngates = {json.dumps(gates)}\n{tests}')
        argv = [sys.executable, "-m", "assay", "grade", "--repo", str(ready.repo), "--policy", str(rules)]
        argv += ["--jobs", str(jobs), "--format", "json", "--quiet", *(str(patch.path) for patch in patches)]
        environ = {**os.environ, "ASSAY_CACHE_DIR": str(scratch / "cache")}
        found = []
        for number in range(_TIMES):
            if not (again and number):
                for kept in (ready.repo / ".git" / "assay", scratch / "cache"):
                    shutil.rmtree(kept, ignore_errors=True)
            before = os.times()
            done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
            after = os.times()
            if done.returncode not in (0, 1):
                raise SystemExit(f"assay grade exited with {done.returncode}:\n{done.stderr}")
            told = json.loads(done.stdout)["profile"]["cpu_seconds"]
            found.append(max(told, sum(after[2:4]) - sum(before[2:4])))
        costs[count] = min(found)
    return (costs[_MANY] - costs[_FEW]) / (_MANY - _FEW)


def _patch(place: Path, number: int, path: str, text: str) -> Patch:
    """A patch file: `text` as it is, or one that adds it as a new file at `path`."""
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{number:03d}.patch"
    if path:
        text = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}"
    file.write_text(text)
    return Patch(file.name, file)


async def _memory() -> float:
    """Bytes that a jail holds while its program runs, the engine's part included, the program's own not."""
    async with open_sandbox(probe(None), lambda _call: None) as sandbox:
        command = JailCommand(label="sleep", argv=("/bin/sleep", "5"), root=Path("/srv/project"))
        await sandbox.run(JailCommand(label="true", argv=("/bin/true",), root=Path("/srv/project")))
        before = _held()
        async with anyio.create_task_group() as tasks:
            for _ in range(_JAILS):
                tasks.start_soon(sandbox.run, command)
            until = time.monotonic() + 4
            while time.monotonic() < until and _sleeping() < _JAILS:  # noqa: ASYNC110 - /proc tells nobody
                await anyio.sleep(0.05)
            if _sleeping() < _JAILS:
                raise SystemExit("the jails did not all start in time")
            during = _held()
    return (during - before) / _JAILS


def _held() -> int:
    """Proportional bytes of this process and all below it, but for the programs that sleep."""
    return sum(_pss(pid) for pid in _family() if _name(pid) != "sleep")


def _sleeping() -> int:
    return sum(_name(pid) == "sleep" for pid in _family())


def _family() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (status := _read(entry / "stat")):
            parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _name(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/comm")).strip()


def _pss(pid: int) -> int:
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""
