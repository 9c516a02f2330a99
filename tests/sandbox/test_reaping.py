"""How the end of a supervisor is noticed."""

from __future__ import annotations

import os
import select
import signal
import subprocess

from assay.sandbox.reaping import OwnChild


def sleeping() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"])


def test_a_child_of_ours_is_collected_once_it_is_gone() -> None:
    process = sleeping()
    reaping = OwnChild(process.pid)
    try:
        assert reaping.collect() is None
        reaping.nudge(signal.SIGTERM)
        assert select.select([reaping.descriptor], [], [], 20)[0]
        status, seconds = reaping.collect() or (0, -1.0)
        assert (os.WTERMSIG(status), seconds >= 0, reaping.lost) == (signal.SIGTERM, True, False)
        reaping.nudge(signal.SIGKILL)  # to nobody
    finally:
        reaping.close()
        process.returncode = 0
