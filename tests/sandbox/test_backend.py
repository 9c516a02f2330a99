"""What the two backends share."""

from __future__ import annotations

import os
from pathlib import Path

from assay.sandbox.backend import digest
from assay.sandbox.spec import JailCommand


def command(root: bytes) -> JailCommand:
    return JailCommand(label="test", argv=("true",), root=Path(os.fsdecode(root)))


def test_a_place_whose_name_is_no_text_has_a_digest_of_its_own():
    places = (b"/home/a\xff", b"/home/a\xfe", b"/home/a")
    assert len({digest(command(place), {}) for place in places}) == 3
