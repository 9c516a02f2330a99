"""What the injected plugin holds still, and the order that it makes, over real pytest runs."""

import itertools

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from assay.gates.inject.assay_steady import _rank
from assay.gates.testing.conditions import USUAL, Conditions
from assay.gates.testing.run import Ended, execute

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
