"""How endings are concluded from what was observed."""

from __future__ import annotations

import signal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import Limits
from assay.sandbox.ending import Observed, Stop, conclude

LIMITS = Limits(cpu_seconds=10.0)


def seen(**fields: object) -> Observed:
    handed_on = (fields.get("code") or 0) << 8
    return Observed(**{"started": True, "code": 0, "by_signal": False, "wait_status": handed_on, **fields})


@pytest.mark.parametrize(
    ("observed", "ending", "resource"),
    [
        (seen(), Ending.EXITED, None),
        (seen(code=3), Ending.EXITED, None),
        (seen(code=139), Ending.EXITED, None),
        (seen(code=139, by_signal=True), Ending.SIGNALLED, None),
        (seen(code=1, oom_kills=1), Ending.EXHAUSTED, Resource.MEMORY),
        (seen(code=0, oom_kills=1), Ending.EXITED, None),
        (seen(code=1, refused_forks=2), Ending.EXHAUSTED, Resource.PIDS),
        (seen(code=None, stop=Stop.TIME), Ending.EXHAUSTED, Resource.TIME),
        (seen(code=0, stop=Stop.TIME), Ending.EXITED, None),
        (seen(code=0, stop=Stop.OUTPUT), Ending.EXHAUSTED, Resource.OUTPUT),
        (seen(code=None, stop=Stop.CPU), Ending.EXHAUSTED, Resource.CPU),
        (seen(code=128 + signal.SIGXFSZ, by_signal=True), Ending.EXHAUSTED, Resource.DISK),
        (seen(code=137, by_signal=True, cpu_seconds=10.0), Ending.EXHAUSTED, Resource.CPU),
        (seen(code=137, by_signal=True, cpu_seconds=1.0), Ending.SIGNALLED, None),
        (seen(code=None, stop=Stop.CANCELLED), Ending.CANCELLED, None),
        (seen(started=False, code=None, wait_status=0xFF00), Ending.INFRA, None),
        (seen(code=None, wait_status=9), Ending.INFRA, None),
        (seen(code=None, wait_status=137 << 8), Ending.INFRA, None),
        (seen(code=None, wait_status=137 << 8, oom_kills=1), Ending.EXHAUSTED, Resource.MEMORY),
        (seen(code=None, wait_status=139 << 8), Ending.SIGNALLED, None),
        (seen(code=1, wait_status=1 << 8, oom_kills_elsewhere=1), Ending.INFRA, None),
        (seen(oom_kills_elsewhere=1), Ending.EXITED, None),
        (seen(code=None, wait_status=137 << 8, stop=Stop.MEMORY), Ending.EXHAUSTED, Resource.MEMORY),
        (seen(code=None, wait_status=137 << 8, stop=Stop.PIDS), Ending.EXHAUSTED, Resource.PIDS),
        (seen(code=None, wait_status=137 << 8, stop=Stop.DISK), Ending.EXHAUSTED, Resource.DISK),
        (seen(code=None, wait_status=137 << 8, stop=Stop.FILES), Ending.EXHAUSTED, Resource.DISK),
        (seen(code=None, wait_status=137 << 8, stop=Stop.NO_DISK), Ending.INFRA, None),
        (seen(code=None, wait_status=137 << 8, stop=Stop.NO_MEMORY), Ending.INFRA, None),
        (seen(code=0, wait_status=137 << 8, stop=Stop.TIME), Ending.EXHAUSTED, Resource.TIME),
        (seen(code=0, wait_status=9), Ending.INFRA, None),
    ],
)
def test_each_ending(observed: Observed, ending: Ending, resource: Resource | None) -> None:
    concluded = conclude(observed, LIMITS)
    assert (concluded.ending, concluded.resource) == (ending, resource)
    assert concluded.reason or ending is Ending.EXITED


def test_a_jail_that_did_not_start_says_why() -> None:
    concluded = conclude(seen(started=False, code=None, log="no user\n namespaces"), LIMITS)
    assert concluded.reason == "the jail did not start (no user namespaces)"


observations = st.builds(
    Observed,
    started=st.just(True),
    code=st.none() | st.integers(0, 255),
    by_signal=st.booleans(),
    wait_status=st.integers(0, 255).map(lambda code: code << 8),
    stop=st.none()
    | st.sampled_from([Stop.TIME, Stop.CPU, Stop.OUTPUT, Stop.MEMORY, Stop.PIDS, Stop.DISK, Stop.FILES]),
    oom_kills=st.integers(0, 2),
    refused_forks=st.integers(0, 2),
    cpu_seconds=st.floats(0, 100),
)


@given(observations)
def test_invariant_6_a_started_program_is_never_the_machines_trouble(observed: Observed) -> None:
    # Nothing inside can kill the first process.
    assume(observed.code is not None or observed.wait_status != (128 + signal.SIGKILL) << 8)
    assert conclude(observed, LIMITS).ending not in (Ending.INFRA, Ending.CANCELLED)


@given(observations)
def test_invariant_5_success_needs_the_programs_own_status_zero(observed: Observed) -> None:
    if conclude(observed, LIMITS).exit_code == 0:
        assert observed.code == 0
        assert observed.wait_status == 0


@pytest.mark.parametrize(("inside", "outside", "told"), [(0, 1, 1), (0, 137, 137), (1, 0, 1), (3, 0, 1)])
def test_a_status_that_the_outside_does_not_confirm_is_a_failure(
    inside: int, outside: int, told: int
) -> None:
    concluded = conclude(seen(code=inside, wait_status=outside << 8), LIMITS)
    assert (concluded.ending, concluded.exit_code) == (Ending.EXITED, told)
    assert f"ended with {inside}" in concluded.reason
