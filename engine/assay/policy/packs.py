"""The shipped policy packs: which there are, and their text.

Promises: finds them beside the installed package and in a source tree alike.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import assay
from assay.model.errors import Unsound

_SUFFIX = ".toml"


@cache
def directory() -> Traversable:
    """Where the packs are. Raises `Unsound` if this installation lost them."""
    installed = resources.files("assay") / "_policies"
    in_source_tree = Path(str(assay.__file__)).resolve().parents[2] / "policies"
    for place in (installed, in_source_tree):
        if (place / f"default{_SUFFIX}").is_file():
            return place
    raise Unsound("the shipped policy packs are missing", where=str(installed), fix="install assay again")


@cache
def names() -> tuple[str, ...]:
    """The names of all packs, sorted."""
    files = (entry.name for entry in directory().iterdir() if entry.is_file())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def read(name: str) -> bytes:
    """The text of the pack `name`, which must be one of `names()`."""
    return (directory() / f"{name}{_SUFFIX}").read_bytes()
