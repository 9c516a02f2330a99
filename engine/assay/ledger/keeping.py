"""What is worked out of trees alone, kept from one run to the next.

Promises: what is kept under a key that has the `edition` of the code in it was made by this very code. A
value may be forgotten at any time, and is then made anew.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where values are kept by key."""

    recall: Callable[[str], bytes | None]
    remember: Callable[[str, bytes], None]


NOWHERE = Keeping(recall=lambda _key: None, remember=lambda _key, _value: None)


@cache
def edition(*parts: str) -> str:
    """What tells the code in `parts` (files, or directories with all below them, within the package), and the
    Python and git that it stands on, from any other."""
    import pygit2

    digest = hashlib.sha256(f"{sys.version} {pygit2.LIBGIT2_VERSION}".encode())
    for part in parts:
        digest.update(_text(part))
    return digest.hexdigest()


@cache
def _text(part: str) -> bytes:
    """The digest of one part, of which several editions are made."""
    place = Path(__file__).parents[1] / part
    digest = hashlib.sha256()
    for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        digest.update(file.read_bytes())
    return digest.digest()
