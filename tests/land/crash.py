"""Publishes over and over in a process that dies at the n-th step, then recovers; run as a program.

    python -m tests.land.crash ROOT KIND WHERE

ROOT holds a repository `yard`; the landing of KIND is published in it, dying before the first thing that the
process does to files or other programs, then before the second, and so on until it gets through. One JSON
object is printed for each: what it died before, and what was wrong after recovery (empty: nothing).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.land.support import Yard, git, status

from assay.land import staging
from assay.land.plan import LandingPlan
from assay.land.publish import publish
from assay.land.recover import recover
from assay.ledger.ledger import Ledger
from assay.repo.repository import open_repository

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod"}
_DIED = 77


class Bench:
    """A repository that can be put back to where it was, and what it must look like."""

    def __init__(self, root: Path, plan: LandingPlan, checkout: str) -> None:
        self.root = root
        self.plan = plan
        self.yard = Yard.__new__(Yard)
        self.yard.root = root / "yard"
        self.seen = root / checkout
        shutil.copytree(root / "yard", root / "saved", symlinks=True)
        self.old = self.look()
        self.run(None)
        self.new = self.look()
        assert self.new != self.old

    def look(self) -> dict[str, object]:
        index = Path(git(self.seen, "rev-parse", "--absolute-git-dir").strip()) / "index"
        entries = self.yard.state(self.seen)
        return entries if self.seen.name != "yard" else {**entries, "size": index.stat().st_size}

    def reset(self) -> None:
        shutil.rmtree(self.root / "yard")
        shutil.copytree(self.root / "saved", self.root / "yard", symlinks=True)

    def run(self, die_at: int | None) -> tuple[bool, str]:
        """Publish in a child that dies before its n-th step; whether it died, and before what."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                if die_at is not None:
                    sys.addaudithook(_dying(die_at, writing))
                repo = open_repository(self.yard.root, {})
                with Ledger.open(repo.common_dir / "assay") as ledger:
                    publish(repo, ledger, ledger.begin("land", {}), self.plan)
                os._exit(0)
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
                os._exit(1)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            what = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code not in (0, _DIED):
            raise AssertionError(f"the publisher ended with {code}")
        return code == _DIED, what

    def verdict(self) -> str:
        """Recover; what is wrong afterwards."""
        repo = open_repository(self.yard.root, {})
        with Ledger.open(repo.common_dir / "assay") as ledger:
            notes = recover(repo, ledger)
            again = recover(repo, ledger)
            unfinished = ledger.unfinished()
            broken = ledger.verify()
        state = self.look()
        if again or unfinished or broken:
            return f"not settled: {notes} {again} {unfinished} {broken}"
        if any(staging.directory(repo).glob("*")):
            return "a stage is left over"
        if state not in (self.old, self.new):
            wrong = [key for key in state if state[key] not in (self.old[key], self.new[key])]
            return f"neither old nor new: {wrong or 'mixed'} {status(self.seen)}"
        if status(self.seen):
            return f"not clean: {status(self.seen)}"
        return ""


def _dying(die_at: int, pipe: int):  # type: ignore[no-untyped-def]
    left = die_at

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if event in _CHANGES or event == "subprocess.Popen" or writes:
            left -= 1
            if left == 0:
                os.write(pipe, f"{event} {arguments[:2]}"[:200].encode())
                os._exit(_DIED)

    return hook


def every_step(bench: Bench) -> None:
    """Die at each step in turn."""
    step, died = 0, True
    while died:
        step += 1
        bench.reset()
        died, what = bench.run(step)
        print(json.dumps({"step": step, "before": what, "wrong": bench.verdict()}), flush=True)


def any_instant(bench: Bench, times: int) -> None:
    """Die by a signal, with every program that was started, at instants spread over a whole run."""
    bench.reset()
    started = time.monotonic()
    bench.run(None)
    whole = time.monotonic() - started
    for number in range(times):
        bench.reset()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            bench.run(None)
            os._exit(0)
        time.sleep(whole * 1.1 * number / times)
        for group in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                group(child, signal.SIGKILL)
        os.waitpid(child, 0)
        time.sleep(0.02)
        print(json.dumps({"step": number, "before": "", "wrong": bench.verdict()}), flush=True)


def main() -> None:
    import msgspec

    root, checkout, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    plan = msgspec.convert(json.loads((root / "plan.json").read_bytes()), LandingPlan)
    bench = Bench(root, plan, checkout)
    if times:
        any_instant(bench, times)
    else:
        every_step(bench)


if __name__ == "__main__":
    main()
