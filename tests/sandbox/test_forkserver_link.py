"""The link to a fork server: who speaks, how its children come to be and end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from assay.sandbox.forkserver_link import Fork, Gone, NoChild, Roll, Server, hear, listening_pair


def saying(word: bytes, descriptor: int, after: float = 0.0) -> subprocess.Popen[bytes]:
    """A process that says one word, and stays."""
    text = f"import os, time; time.sleep({after}); os.write({descriptor}, {word!r}); time.sleep(600)"
    return subprocess.Popen([sys.executable, "-c", text], pass_fds=[descriptor])


class Speaker:
    """Processes that say `words` in turn on the other end of a link, as a server's children do."""

    def __init__(self, *words: bytes) -> None:
        self.ours, theirs = listening_pair()
        self.processes = [saying(word, theirs.fileno()) for word in words]
        self.theirs = theirs

    def end(self) -> None:
        self.theirs.close()
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def server() -> Server:
    return Server(supervisor=-1, channel=socket.socket(), places={}, roll=Roll())


def test_who_speaks_is_told_by_the_kernel() -> None:
    speaker = Speaker(b"hello")
    try:
        assert hear(speaker.ours, 20) == (b"hello", speaker.processes[0].pid)
        with pytest.raises(Gone, match="no answer"):
            hear(speaker.ours, 0.05)
    finally:
        speaker.end()
    assert hear(speaker.ours, 20)[0] == b""
    speaker.ours.close()


@pytest.mark.parametrize(
    ("last", "ended"), [(b"3 2500000", (3 << 8, 2.5)), (None, (9, 0.0)), (b"what", (9, 0.0)), (b"", (9, 0.0))]
)
def test_a_fork_ends_with_its_outer_processs_last_word(
    server: Server, last: bytes | None, ended: tuple[int, float]
) -> None:
    outer = Speaker(b"outer")
    try:
        inner = saying(b"first", outer.theirs.fileno(), after=0.3)
        outer.processes.append(inner)
        fork = Fork(outer.ours, server)
        assert (fork.pid, fork.first_pid) == (outer.processes[0].pid, inner.pid)
        assert (fork.collect(), server.running) == (None, 1)
        if last is not None:
            outer.theirs.send(last)
    finally:
        outer.end()
    assert fork.collect() == ended
    assert fork.lost is (ended[0] == 9)
    os.close(fork.first)
    fork.close()
    assert server.running == 0


@pytest.mark.parametrize("words", [(), (b"first",), (b"anything",)])
def test_a_child_that_does_not_come_to_be_is_told(server: Server, words: tuple[bytes, ...]) -> None:
    speaker = Speaker(*words)
    if not words:
        threading.Timer(0.1, speaker.theirs.close).start()
    with pytest.raises(NoChild):
        Fork(speaker.ours, server)
    speaker.end()
    assert server.running == 0
