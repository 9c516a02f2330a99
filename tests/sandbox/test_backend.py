"""What the two backends share."""

from __future__ import annotations

import os
from pathlib import Path

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
