"""Slow for want of a processor, or slow by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import Limits
from assay.sandbox import hunger
from assay.sandbox.hunger import Hunger
from assay.sandbox.watch import Subject


class Fake:
    """A started program: what its group counts, and the states of its processes."""

    def __init__(self, *cpu: float, states: str = "R") -> None:
        self.group = self
        self.subject = Subject()
        self.subject.processes = self  # type: ignore[assignment]
        self._cpu = list(cpu)
        self._states = states

    def cpu_seconds(self) -> float:
        return self._cpu.pop(0)

    def pids(self) -> list[str]:
        return [str(number) for number in range(len(self._states))]

    def read(self, path: str) -> bytes:
        return b"1 (a) b) %c 0 0" % ord(self._states[int(path.partition("/")[0])])


def starved(fake: Fake, monkeypatch: pytest.MonkeyPatch, *, runnable: int, processors: int = 2) -> float:
    monkeypatch.setattr(hunger, "_runnable", lambda: runnable)
    monkeypatch.setattr(hunger.os, "sched_getaffinity", lambda _pid: set(range(processors)))
    looks = Hunger(fake)  # type: ignore[arg-type]
    assert looks.starved(1.0) == 0  # nothing to compare with yet
    return looks.starved(1.0)


def test_what_waits_for_a_processor_is_starved_of_what_it_did_not_get(monkeypatch):
    assert starved(Fake(1.0, 1.25), monkeypatch, runnable=8) == pytest.approx(0.75)


def test_what_sleeps_is_not(monkeypatch):
    assert starved(Fake(1.0, 1.0, states="SDT"), monkeypatch, runnable=8) == 0


def test_on_a_machine_with_processors_to_spare_nobody_is(monkeypatch):
    assert starved(Fake(1.0, 1.0), monkeypatch, runnable=2) == 0


def test_what_uses_all_processors_is_not(monkeypatch):
    assert starved(Fake(1.0, 3.0, states="RRRR"), monkeypatch, runnable=8) == 0


def test_several_tasks_could_have_had_several_processors(monkeypatch):
    assert starved(Fake(0.0, 1.0, states="RRRR"), monkeypatch, runnable=8) == pytest.approx(0.5)


@given(st.floats(0, 100), st.text("RSDZ", max_size=8), st.integers(1, 64))
def test_never_more_than_there_was(used, states, runnable):
    with pytest.MonkeyPatch.context() as patch:
        assert 0 <= starved(Fake(0.0, used, states=states), patch, runnable=runnable) <= 1


@pytest.mark.jail
def test_invariant_6_neighbours_exhaust_nobodys_time(run):
    burn = [sys.executable, "-c", "while True: pass"]
    neighbours = [subprocess.Popen(burn) for _ in range(6)]
    try:
        work = "i=0; while [ $i -lt 1000000 ]; do i=$((i + 1)); done"
        call = run("/bin/sh", "-c", work, limits=Limits(seconds=2.0))
        idle = run("/bin/sleep", "60", limits=Limits(seconds=0.5))
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0)
    assert (idle.ending, idle.resource) == (Ending.EXHAUSTED, Resource.TIME)


def test_the_number_of_runnable_tasks_is_read():
    assert hunger._runnable() >= 1
