"""What the command line changes in an effective policy: the user's own word, for one run.

Promises: pure. The changed policy has a digest of its own (so that no result made under other rules is taken
for its), and names the option among its origins.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from assay.model.errors import BadInput
from assay.model.outcome import Severity
from assay.policy.assemble import seal
from assay.policy.problem import dotted
from assay.policy.rules import glob_problem
from assay.policy.schema import Policy

TRUST_TESTS = "--trust-tests"
ALLOW = "--allow"
ACCEPTANCE = "--acceptance"
REQUIRE = "--require"

_ALL = frozenset({TRUST_TESTS, ALLOW, ACCEPTANCE, REQUIRE})
_GATE = "acceptance"

ABOUT_TESTS = frozenset(
    {
        "scope/test-changed",
        "scope/test-deleted",
        "scope/test-weakened",
        "scope/test-expectation",
        "scope/test-helper",
    }
)
"""The rules of the scope gate that `--trust-tests` lifts."""
_SHOWN = frozenset({Severity.WARNING, Severity.NOTE})


def trust_tests(policy: Policy) -> Policy:
    """`policy` for a change whose tests the user vouches for: they count as the candidate has them, and the
    scope gate's rules on changed tests show what they find instead of rejecting. Protected paths stay so."""
    severity = dict(policy.scope.severity)
    severity |= {rule: Severity.WARNING for rule in ABOUT_TESTS if severity.get(rule) not in _SHOWN}
    return _overridden(
        structs.replace(
            policy,
            tests=structs.replace(policy.tests, trust=True),
            scope=structs.replace(policy.scope, severity=severity),
        ),
        TRUST_TESTS,
        ("tests.trust", *(dotted(("scope", "severity", rule)) for rule in sorted(ABOUT_TESTS))),
    )


def allow(policy: Policy, globs: Sequence[str]) -> Policy:
    """`policy` for a task that may touch these paths only. Raises BadInput for a glob that means nothing, and
    for a policy without the gate that would hold candidates to it."""
    for glob in globs:
        if problem := glob_problem(glob):
            raise BadInput(f"{glob!r} {problem}", where=ALLOW)
    if "scope" not in policy.gates:
        raise BadInput("this policy has no scope gate to check it", where=f"{ALLOW}, policy {policy.name}")
    scope = structs.replace(policy.scope, allow=tuple(globs))
    return _overridden(structs.replace(policy, scope=scope), ALLOW, ("scope.allow",))


def accept(policy: Policy, option: str) -> Policy:
    """`policy` with the acceptance gate, last unless it has a place already, and required. `option` is what
    asks for it."""
    gates = policy.gates if _GATE in policy.gates else (*policy.gates, _GATE)
    optional = tuple(gate for gate in policy.optional if gate != _GATE)
    return _overridden(structs.replace(policy, gates=gates, optional=optional), option, ("gates",))


def overrides(policy: Policy) -> tuple[str, ...]:
    """The options that changed this policy, in order."""
    return tuple(origin for origin in policy.origin if origin in _ALL)


def _overridden(policy: Policy, option: str, keys: tuple[str, ...]) -> Policy:
    sources = {**policy.sources, **dict.fromkeys(keys, option)}
    return seal(structs.replace(policy, origin=(*policy.origin, option), sources=sources))
