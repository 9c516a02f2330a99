"""Landlock for programs of ours that run a candidate's code in their own process.

Promises: nothing runs here; this is the text to be loaded there, and the paths to hand to it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from assay.sandbox.spec import Bind
from assay.sandbox.view import home_for


@cache
def source() -> str:
    """The module to load in the jail: `confine(paths) -> int`, standard library only, Python 3.8 or later."""
    return (resources.files("assay.sandbox") / "inject" / "landlock.py").read_text()


def writable(root: Path, binds: tuple[Bind, ...] = ()) -> tuple[str, ...]:
    """Where a jail's program may write: its tree, the places that are private to it, what it was given."""
    given = (str(bind.target or bind.source) for bind in binds if bind.writable)
    return (str(root), "/tmp", "/dev", "/proc", home_for(str(root)), *given)  # noqa: S108 -- inside the jail
