"""What a trial's outcome is, apart from how it was come by: tests that waver."""

import msgspec
import pytest

from assay.gates.testing.compare import Comparison
from assay.gates.testing.confirm import Confirmation
from assay.gates.testing.health import Health
from assay.gates.testing.judge import Trial, base_unusable, judge
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Case, Result, Suite
from assay.model.outcome import Outcome, Resource
from assay.policy.schema import Policy, Tests

RUN = Run(
    suite=Suite(cases=(Case(id="t.py::a", result=Result.PASSED), Case(id="t.py::b", result=Result.PASSED))),
    ended=Ended.COMPLETE,
    status=0,
)


def outcome(rate, *, from_base=True, known=(), on_base=()):
    """Of a candidate on which t.py::a failed in `rate` (failures, runs)."""
    trial = Trial(
        base=RUN,
        found=RUN,
        comparison=Comparison(),
        confirmation=Confirmation(
            flaky={"t.py::a": rate}, shaky=frozenset(on_base), on_base=frozenset(on_base)
        ),
        health=Health(flaky=dict.fromkeys(known, (1, 2))),
    )
    return judge(trial, Tests(from_base=from_base))


@pytest.mark.parametrize("rate", [(2, 3), (4, 5)])
def test_invariant_5_what_is_right_by_chance_is_not_accepted_where_the_bases_tests_decide(rate):
    result = outcome(rate)
    assert result.outcome is Outcome.INFRA
    assert "t.py::a failed in" in result.reason


def test_invariant_6_one_failure_of_chance_is_shown_and_no_more():
    result = outcome((1, 4))
    assert result.outcome is Outcome.PASSED
    assert [finding.rule for finding in result.findings] == ["tests/wavers"]


def test_a_test_that_wavers_on_the_base_is_no_news():
    result = outcome((3, 4), known=["t.py::a"])
    assert result.outcome is Outcome.PASSED
    assert not result.findings


def test_a_test_that_failed_on_the_base_too_when_asked_again_is_no_news_if_it_passed_here():
    result = outcome((3, 4), on_base=["t.py::a"])
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    never = outcome((2, 2), on_base=["t.py::a"])
    assert never.outcome is Outcome.INFRA
    assert "then on the base as well" in never.reason


def test_a_persons_own_change_is_told_and_goes_on():
    assert outcome((3, 4), from_base=False).outcome is Outcome.PASSED


@pytest.mark.parametrize("resource", list(Resource))
def test_a_base_that_runs_out_of_something_is_told_which_setting_to_raise(resource):
    run = Run(suite=Suite(), ended=Ended.EXHAUSTED, why=f"ran out of {resource}", resource=resource)
    got = base_unusable(run, "python")
    assert got.outcome is Outcome.INFRA
    named = got.reason.partition("; raise ")[2].partition(" in assay.toml")[0]
    policy = msgspec.to_builtins(Policy(name="p"))
    for key in named.replace(" or ", ", ").split(", "):
        section, _, name = key.partition(".")
        assert name in policy[section], "the policy has such a key"
