"""The start of the injected program: what keys the report is gone once it is read."""

import os
import subprocess
import sys

import pytest

from assay.gates.inject.held import source
from assay.sandbox.backend import open_pipes
from assay.sandbox.spec import JailCommand

_REST = """
import os, sys
source = open(0, "rb", closefd=False)
names = {}
exec(compile(source.read(int(sys.argv[1])), "<string>", "exec"), names)
words = names["rest"](source)
held = os.open(sys.argv[2], os.O_RDONLY)
print(words, os.read(0, 100), os.pread(held, 100, 0), os.readlink("/proc/self/fd/0"))
"""


@pytest.fixture
def boot():
    """The text of boot.py alone."""
    return source("boot").encode()


def test_what_follows_the_program_is_read_once_and_empty_for_all_who_hold_it(boot, tmp_path):
    command = JailCommand(label="", argv=("x",), root=tmp_path, stdin=boot, nonce=b"key token seed")
    pipes = open_pipes(command, keep_stdin=False)
    try:
        # Ours stands for the descriptor that the jail's first process keeps.
        ours = f"/proc/{os.getpid()}/fd/{pipes.theirs[0]}"
        argv = [sys.executable, "-c", _REST, str(len(boot)), ours]
        done = subprocess.run(argv, stdin=pipes.theirs[0], capture_output=True, check=False)
    finally:
        pipes.close()
    assert done.stdout.decode().strip() == "['key', 'token', 'seed'] b'' b'' /dev/null", done.stderr.decode()
