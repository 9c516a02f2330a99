"""Outcomes, findings and gate results: what one check says of one candidate.

Promises: `Outcome` is closed; an exhausted result names its resource, a skipped one its reason; a finding's
fingerprint does not depend on line numbers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import field

from assay.model.candidate import Record

PRIVATE = "private"
"""Key of a gate result's detail that the ledger keeps and no report shows."""


class Outcome(StrEnum):
    """How one gate ended for one candidate."""

    PASSED = "passed"
    FAILED = "failed"
    EXHAUSTED = "exhausted"
    TAMPERED = "tampered"
    INFRA = "infra"
    SKIPPED = "skipped"


class Resource(StrEnum):
    """What ran out, for `exhausted`."""

    TIME = "time"
    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    PIDS = "pids"
    OUTPUT = "output"


class Skip(StrEnum):
    """Why a gate did not run, for `skipped`. Only the first two are no obstacle to an accept."""

    NOT_APPLICABLE = "not-applicable"
    DISABLED = "disabled"
    NOT_REACHED = "not-reached"
    CANCELLED = "cancelled"


class Severity(StrEnum):
    """What a finding does: `error` rejects, `review` asks a person, `warning` and `note` are shown."""

    ERROR = "error"
    REVIEW = "review"
    WARNING = "warning"
    NOTE = "note"


class Finding(Record, frozen=True, kw_only=True):
    """A rule broken at a place. `line` counts from 1 in the candidate's file; 0 means the whole file."""

    rule: str
    path: str
    line: int
    message: str
    severity: Severity
    fingerprint: str
    end_line: int = 0
    column: int = 0


class ResourceUse(Record, frozen=True, kw_only=True):
    """What running something cost: wall and CPU seconds, peak memory in bytes (0: not measured)."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0


class GateResult(Record, frozen=True, kw_only=True):
    """One gate's word on one candidate.

    `reason` is one sentence, empty only when passed. `detail` is JSON-encodable and gate-specific (for
    `tests`: newly_failing, newly_passing, flaky, pre_existing and more). `evidence` counts what was really
    checked (files parsed, tests run), so that a pass on silence can be told from a pass.
    """

    gate: str
    outcome: Outcome
    reason: str = ""
    resource: Resource | None = None
    skip: Skip | None = None
    findings: tuple[Finding, ...] = ()
    evidence: dict[str, int] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    use: ResourceUse = ResourceUse()
    cached: bool = False
    equivalent_to: str | None = None
    """The id of the candidate that was run in this one's place: equal to it up to comments and formatting."""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.EXHAUSTED) != (self.resource is not None):
            raise ValueError("exactly an exhausted result names its resource")
        if (self.outcome is Outcome.SKIPPED) != (self.skip is not None):
            raise ValueError("exactly a skipped result names its reason")
        if self.outcome is not Outcome.PASSED and not self.reason:
            raise ValueError(f"a result that is {self.outcome} gives a reason")


def passed(gate: str, *, evidence: dict[str, int], **rest: Any) -> GateResult:
    """A pass; `evidence` must count something, since a pass on silence is a defect (invariant 5)."""
    if not any(evidence.values()):
        raise ValueError(f"gate {gate} passed without evidence")
    return GateResult(gate=gate, outcome=Outcome.PASSED, evidence=evidence, **rest)


def failed(gate: str, reason: str, **rest: Any) -> GateResult:
    """A failure that is the candidate's own."""
    return GateResult(gate=gate, outcome=Outcome.FAILED, reason=reason, **rest)


def infra(gate: str, reason: str, **rest: Any) -> GateResult:
    """The machine, not the candidate, kept this gate from an answer (invariant 6)."""
    return GateResult(gate=gate, outcome=Outcome.INFRA, reason=reason, **rest)


def exhausted(gate: str, resource: Resource, reason: str, **rest: Any) -> GateResult:
    """The candidate used up a resource that the base does with."""
    return GateResult(gate=gate, outcome=Outcome.EXHAUSTED, resource=resource, reason=reason, **rest)


def tampered(gate: str, reason: str, **rest: Any) -> GateResult:
    """The candidate interfered with the check itself."""
    return GateResult(gate=gate, outcome=Outcome.TAMPERED, reason=reason, **rest)


def skipped(gate: str, skip: Skip, reason: str, **rest: Any) -> GateResult:
    """The gate did not run, and why."""
    return GateResult(gate=gate, outcome=Outcome.SKIPPED, skip=skip, reason=reason, **rest)
