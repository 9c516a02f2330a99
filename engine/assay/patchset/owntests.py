"""What the members of a set tested of themselves, asked again of their combination.

Promises: pure. A combination is good only if every new test that passed on a member alone passes on it,
whatever the policy makes of own tests that fail; one that failed there and then passed when it was run again
is one that fails by chance, and no fault of the combination's. Of a member whose list of tests was cut short,
those on it are asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from assay.model.outcome import GateResult
from assay.model.verdict import Decision, Verdict


def with_own_tests(verdict: Verdict, members: Iterable[Verdict]) -> Verdict:
    """The verdict on a combination of members with these verdicts: rejected if it lacks a test of theirs."""
    lists = _own(verdict)
    if verdict.decision is not Decision.ACCEPTED or _cut(verdict):
        return verdict
    passed = {_name(test) for test in (*lists, *_told(verdict, "flaky"))}
    missing = sorted({test for member in members for test in _own(member) if _name(test) not in passed})
    if not missing:
        return verdict
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return replace(
        verdict,
        decision=Decision.REJECTED,
        rejected_by="tests",
        reason=f"{missing[0]}{more} passes on a member of the set alone, and not on the combination",
        gates=tuple(_failing(result, missing) for result in verdict.gates),
    )


def _own(verdict: Verdict) -> list[str]:
    return _told(verdict, "own_passed")


def _told(verdict: Verdict, name: str) -> list[str]:
    return [str(test) for result in verdict.gates for test in result.detail.get(name, ())]


def _cut(verdict: Verdict) -> bool:
    return any("own_passed" in result.detail.get("cut", {}) for result in verdict.gates)


def _name(test: str) -> str:
    """A test's id without its file, which another member may have renamed."""
    return test.split("::", 1)[-1]


def _failing(result: GateResult, missing: list[str]) -> GateResult:
    """The result of the tests gate, saying so where whoever looks for a witness finds it."""
    if result.gate != "tests":
        return result
    return replace(result, detail={**result.detail, "own_missing": missing})
