from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from assay.gates.inject.leaving import leaver

sent = []
end = leaver(lambda what, **more: sent.append((what, more)), "token", True)
{meanwhile}
sys.stdout.write("unflushed ")
end(3)
"""
THREAD = "threading.Timer(.05, lambda: print('thread', end=' ')).start()"
OTHER = """
def other(old=threading._shutdown):
    print("other", end=" ")
    old()
threading._shutdown = other
"""


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(THREAD, "unflushed thread"), (OTHER, "unflushed other"), (OTHER + THREAD, "unflushed other thread")],
    ids=["threads are waited for", "another end for threads is the interpreter's", "both"],
)
def test_a_brisk_end_comes_to_what_the_interpreters_own_would(meanwhile, said):
    program = PROGRAM.format(meanwhile=meanwhile)
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (3, said, "")
