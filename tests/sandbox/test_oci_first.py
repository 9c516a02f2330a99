"""The first process of a container and its named pipes, with a shell in the container's place."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from assay.sandbox.backend import Pipes, open_pipes
from assay.sandbox.identity import Identity
from assay.sandbox.oci_first import SCRIPT, Names, script
from assay.sandbox.spec import JailCommand
from assay.sandbox.supervise import GO, REPORT, STATUS

SELF = Identity(uid=os.geteuid(), gid=os.getegid())
ODD = "a b'c\"d$HOME`id`\\ \n*é"


class Play:
    """A shell that runs the script, and our ends of its pipes."""

    def __init__(self, directory: Path, *argv: str, keep_stdin: bool = False, **rest: object) -> None:
        self.names = Names(directory / "n", SELF)
        command = JailCommand(label="test", argv=argv, root=directory, report=True, stdin=b"given\n")
        self.pipes: Pipes = open_pipes(command, keep_stdin=keep_stdin)
        numbers, _ = self.names.connect(self.pipes)
        told = {"cwd": str(directory), "variables": {}, "links": {}, **rest}
        content = script(place=str(self.names.directory), numbers=numbers, argv=argv, **told)
        self.names.write(SCRIPT, content)
        self.shell = subprocess.Popen(
            ["/usr/bin/env", "-i", "/bin/sh", str(self.names.directory / SCRIPT)], stdin=subprocess.DEVNULL
        )

    def read(self, number: int, until: bytes = b"") -> bytes:
        end, data = self.pipes.ours[number], b""
        os.set_blocking(end, True)
        while not (until and data.endswith(until)) and (chunk := os.read(end, 4096)):
            data += chunk
        return data

    def go(self) -> None:
        assert self.read(STATUS, b"\n") == b"S\n"
        self.names.forget()
        self.pipes.close_theirs()
        os.write(self.pipes.ours[GO], b"\n")

    def let_go(self) -> int:
        os.close(self.pipes.ours.pop(GO))
        return self.shell.wait(20)

    def end(self) -> None:
        self.shell.kill()
        self.shell.wait()
        self.pipes.close()


@pytest.fixture
def play(tmp_path: Path):
    plays: list[Play] = []

    def start(*argv: str, **rest: object) -> Play:
        plays.append(Play(tmp_path, *argv, **rest))
        return plays[-1]

    yield start
    for each in plays:
        each.end()


def test_everything_comes_through_as_it_is(play) -> None:
    show = 'printf "%s|%s|" "$1" "$ODD"; cat; echo err >&2; echo told >&3; exit 7'
    run = play("/bin/sh", "-c", show, "sh", ODD, variables={"ODD": ODD, "PATH": os.defpath})
    run.go()
    assert run.read(STATUS, b"\n") == b"X7\n"
    assert run.let_go() == 7
    assert run.read(1).decode() == f"{ODD}|{ODD}|given\n"
    assert (run.read(2), run.read(REPORT)) == (b"err\n", b"told\n")


def test_a_program_has_exactly_its_variables_and_no_descriptor_of_ours(play) -> None:
    run = play("/bin/sh", "-c", "env; ls /proc/self/fd", variables={"A": "1", "PATH": os.defpath})
    run.go()
    assert run.read(STATUS, b"\n") == b"X0\n"
    run.let_go()
    lines = set(run.read(1).decode().split())
    assert {line.partition("=")[0] for line in lines if "=" in line} - {"PWD", "_"} == {"A", "PATH"}
    # 4, 5 and 7 are the first process's own; ls has one more of its own.
    assert {"0", "1", "2", "3"} <= lines
    assert not {"5", "7"} & lines


def test_it_waits_for_leave_to_start_and_to_end(play) -> None:
    run = play("/bin/true")
    assert run.read(STATUS, b"\n") == b"S\n"
    assert run.shell.poll() is None
    os.write(run.pipes.ours[GO], b"\n")
    assert run.read(STATUS, b"\n") == b"X0\n"
    assert run.shell.poll() is None
    run.pipes.close_theirs()
    assert run.let_go() == 0


def test_a_program_whose_engine_died_never_runs(play, tmp_path: Path) -> None:
    run = play("/bin/sh", "-c", "echo >ran")
    assert run.read(STATUS, b"\n") == b"S\n"
    run.pipes.close_theirs()
    assert run.let_go() == 125
    assert not (tmp_path / "ran").exists()


def test_no_name_is_left_once_it_stands(play, tmp_path: Path) -> None:
    run = play("/bin/ls", str(tmp_path / "n"))
    run.go()
    run.read(STATUS, b"\n")
    run.let_go()
    assert run.read(1) == b""


def test_a_signal_is_told_from_a_status(play) -> None:
    run = play("/bin/sh", "-c", "kill -9 $$")
    run.go()
    words = run.read(STATUS, b"137\n")
    assert words.rpartition(b"X")[0].strip()
    assert run.let_go() == 137


def test_a_missing_directory_is_126(play) -> None:
    run = play("/bin/true", cwd="/nowhere")
    run.go()
    assert run.read(STATUS, b"126\n").endswith(b"X126\n")
    assert run.let_go() == 126


def test_links_are_made_before_anything_runs(play, tmp_path: Path) -> None:
    run = play("/bin/true", links={str(tmp_path / "p" / "q r"): "/srv/it's"}, variables={"PATH": os.defpath})
    run.go()
    run.read(STATUS, b"\n")
    assert (tmp_path / "p" / "q r").readlink() == Path("/srv/it's")


def test_an_input_that_is_kept_open_is_a_pipe(play) -> None:
    run = play("/bin/sh", "-c", 'read -r a; echo "$a"; read -r b; echo "$b"', keep_stdin=True)
    run.go()
    for word in (b"one\n", b"two\n"):
        os.write(run.pipes.ours[0], word)
        assert run.read(1, b"\n") == word
