"""What the injected plugin holds still, and the order that it makes, over real pytest runs."""

import itertools

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from assay.gates.inject.assay_steady import _rank
from assay.gates.testing import run as run_module
from assay.gates.testing.conditions import USUAL, Conditions
from assay.gates.testing.run import Ended, execute
from assay.gates.testing.suite import Result

IDS = st.lists(
    st.builds("{}.py::{}::{}[{}]".format, *[st.sampled_from("abcd")] * 3, st.sampled_from(["x", "::", "["])),
    unique=True,
)
SIX = """
import pytest
import log

@pytest.mark.parametrize('x', range(3))
def test_{name}(x):
    log.say(x)
"""
LOG = """
import random

def say(x):
    with open({path!r}, 'a') as file:
        file.write(f'{{x}} {{random.random()}}\\n')
"""


@given(IDS, IDS)
def test_the_order_of_two_tests_does_not_depend_on_others(some, more):
    def ordered(tests):
        return sorted(tests, key=lambda test: _rank(b"k", test))

    both = ordered({*some, *more})
    assert [test for test in both if test in some] == ordered(some)


@given(IDS)
def test_files_and_classes_stay_together(tests):
    tests.sort(key=lambda test: _rank(b"k", test))
    files = [test.split("::")[0] for test in tests]
    borders = sum(one != other for one, other in itertools.pairwise(files))
    assert borders == max(0, len(set(files)) - 1)


@pytest.fixture
def run(tmp_path, project):
    """Run a project whose tests say what they see; the lines they say, in order."""
    path = tmp_path / "said"
    files = {f"tests/test_{name}.py": SIX.format(name=name) for name in "abc"}
    made = project({"log.py": LOG.format(path=str(path)), **files})

    def run(conditions=USUAL, **rules):
        tests = structs.replace(made.toolbox.policy.tests, **rules)
        made.toolbox.policy = structs.replace(made.toolbox.policy, tests=tests)
        path.unlink(missing_ok=True)

        async def main():
            return await execute(made.toolbox, str(made.tree), label="t", seconds=60, conditions=conditions)

        found = anyio.run(main)
        assert found.ended is Ended.COMPLETE
        assert len(found.suite.cases) == 10
        return path.read_text().splitlines()

    return run


def test_another_order_is_the_same_order_every_time(run):
    def places(lines):
        return [line.split()[0] for line in lines]

    usual, other = places(run()), places(run(Conditions(order="k")))
    assert usual == ["0", "1", "2"] * 3
    assert other != usual
    assert sorted(other) == sorted(usual)
    assert places(run(Conditions(order="k"))) == other


def test_seeded_random_numbers_are_a_test_s_own_whatever_ran_before(run):
    first = run(seed=3)
    assert first == run(seed=3)
    assert sorted(first) == sorted(run(Conditions(order="k"), seed=3))
    assert first != run(seed=4)
    assert run(seed=0) != run(seed=0)


def test_the_hash_seed_reaches_the_tests(project):
    body = "import os\n\n\ndef test_seed():\n    assert os.environ['PYTHONHASHSEED'] == '7'\n"
    made = project({"tests/test_seed.py": body})

    async def main(conditions):
        return await execute(made.toolbox, str(made.tree), label="t", seconds=60, conditions=conditions)

    assert anyio.run(main, Conditions(hash_seed=7)).status == 0
    assert anyio.run(main, USUAL).status == 1


NOON = "tests/test_clock.py::test_clock"
CLOCK = """
import datetime
import subprocess
import time


def test_clock():
    assert time.time() == 1714564800.0
    assert datetime.datetime.now(datetime.timezone.utc).isoformat() == "2024-05-01T12:00:00+00:00"
    time.sleep(0.01)
    assert time.time() == 1714564800.0
"""


@pytest.fixture
def at_noon(project):
    """A run of tests that see what time it is, at an instant of 2024."""

    def at_noon(files=()):
        made = project({"tests/test_clock.py": CLOCK, **dict(files)})
        tests = structs.replace(made.toolbox.policy.tests, clock="2024-05-01T14:00:00+02:00")
        made.toolbox.policy = structs.replace(made.toolbox.policy, tests=tests)
        return anyio.run(lambda: execute(made.toolbox, str(made.tree), label="t", seconds=60))

    return at_noon


def test_the_clock_stands_still_if_asked_to(at_noon):
    found = at_noon()
    assert found.ended is Ended.COMPLETE, found.why
    assert found.suite.by_id()[NOON].result is Result.PASSED, found.suite.cases


def test_what_stops_the_clock_is_not_taken_from_the_tree(at_noon):
    found = at_noon({"time_machine.py": "raise SystemExit(5)\n"})
    assert found.suite.by_id()[NOON].result is Result.PASSED, found.suite.cases


def test_a_clock_that_cannot_be_stopped_is_refused(at_noon, monkeypatch):
    whole = run_module.texts()
    monkeypatch.setattr(
        run_module, "texts", lambda: whole.replace(b"from time_machine import", b"from gone import")
    )
    found = at_noon()
    assert found.ended is Ended.REFUSED
    assert "tests.clock needs time-machine" in found.why
