from __future__ import annotations

from collections.abc import Callable

import pytest

from assay.model.outcome import Severity
from assay.policy.overrides import overrides, trust_tests
from assay.policy.schema import Policy

ABOUT_TESTS = tuple(
    f"scope/test-{what}" for what in ("changed", "deleted", "weakened", "expectation", "helper")
)


@pytest.mark.parametrize("name", ["default", "agent", "strict"])
def test_vouched_for_tests_are_shown_and_reject_nothing(load_base: Callable[..., Policy], name: str) -> None:
    policy = load_base({}, name=name)
    trusted = trust_tests(policy)
    assert trusted.tests.trust
    assert not trusted.tests.tests_of_base
    for rule in ABOUT_TESTS:
        assert trusted.scope.severity[rule] in (Severity.WARNING, Severity.NOTE)
    kept = {rule: each for rule, each in policy.scope.severity.items() if rule not in ABOUT_TESTS}
    assert kept.items() <= trusted.scope.severity.items()
    assert trusted.scope.protected == policy.scope.protected


def test_invariant_8_an_override_is_another_policy_and_says_so(load_base: Callable[..., Policy]) -> None:
    policy = load_base({}, name="agent")
    trusted = trust_tests(policy)
    assert trusted.digest != policy.digest
    assert (overrides(policy), overrides(trusted)) == ((), ("--trust-tests",))
    assert trusted.sources["tests.trust"] == "--trust-tests"
    assert trust_tests(load_base({}, name="agent")).digest == trusted.digest
