"""Tool calls and jails' answers: what was run for a candidate, and how it ended.

Promises: enough to run the call again and compare (argv, environment digest, inputs), and never a status
guessed from text that the program could print.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import field

from assay.model.candidate import Record
from assay.model.outcome import Resource, ResourceUse


class Tier(StrEnum):
    """How strong the jail is on this host, strongest first."""

    HARDENED = "hardened"
    NAMESPACED = "namespaced"
    CONTAINER = "container"
    NONE = "none"


class Isolation(Record, frozen=True, kw_only=True):
    """What runs candidate code on this host, stamped into every verdict."""

    backend: str
    tier: Tier
    notes: tuple[str, ...] = ()


class Ending(StrEnum):
    """How a jailed program ended, told from wait status and cgroups alone."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
    INFRA = "infra"
    REFUSED = "refused"
    """The tree itself obstructs the jail (a link where the environment is mounted): the tree's fault."""


class ToolCall(Record, frozen=True, kw_only=True):
    """One program run on behalf of a gate. `exit_code` is None unless it exited by itself.

    `stdout` and `stderr` hold what was kept of the output (bounded; `truncated` says whether some was cut).
    `report` is what the program wrote to its report descriptor; `outputs` holds those files of
    `JailCommand.outputs` that the program left, by the path they were asked for under.
    """

    label: str
    argv: tuple[str, ...]
    environment_digest: str
    ending: Ending
    exit_code: int | None
    signal: int | None = None
    resource: Resource | None = None
    reason: str = ""
    stdout: bytes = b""
    stderr: bytes = b""
    report: bytes = b""
    outputs: dict[str, bytes] = field(default_factory=dict)
    truncated: bool = False
    use: ResourceUse = ResourceUse()
    started_at: float = 0.0
    warm: bool = False
    """Whether it ran as a fork of an interpreter that was there before."""
