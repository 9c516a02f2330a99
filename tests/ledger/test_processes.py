"""Several processes at once, and processes killed at any instant."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from assay.ledger.ledger import Ledger
from assay.ledger.states import State

_WORKER = """
import json, sys
from pathlib import Path
from assay.ledger.ledger import Ledger
from assay.ledger.states import State

place, rounds = Path(sys.argv[1]), int(sys.argv[2])
with Ledger.open(place) as ledger:
    for number in range(rounds):
        run = ledger.begin("grade", {"number": number})
        print(json.dumps([run, "begun"]), flush=True)
        for count in range(5):
            ledger.append(run, "note", {"count": count, "text": "x" * 300})
            ledger.put(b"%d" % number * 100)
        ledger.remember(f"key {number % 7}", b"value" * 50)
        ledger.step(run, State.PUBLISHING, {"plan": number})
        print(json.dumps([run, "publishing"]), flush=True)
        ledger.step(run, State.PUBLISHED)
        print(json.dumps([run, "published"]), flush=True)
"""


def _start(place: Path, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORKER, str(place), str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _said(worker: subprocess.Popen[str]) -> dict[str, str]:
    """The last state that each run was told to have reached, also by a worker that was killed."""
    text, _ = worker.communicate()
    complete = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
    return dict(map(json.loads, complete))


def test_several_processes_write_one_whole_chain(place: Path) -> None:
    place.parent.mkdir()
    workers = [_start(place, 15) for _ in range(4)]
    said = [_said(worker) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    with Ledger.open(place) as ledger:
        assert ledger.verify() == []
        runs = ledger.transactions()
        assert len(runs) == 60
        assert {run.id for run in runs} == {run for each in said for run in each}
        assert all(run.state is State.PUBLISHED for run in runs)
        assert len(ledger.entries()) == 60 * 8
        assert ledger.unfinished() == ()


def _storm(place: Path, rounds: int) -> None:
    place.parent.mkdir()
    chance = random.Random(20)
    reached: dict[str, str] = {}
    for _ in range(rounds):
        workers = [_start(place, 10_000) for _ in range(2)]
        for worker in workers:
            # Let each get somewhere first, or the storm would only ever hit Python's own start.
            assert worker.stdout is not None
            lines = [worker.stdout.readline() for _ in range(chance.randrange(1, 25))]
            worker.kill()
            reached |= dict(map(json.loads, lines))
        for worker in workers:
            reached |= _said(worker)
        with Ledger.open(place) as ledger:
            assert ledger.verify() == []
            states = {run.id: run.state for run in ledger.transactions()}
            order = list(State)
            for run, state in reached.items():
                assert order.index(states[run]) >= order.index(State(state)), "told before it was on the disk"
            for left in ledger.unfinished():
                assert not left.alive
                ledger.step(
                    left.id, State.ROLLED_BACK if left.state is State.PUBLISHING else State.INTERRUPTED
                )
                reached[left.id] = ledger.state(left.id) or ""
            assert ledger.unfinished() == ()


def test_invariant_9_recorded_before_effective_through_kills_at_any_instant(place: Path) -> None:
    _storm(place, 6)


@pytest.mark.slow
def test_invariant_9_through_a_long_storm_of_kills(place: Path) -> None:
    _storm(place, 60)


def test_a_killed_run_is_told_from_a_live_one(place: Path) -> None:
    place.parent.mkdir()
    worker = _start(place, 10_000)
    assert worker.stdout is not None
    worker.stdout.readline()
    with Ledger.open(place) as ledger:
        mine = ledger.begin("land", {})
        assert all(run.alive for run in ledger.unfinished())
        worker.kill()
        worker.communicate()
        alive = {run.id: run.alive for run in ledger.unfinished()}
        assert alive.pop(mine)
        assert not any(alive.values())
