"""What to run in a jail, as data: the plan that a backend executes.

Promises: pure records, no I/O. Everything a jail will see or may use is named here; what is not named is
not there.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import field

from assay.model.candidate import Record
from assay.policy.schema import Limits


class Bind(Record, frozen=True, kw_only=True):
    """A host path shown inside, read-only unless `writable`. `target` defaults to the same path.

    With `link`, `target` is a symbolic link to what the jail (not the host) has at `source`."""

    source: Path
    target: Path | None = None
    writable: bool = False
    link: bool = False


class Stack(Record, frozen=True, kw_only=True):
    """Frozen overlay layers, bottom first, that together are one tree."""

    layers: tuple[Path, ...]
    tree: str


class Warmth(Record, frozen=True, kw_only=True):
    """What a program may find done already, in the interpreter that it is a fork of: `modules` imported, in
    this order, then `prelude` executed. None may be the tree's own, nor have the name of a module of the tree
    that the program could come to import instead: only the import path that it starts with is looked at for
    that. `prelude` is a text of the engine's own, with `given` (marshalled) under that name; what it calls
    `held` is in `sys.assay_held` when the program starts, for it to take away."""

    modules: tuple[str, ...] = ()
    prelude: str = ""
    given: bytes = b""


class JailCommand(Record, frozen=True, kw_only=True):
    """One program to run in a jail.

    The tree of `stack` is mounted, writable through a scratch layer, at `root`; without a stack there is no
    tree, and the program starts in its private /tmp. `variables` is the whole environment beyond the fixed
    ones (locale, time zone, hash seed, HOME, PATH). With `report`, the program finds the number of a
    write-only descriptor in ASSAY_REPORT_FD, and what it writes there comes back as `ToolCall.report`:
    `report_bytes` at most where that is more than `limits.output`, which is meant for what a project prints.
    `outputs` are paths relative to `root` that are read back from the scratch layer after the run (bounded
    by `limits.output`); they are claims of the program, like all it says. `writes` asks for the whole scratch
    layer to be kept at this directory (for prepare steps). `nonce` follows `stdin` on standard input and is
    meant for what differs from run to run (keys, tokens): it is no part of the call's environment digest, so
    that a replay has the same one.

    With `warm`, a command of the form `python -c text ...` may be run as a fork of an interpreter that is
    warm already, where the backend can; what the program sees, may do and is held to is the same.
    """

    label: str
    argv: tuple[str, ...]
    root: Path
    stack: Stack | None = None
    cwd: Path | None = None
    binds: tuple[Bind, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    stdin: bytes = b""
    nonce: bytes = b""
    report: bool = False
    report_bytes: int = 0
    outputs: tuple[str, ...] = ()
    writes: Path | None = None
    warm: Warmth | None = None
