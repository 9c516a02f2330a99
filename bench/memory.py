"""What long runs hold: memory of the engine, of fork servers and of jails, and the disk below them.

    python -m bench memory [--candidates N] [--together N] [--transactions N] [--jobs J]

Three runs. `candidates`, all different: one in twenty runs the project's tests, the others are rejected by
the quick gates (in turn: a patch that does not apply, one that does not compile, one that touches a protected
path). `together`: fewer, which all run the tests, so that as many jails as there are jobs are there at once.
`transactions`: one after another in one process, of two candidates each. Prints a line for every tenth, and
how the last compares with the first after which all is up (the aim: at most 1.25 of the memory of engine and
fork servers, no more disk, descriptors or threads). Pages that jails share are counted by share.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.projects import git

_AIM = 1.25
_TESTED = 20
_WORK = '"""Work."""\n\n\ndef value() -> int:\n    """A number."""\n    return 1\n'
_TEST = "from work import value\n\n\ndef test_value():\n    assert value() > 0\n"
_KINDS = ("apply", "compile", "scope")
_MIB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """One look: candidates decided so far; bytes of the memory of the engine, of fork servers and of all else
    that it runs; how many jails there are; bytes of scratch files; the engine's descriptors."""

    decided: int
    engine: int
    servers: int
    jails: int
    running: int
    disk: int
    descriptors: int


def main(argv: list[str]) -> int:
    """Print what was seen; 1 if it grew."""
    parser = argparse.ArgumentParser(prog="python -m bench memory", description=__doc__)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--together", type=int, default=24)
    parser.add_argument("--transactions", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=8)
    options = parser.parse_args(argv)
    grew = [
        _candidates("candidates, most of them rejected at once", options.candidates, _TESTED, options.jobs),
        _candidates("candidates that all run the tests", options.together, 1, options.jobs),
        _transactions(options.transactions),
    ]
    return int(any(grew))


def _candidates(what: str, count: int, tested: int, jobs: int) -> bool:
    """One run over so many, of which one in `tested` runs the tests. Whether it grew."""
    with tempfile.TemporaryDirectory() as directory:
        samples, peak, most = _run(Path(directory), count, tested, jobs)
    print(f"{count} {what}, {jobs} at a time")
    print(_row("decided", "engine", "servers", "jails", "scratch", "at once", "descriptors"))
    for each in samples:
        sizes = (each.engine, each.servers, each.jails, each.disk)
        print(_row(each.decided, *map(_mib, sizes), each.running, each.descriptors))
    first, last = samples[1], samples[-1]
    settled = [each.servers for each in samples if each.servers]
    servers = settled[-1] / settled[min(1, len(settled) - 1)] if settled else 1.0
    print(
        f"last to first: engine {last.engine / first.engine:.2f}, fork servers {servers:.2f}; "
        f"the engine's peak: {peak / _MIB:.1f} MiB; jails at once: {most}\n"
    )
    more = last.descriptors > first.descriptors + 8 * jobs or last.disk > _AIM * first.disk + _MIB
    return more or last.engine > _AIM * first.engine or servers > _AIM


