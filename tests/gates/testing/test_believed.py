"""A deviation is seen twice on the candidate, and not on the base, before it is tampering."""

from types import SimpleNamespace

import anyio
import pytest
from msgspec import structs

from assay.gates.testing import believed as module
from assay.gates.testing.believed import believed
from assay.gates.testing.compare import Touched
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Body, Case, Result, Suite
from assay.model.outcome import GateResult, Outcome, ResourceUse
from assay.policy.schema import Tests

GOOD = Case(id="t.py::t", result=Result.PASSED, file="t.py", origin="t.py::t", plain=True, body=Body.LEFT)
CLEAN = Run(suite=Suite(cases=(GOOD,)), ended=Ended.COMPLETE)
FORGED = Run(suite=Suite(cases=(structs.replace(GOOD, body=Body.NONE),)), ended=Ended.COMPLETE)
ALTERED = Run(suite=Suite(cases=(GOOD,), altered={"time.time": "lib.py"}), ended=Ended.COMPLETE)
SPOILT = Run(suite=Suite(), ended=Ended.INFRA, why="could not be run")
CRASHED = Run(suite=Suite(), ended=Ended.CRASHED, why="crashed", status=3)
PASS = GateResult(gate="tests", outcome=Outcome.PASSED, evidence={"tests": 1})


@pytest.fixture
def ask(monkeypatch):
    """The stage's result for a first run; `runs` counts the runs that it made."""

    def ask(found, *, base=CLEAN, again=CLEAN, base_again=CLEAN, confirm=1):
        made = []

        async def candidate():
            made.append("candidate")
            return again

        async def of_base(toolbox, tree):
            made.append("base")
            return base_again

        monkeypatch.setattr(module.base, "results_again", of_base)
        bench = SimpleNamespace(
            subject=SimpleNamespace(touched=Touched(trusted=True)),
            toolbox=SimpleNamespace(policy=SimpleNamespace(tests=Tests(confirm=confirm))),
            candidate=SimpleNamespace(base=SimpleNamespace(tree="t")),
            use=ResourceUse(),
            again=candidate,
        )
        trial = SimpleNamespace(base=base, found=found)
        return anyio.run(believed, bench, trial, PASS), made

    return ask


def test_a_clean_run_costs_nothing(ask):
    assert ask(CLEAN) == (PASS, [])


@pytest.mark.parametrize("run", [FORGED, ALTERED], ids=["forged", "altered"])
def test_seen_twice_it_is_tampering(ask, run):
    got, made = ask(run, again=run)
    assert got.outcome is Outcome.TAMPERED
    assert got.detail["tampering"] == [got.reason]
    assert made == ["candidate", "base"]


def test_seen_once_it_is_no_pass_either(ask):
    got, _ = ask(FORGED, again=CLEAN)
    assert got.outcome is Outcome.INFRA
    assert "a second run did not show it" in got.reason


def test_another_kind_the_second_time_proves_nothing(ask):
    assert ask(FORGED, again=ALTERED)[0].outcome is Outcome.INFRA


def test_what_the_base_shows_the_second_time_is_not_held_against_the_candidate(ask):
    assert ask(ALTERED, again=ALTERED, base_again=ALTERED)[0].outcome is Outcome.INFRA


@pytest.mark.parametrize("spoilt", [{"again": SPOILT}, {"base_again": SPOILT}, {"base_again": CRASHED}])
def test_trouble_of_the_machine_is_not_tampering(ask, spoilt):
    assert ask(FORGED, **{"again": FORGED, **spoilt})[0].outcome is Outcome.INFRA


def test_a_candidate_that_breaks_off_the_second_time_has_said_enough(ask):
    assert ask(FORGED, again=CRASHED)[0].outcome is Outcome.TAMPERED


def test_without_confirmation_one_run_is_believed(ask):
    got, made = ask(FORGED, confirm=0)
    assert (got.outcome, made) == (Outcome.TAMPERED, [])


def test_a_base_that_came_to_no_end_excuses_nothing_and_accuses_nobody(ask):
    """Of a candidate that mends a crash only what its tests' own bodies say is held against it."""
    assert ask(ALTERED, base=CRASHED) == (PASS, [])
    got, made = ask(FORGED, base=CRASHED, again=FORGED)
    assert got.outcome is Outcome.TAMPERED
    assert made == ["candidate"]
