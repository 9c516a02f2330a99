"""The worker that scans one file after another: it holds no more after fifty than after ten."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from assay.gates.bandit_run import _PACKAGES, WORKER
from assay.gates.frames import Unit, replies, request
from assay.gates.tools import package_directories
from assay.policy.schema import MIB

SOURCE = "".join(
    f"def f{n}(a, b):\n    return [a + {n}, b * {n}, (a, b, str(a), len(b))]\n\n\n" for n in range(300)
)


class Worker:
    """The program outside of any jail, on sources of our own."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        directories = map(str, package_directories(_PACKAGES))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", str(WORKER), *directories],
            stdin=subprocess.PIPE,
            pass_fds=(writing,),
            env={"ASSAY_REPORT_FD": str(writing)},
        )
        os.close(writing)
        self.report = os.fdopen(reading, "rb")

    def ask(self, text: str) -> str:
        """The status of one file."""
        unit = Unit(id=0, content=text.encode(), meta={"path": "a.py", "ignore_nosec": False})
        asked = request([unit], {"config": {}})
        assert self.process.stdin is not None
        self.process.stdin.write(struct.pack(">I", len(asked)) + asked)
        self.process.stdin.flush()
        (length,) = struct.unpack(">I", self.report.read(4))
        return str(replies(self.report.read(length), [unit])[0]["status"])

    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.report.close()


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def test_what_it_holds_does_not_grow_with_what_it_scanned(worker):
    held = []
    for number in range(50):
        assert worker.ask(f"{SOURCE}x = {number}\n") == "ok"
        held.append(worker.memory())
    assert held[-1] - held[10] < 12 * MIB
