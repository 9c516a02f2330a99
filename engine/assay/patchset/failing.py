"""What fails on a combined tree, as names that can be found again in other combinations.

Promises: pure. A test that newly fails, or a member's own that no longer passes, is named by its id; a
finding by gate, rule, path and message; a gate that rejects and names nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.outcome import GateResult, Outcome
from assay.model.verdict import Decision, Verdict, rejects
from assay.patchset.hunt import Seen

_TESTS = ("newly_failing", "own_missing")


def seen(verdict: Verdict) -> Seen:
    """The failures of a rejected combination, at least one; none of an accepted one."""
    if verdict.decision is not Decision.REJECTED:
        return Seen(frozenset())
    found = frozenset(_failures(verdict)) or frozenset({f"{verdict.rejected_by}:"})
    return Seen(found, whole=not any(_cut(result) for result in verdict.gates))


def tests(verdict: Verdict) -> tuple[str, ...]:
    """The ids of the tests among them."""
    return tuple(dict.fromkeys(test for result in verdict.gates for test in _tests(result)))


def witness(verdict: Verdict) -> tuple[str, str]:
    """Where the combination fails (a test's id where one is named, else the gate), and a clause saying so."""
    gate = verdict.rejected_by or "unknown"
    for result in verdict.gates:
        if missing := [str(test) for test in result.detail.get("own_missing", ())]:
            return missing[0], f"{missing[0]} no longer passes"
        if result.gate != gate or result.outcome is Outcome.PASSED:
            continue
        failing = [str(test) for test in result.detail.get("newly_failing", ())]
        if failing:
            more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
            return failing[0], f"{failing[0]}{more} newly fails"
        if result.findings:
            first = result.findings[0]
            return f"{first.path}:{first.line}", f"the {gate} gate finds {first.rule}: {first.message}"
    return gate, f"the {gate} gate rejects them: {verdict.reason}"


def _failures(verdict: Verdict) -> Iterator[str]:
    for result in verdict.gates:
        named = list(_tests(result))
        if rejects(result) and not named:
            named = [f"{result.gate}: {f.rule} in {f.path}: {f.message}" for f in result.findings]
        yield from named
        if rejects(result) and not named:
            yield f"{result.gate}:"


def _tests(result: GateResult) -> Iterator[str]:
    for name in _TESTS:
        yield from map(str, result.detail.get(name, ()))


def _cut(result: GateResult) -> bool:
    return any(name in result.detail.get("cut", {}) for name in _TESTS)
