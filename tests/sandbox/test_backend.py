"""What the two backends share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec import structs

from assay.sandbox.backend import digest, open_pipes
from assay.sandbox.spec import JailCommand


def command(root: bytes) -> JailCommand:
    return JailCommand(label="test", argv=("true",), root=Path(os.fsdecode(root)))


def test_a_place_whose_name_is_no_text_has_a_digest_of_its_own():
    places = (b"/home/a\xff", b"/home/a\xfe", b"/home/a")
    assert len({digest(command(place), {}) for place in places}) == 3


def test_a_nonce_is_read_and_not_digested() -> None:
    plain = structs.replace(command(b"/home/a"), stdin=b"program ")
    one, two = (structs.replace(plain, nonce=nonce) for nonce in (b"1", b"2"))
    assert digest(one, {}) == digest(two, {}) == digest(plain, {})
    pipes = open_pipes(one, keep_stdin=False)
    try:
        assert os.read(pipes.theirs[0], 100) == b"program 1"
    finally:
        pipes.close()


def test_nobody_can_change_an_input() -> None:
    pipes = open_pipes(structs.replace(command(b"/home/a"), stdin=b"program"), keep_stdin=False)
    again = os.open(f"/proc/self/fd/{pipes.theirs[0]}", os.O_RDWR | os.O_CLOEXEC)
    try:
        for change in (lambda: os.pwrite(again, b"X", 0), lambda: os.ftruncate(again, 100)):
            with pytest.raises(PermissionError):
                change()
        assert os.read(pipes.theirs[0], 100) == b"program"
    finally:
        os.close(again)
        pipes.close()
