"""One gate's answer for several candidates that are equal up to comments and formatting.

Promises: the first of a class that gets to the gate is run, the others wait for its answer without holding a
place that somebody else could use. What chance or the machine had a hand in is not shared: then the next of
them runs itself. A shared answer names the candidate that was run, costs nothing and points to no line, since
lines differ. Nothing is worked out for a candidate that gets to the gate alone, or whose answer is cached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio
from msgspec.structs import replace

from assay.gates.protocol import Gate, Toolbox
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, ResourceUse, Skip
from assay.policy.schema import Equivalence, Policy
from assay.repo.globs import compile_globs

if TYPE_CHECKING:
    from assay.grade.equivalence import Form, Forms

SHARED = "tests"
"""The gate whose answers are shared. Scope and lint are asked about text itself; the other quick gates are
cached by file, and cost less than finding out who equals whom."""

_SAYS = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.TAMPERED})

Run = Callable[[], Awaitable[GateResult]]


class _Class:
    """Candidates of one form: `first` stands for it, `result` is the answer once there is one to share, made
    by `leader`; `running` is there while a member is run."""

    def __init__(self, first: Candidate) -> None:
        self.first = first
        self.leader = first
        self.result: GateResult | None = None
        self.running: anyio.Event | None = None


class Classes:
    """The classes of one grading."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox
        self._on = _applies(toolbox.policy)
        self._alone: _Class | None = None
        self._by_outline: dict[Form, list[_Class]] = {}
        self._forms: Forms | None = None

    async def answer(self, gate: Gate, candidate: Candidate, run: Run) -> GateResult:
        """What `run` says of the candidate, or what it said of an equal one."""
        if gate.name != SHARED or not self._on or candidate.tree is None:
            return await run()
        mine = await self._class_of(candidate)
        while mine.result is None:
            if mine.running is not None:
                await mine.running.wait()
                continue
            mine.running = anyio.Event()
            try:
                result = await run()
                if shareable(result):
                    mine.leader, mine.result = candidate, result
                return result
            finally:
                mine.running.set()
                mine.running = None
        return shared(mine.result, mine.leader)

    async def _class_of(self, candidate: Candidate) -> _Class:
        own = _Class(candidate)
        if not self._by_outline and self._alone is None:
            self._alone = own
            return own
        forms = self._known_forms()
        if self._alone is not None:
            self._by_outline[forms.outline(self._alone.first)] = [self._alone]
            self._alone = None
        alike = self._by_outline.setdefault(forms.outline(candidate), [])
        for other in alike:
            if forms.form(other.first) == forms.form(candidate):
                from assay.grade import sight  # with all that watches tests: a hook never comes here

                return own if await sight.seen(self._toolbox, candidate, other.first) else other
        alike.append(own)
        return own

    def _known_forms(self) -> Forms:
        if self._forms is None:
            from assay.grade.equivalence import Forms  # one candidate alone is equal to none

            repo, policy = self._toolbox.repo, self._toolbox.policy
            self._forms = Forms(repo.blob, compile_globs(policy.compile.exclude))
        return self._forms


def shareable(result: GateResult) -> bool:
    """Whether an answer depends on nothing but what is the same for the whole class."""
    if result.detail.get("flaky"):
        return False
    return result.outcome in _SAYS or result.skip is Skip.NOT_APPLICABLE


def shared(result: GateResult, leader: Candidate) -> GateResult:
    """The answer about `leader` as that about one of its equals."""
    as_of = f"as of {leader.name}, from which it differs in comments and formatting only"
    return replace(
        result,
        reason=f"{result.reason} ({as_of})" if result.reason else as_of,
        findings=tuple(replace(found, line=0, end_line=0, column=0) for found in result.findings),
        # Good enough to compare by; what lands is run itself (see `verdict.partial`).
        detail={**result.detail, "quick": True},
        use=ResourceUse(),
        equivalent_to=leader.id,
    )


def _applies(policy: Policy) -> bool:
    """Whether the policy has it so, and has each candidate's files compiled by the project's interpreter
    before: what is one tree to Assay's own may not parse in another version."""
    if policy.grade.equivalence is not Equivalence.FORMATTING:
        return False
    gates = policy.required
    return SHARED in gates and "compile" in gates[: gates.index(SHARED)]
