"""What fails on a combined tree, as names that can be found again in other combinations.

Promises: pure. A test that newly fails, or a member's own that no longer passes, is named by its id; a
finding by gate, rule, path and message; a gate that rejects and names nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from assay.gates.fingerprint import fingerprint
from assay.model.outcome import Finding, GateResult, Outcome
from assay.model.verdict import Decision, Verdict, rejects
from assay.patchset.hunt import Seen

_TESTS = {"own_missing": "no longer passes", "newly_failing": "newly fails"}
"""Lists of tests in a result's detail, and what these tests do."""
_QUOTED = re.compile(r"""['"`]([\w.\-]{3,80})['"`]""")


def seen(verdict: Verdict) -> Seen:
    """The failures of a rejected combination, at least one; none of an accepted one."""
    if verdict.decision is not Decision.REJECTED:
        return Seen(frozenset())
    found = frozenset(_failures(verdict)) or frozenset({f"{verdict.rejected_by}:"})
    return Seen(found, whole=not any(_cut(result) for result in verdict.gates))


def tests(verdict: Verdict, failures: Collection[str]) -> tuple[str, ...]:
    """The ids of the tests among these failures."""
    named = dict.fromkeys(test for result in verdict.gates for test in _tests(result))
    return tuple(test for test in named if test in failures)


def witness(verdict: Verdict, failures: Collection[str]) -> tuple[str, str]:
    """Where these failures of a combination are (a test's id where there is one, else the gate), and a clause
    saying so."""
    gate = verdict.rejected_by or "unknown"
    for result in verdict.gates:
        for name, words in _TESTS.items():
            failing = [test for test in map(str, result.detail.get(name, ())) if test in failures]
            if failing:
                more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
                return failing[0], f"{failing[0]}{more} {words}"
        if result.gate == gate and result.outcome is not Outcome.PASSED:
            first = next((f for f in result.findings if _finding(gate, f) in failures), None)
            if first is not None:
                return f"{first.path}:{first.line}", f"the {gate} gate finds {first.rule}: {first.message}"
    return gate, f"the {gate} gate rejects them: {verdict.reason}"


def quoted(verdict: Verdict, failures: Collection[str]) -> frozenset[str]:
    """What the messages of these tests put in quotes: the name, key or attribute that an exception misses."""
    return frozenset(
        word
        for result in verdict.gates
        if rejects(result)
        for finding in result.findings
        if any(finding.fingerprint == fingerprint(finding.rule, test) for test in failures)
        for word in _QUOTED.findall(finding.message)
    )


def _finding(gate: str, finding: Finding) -> str:
    return f"{gate}: {finding.rule} in {finding.path}: {finding.message}"


def _failures(verdict: Verdict) -> Iterator[str]:
    for result in verdict.gates:
        named = list(_tests(result))
        if rejects(result) and not named:
            named = [_finding(result.gate, finding) for finding in result.findings]
        yield from named
        if rejects(result) and not named:
            yield f"{result.gate}:"


def _tests(result: GateResult) -> Iterator[str]:
    for name in _TESTS:
        yield from map(str, result.detail.get(name, ()))


def _cut(result: GateResult) -> bool:
    return any(name in result.detail.get("cut", {}) for name in _TESTS)
