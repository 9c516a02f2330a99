"""The project's own interpreter, and what of the host a jail must show for it to work.

Promises: discovery only reads; it never starts the project's interpreter and never runs code of the project.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import field

from assay.model.candidate import Record
from assay.sandbox.spec import Bind


class ProjectEnvironment(Record, frozen=True, kw_only=True):
    """How a program of the project is run inside a jail.

    `python` is the interpreter's path as seen inside, `mounts` are read-only binds, `variables` go into
    `JailCommand.variables`. `digest` (hexadecimal) changes when the interpreter, an installed distribution
    or a variable changes: it is part of every verdict's key (invariant 8).
    """

    python: Path
    mounts: tuple[Bind, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    digest: str
