"""What a long run holds: memory of the engine and of its jails, and the disk below them, while it goes on.

    python -m bench memory [--candidates N] [--jobs J]

Of the candidates, all different, one in twenty runs the project's tests; the others are rejected by the
quick gates (in turn: a patch that does not apply, one that does not compile, one that touches a protected
path). Prints a line for every tenth of them, and how the last compares with the first after which all workers
are up (the aim: at most 1.25 of the engine's memory, and no more descriptors).
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
    """One look: candidates decided so far, bytes of the engine's and the jails' memory and of scratch files,
    and the engine's descriptors."""

    decided: int
    engine: int
    jails: int
    running: int
    disk: int
    descriptors: int


def main(argv: list[str]) -> int:
    """Print what was seen; 1 if it grew."""
    parser = argparse.ArgumentParser(prog="python -m bench memory", description=__doc__)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=8)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as directory:
        samples, peak = _run(Path(directory), options.candidates, options.jobs)
    print(f"{'decided':>8}{'engine':>12}{'jails':>12}{'at once':>9}{'scratch':>12}{'descriptors':>13}")
    for each in samples:
        print(
            f"{each.decided:>8}{each.engine / _MIB:>8.1f} MiB{each.jails / _MIB:>8.1f} MiB{each.running:>9}"
            f"{each.disk / _MIB:>8.1f} MiB{each.descriptors:>13}"
        )
    first, last = samples[1], samples[-1]
    print(f"engine, last to first: {last.engine / first.engine:.2f}; its peak: {peak / _MIB:.1f} MiB")
    return int(last.engine > _AIM * first.engine or last.descriptors > first.descriptors + 64)


def _run(directory: Path, count: int, jobs: int) -> tuple[list[Sample], int]:
    """Ten samples, evenly over the candidates, and the engine's peak."""
    repo, cache, source = directory / "repo", directory / "cache", directory / "all.jsonl"
    _build(repo)
    source.write_text("".join(_line(number) for number in range(count)))
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
        peak = 0
        while engine.poll() is None:
            now = _sample(engine.pid, cache, decided.count)
            peak = max(peak, now.engine)
            # One look per tenth, taken while jails run as far as that can be.
            if now.decided * 10 // count > len(samples) - 1 and now.engine:
                samples.append(now)
            time.sleep(0.2)
    if engine.returncode != 1 or len(samples) < 3:
        raise RuntimeError(f"the run ended with {engine.returncode} after {decided.count} candidates")
    return samples, peak


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
    jails = _descendants(pid)
    return Sample(
        decided=decided,
        engine=_resident(pid),
        jails=sum(map(_resident, jails)),
        running=sum(_is_jail(jail) for jail in jails),
        disk=_size(cache / "run"),
        descriptors=_descriptors(pid),
    )


def _descendants(pid: int) -> list[int]:
    found, left = [], [pid]
    while left:
        try:
            tasks = list(Path(f"/proc/{left.pop()}/task").iterdir())
            children = [int(word) for task in tasks for word in (task / "children").read_text().split()]
        except OSError:
            continue
        found += children
        left += children
    return found


def _is_jail(pid: int) -> bool:
    try:
        return b"nsjail" in Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return False


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


def _line(number: int) -> str:
    kind = "tests" if number % _TESTED == 0 else _KINDS[number % len(_KINDS)]
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
