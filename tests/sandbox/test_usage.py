"""What processes use is read from /proc as it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assay.sandbox.usage import Load, Processes, held, load, own_memory

SCRIPT = """
import os, sys, threading, time
kept = b"x" * (32 << 20)
fd = os.memfd_create("name (with) brackets")
os.write(fd, b"x" * (8 << 20))
file = open(sys.argv[1], "wb")
file.write(b"x" * (4 << 20))
file.flush()
os.unlink(sys.argv[1])
for _ in range(3):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "file")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def look(process):
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    processes = Processes(proc, lambda: [str(process.pid), "999999999"])
    yield processes
    processes.close()


def test_a_load_is_the_sum_over_processes(look: Processes) -> None:
    found = load(look)
    assert found.tasks == 4
    assert found.resident >= 32 << 20
    assert found.cpu_seconds > 0


def test_memory_is_what_would_be_free_without_them(look: Processes) -> None:
    assert 32 << 20 <= own_memory(look, 0) <= load(look).resident + (8 << 20)
    assert own_memory(look, 1 << 40) >= 1 << 40


def test_files_without_a_name_are_found_on_disk_and_in_memory(look: Processes, tmp_path) -> None:
    found = held(look)
    assert (found.disk >= 4 << 20, found.memory >= 8 << 20) == (True, True)
    assert held(look, [tmp_path.stat().st_dev]).disk < 4 << 20


def test_nothing_is_made_of_processes_that_are_gone() -> None:
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    processes = Processes(proc, lambda: ["999999999"])
    assert load(processes) == Load()
    assert held(processes).disk == own_memory(processes, 0) == 0
    processes.close()