def _transactions(count: int) -> bool:
    """So many in one process. Whether it grew."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        _build(directory / "repo")
        for number in range(count):
            pair = (2 * number, 2 * number + 1)
            (directory / f"source-{number}.jsonl").write_text("".join(_line(each, _TESTED) for each in pair))
        (directory / "cache").mkdir()
        environ = {**os.environ, "ASSAY_CACHE_DIR": str(directory / "cache"), "VIRTUAL_ENV": sys.prefix}
        argv = [sys.executable, "-m", "bench.transactions", name, str(count)]
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
        disk = _size(directory / "cache" / "run")
    if done.returncode:
        raise SystemExit(f"transactions in one process failed:\n{done.stderr[-2000:]}")
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{count} transactions in one process")
    print(_row("done", "engine", "objects", "descriptors", "threads"))
    for each in seen:
        told = (each[what] for what in ("objects", "descriptors", "threads"))
        print(_row(each["done"], _mib(each["memory"]), *told))
    first, last = seen[1], seen[-1]
    ratios = {what: last[what] / first[what] for what in ("memory", "objects")}
    words = ", ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items())
    print(f"last to second: {words}; scratch files left: {_mib(disk)}")
    more = any(last[what] > first[what] for what in ("descriptors", "threads"))
    return more or disk > 0 or any(ratio > _AIM for ratio in ratios.values())


def _row(*cells: object) -> str:
    return "".join(f"{cell:>13}" for cell in cells)


def _mib(size: int) -> str:
    return f"{size / _MIB:.1f} MiB"


def _run(directory: Path, count: int, tested: int, jobs: int) -> tuple[list[Sample], int, int]:
    """Ten samples, evenly over the candidates, the engine's peak, and the most jails at once."""
    repo, cache, source = directory / "repo", directory / "cache", directory / "all.jsonl"
    _build(repo)
    source.write_text("".join(_line(number, tested) for number in range(count)))
    environ = {**os.environ, "ASSAY_CACHE_DIR": str(cache), "VIRTUAL_ENV": sys.prefix}
    argv = [sys.executable, "-m", "assay", "grade", "-C", str(repo), str(source), "--jobs", str(jobs)]
    with (directory / "report").open("wb") as report:
        engine = subprocess.Popen(
            [*argv, "--format", "json", "--lane", "interactive"],
            env=environ,
            stdout=report,
            stderr=subprocess.PIPE,
        )
        decided = _Decided(engine)
        samples: list[Sample] = []
        peak = most = 0
        while engine.poll() is None:
            now = _sample(engine.pid, cache, decided.count)
            peak, most = max(peak, now.engine), max(most, now.running)
            # One look per tenth, taken while jails run as far as that can be.
            if now.decided * 10 // count > len(samples) - 1 and now.engine:
                samples.append(now)
            time.sleep(0.1)
    if engine.returncode not in (0, 1) or len(samples) < 3:
        raise RuntimeError(f"the run ended with {engine.returncode} after {decided.count} candidates")
    return samples, peak, most


class _Decided:
    """Counts the verdicts that a run tells of as it goes on."""

    def __init__(self, engine: subprocess.Popen[bytes]) -> None:
        self.count = 0
        self._engine = engine
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._engine.stderr is not None
        for line in self._engine.stderr:
            self.count += b"accepted" in line or b"rejected" in line


def _sample(pid: int, cache: Path, decided: int) -> Sample:
    below = _descendants(pid)
    jails = [each for each in below if _is(each, b"nsjail")]
    servers = [child for jail in jails for child in _children(jail) if _is(child, b"python")]
    forks = [child for server in servers for child in _children(server)]
    return Sample(
        decided=decided,
        engine=_resident(pid),
        servers=sum(map(_resident, servers)),
        jails=sum(_share(each) for each in below if each not in servers),
        running=len(jails) - len(servers) + len(forks),
        disk=_size(cache / "run"),
        descriptors=_descriptors(pid),
    )


def _descendants(pid: int) -> list[int]:
    found, left = [], [pid]
    while left:
        children = _children(left.pop())
        found += children
        left += children
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(word) for task in tasks for word in (task / "children").read_text().split()]
    except OSError:
        return []


def _is(pid: int, name: bytes) -> bool:
    try:
        return name in Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return False


def _share(pid: int) -> int:
    """Bytes of memory, what is shared with others by share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def _size(directory: Path) -> int:
    total = 0
    for top, _, names in os.walk(directory):
        for name in names:
            try:
                total += Path(top, name).lstat().st_blocks * 512
            except OSError:
                continue
    return total


def _build(repo: Path) -> None:
    (repo / "tests").mkdir(parents=True)
    (repo / "work.py").write_text(_WORK)
    (repo / "tests" / "test_work.py").write_text(_TEST)
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "work")


def _line(number: int, tested: int) -> str:
    kind = "tests" if number % tested == 0 else _KINDS[number % len(_KINDS)]
    old, new = "    return 1", f"    return {number + 2}"
    if kind == "apply":
        old = f"    return {-number}"
    elif kind == "compile":
        new = f"    return {number} +"
    patch = (
        "diff --git a/work.py b/work.py\n--- a/work.py\n+++ b/work.py\n@@ -4,3 +4,3 @@\n"
        f' def value() -> int:\n     """A number."""\n-{old}\n+{new}\n'
    )
    if kind == "scope":
        patch = (
            "diff --git a/assay.toml b/assay.toml\nnew file mode 100644\n--- /dev/null\n+++ b/assay.toml\n"
            f"@@ -0,0 +1 @@\n+# {number}\n"
        )
    entry = {"instance_id": f"c{number}", "model_name_or_path": "bench", "model_patch": patch}
    return json.dumps(entry) + "\n"
