"""What the ledger keeps and answers, as frozen records.

Promises: each record under "kept" is exactly one entry's payload; times are seconds since the epoch.
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from assay.ledger.process import Process
from assay.ledger.states import State
from assay.model.candidate import Candidate, Record
from assay.model.outcome import GateResult
from assay.model.tool import ToolCall
from assay.model.verdict import Decision, Verdict

# Kept.


class Begun(Record, frozen=True, kw_only=True):
    """A transaction's first entry: the command, what it was asked, and which process runs it."""

    command: str
    payload: dict[str, Any]
    process: Process


class Stepped(Record, frozen=True, kw_only=True):
    """A transaction entered a state."""

    state: State
    payload: dict[str, Any] = field(default_factory=dict)


class KeptCandidate(Record, frozen=True, kw_only=True):
    """A candidate as it came in. Its patch is in the content store; `candidate.patch` is empty."""

    candidate: Candidate
    ref: str
    patch: str
    """Digest of the patch's bytes."""


class KeptGateResult(Record, frozen=True, kw_only=True):
    """One gate's whole answer on one candidate, `order` counting its gates from 0."""

    candidate: str
    order: int
    result: GateResult


class KeptOutput(Record, frozen=True, kw_only=True):
    """One output of a program: where its kept bytes are, and what there was in all.

    Of an output beyond the bound only beginning and end are kept: `cut` bytes are missing after the first
    `head` bytes. `whole` is the digest of everything, so that a replay can still be compared.
    """

    digest: str
    size: int
    whole: str
    head: int = 0
    cut: int = 0


class KeptToolCall(Record, frozen=True, kw_only=True):
    """A program that was run. The bytes of `call` are in the content store: `stdout`, `stderr`, `report`, and
    `output:PATH` for files it left; names without an output had none."""

    candidate: str
    gate: str
    call: ToolCall
    outputs: dict[str, KeptOutput]


class KeptVerdict(Record, frozen=True, kw_only=True):
    """A verdict. `order` names its gates; `verdict.gates` has only those results that no entry of their own
    recorded in this transaction before."""

    verdict: Verdict
    order: tuple[str, ...]


class Landing(Record, frozen=True, kw_only=True):
    """A ref that was moved, from where to where, and the plan that says why."""

    ref: str
    old: str
    new: str
    plan: dict[str, Any] = field(default_factory=dict)


class Pruned(Record, frozen=True, kw_only=True):
    """Bodies removed from the content store: of transactions before `before`, `bodies` many with together
    `bytes` bytes."""

    before: float
    bodies: int
    bytes: int


# Answered.


class Transaction(Record, frozen=True, kw_only=True):
    """One run. `updated` is when it last entered a state; `verdicts` counts decisions."""

    id: str
    command: str
    began: float
    updated: float
    state: State
    process: Process
    payload: dict[str, Any]
    verdicts: dict[Decision, int]


class Step(Record, frozen=True, kw_only=True):
    """A state that a transaction entered, when, and with what payload."""

    state: State
    time: float
    payload: dict[str, Any]


class Unfinished(Record, frozen=True, kw_only=True):
    """A transaction that has not settled. Only one that is not `alive` is anybody's to recover."""

    transaction: Transaction
    steps: tuple[Step, ...]
    alive: bool

    @property
    def id(self) -> str:
        return self.transaction.id

    @property
    def state(self) -> State:
        return self.transaction.state

    @property
    def process(self) -> Process:
        return self.transaction.process


class Found(Record, frozen=True, kw_only=True):
    """A candidate in some transaction, and its verdict if it got one."""

    transaction: str
    time: float
    kept: KeptCandidate
    decision: Decision | None
    reason: str
    rejected_by: str | None


class Rejection(Record, frozen=True, kw_only=True):
    """A rejected candidate: when, by which gate (None: none in particular), and why."""

    transaction: str
    time: float
    candidate: str
    name: str
    gate: str | None
    reason: str
