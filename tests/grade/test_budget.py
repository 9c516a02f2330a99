"""Budgets: set aside before, settled after, and running out is no rejection."""

import anyio
import pytest
from tests.grade.fakes import FakeBench, FakeGate, make_candidate
from tests.grade.test_engine import graded

from assay.grade.budget import Budget, Purse, Reservation, meter
from assay.model.outcome import ResourceUse, passed
from assay.model.verdict import Decision


class Till:
    """A meter that is told what was spent."""

    def __init__(self):
        self.spent = Budget()

    def __call__(self):
        return self.spent


def expecting(cost, till=None):
    """A purse of 10 CPU seconds, where a candidate costs so many as far as is known."""
    purse = Purse(Budget(cpu_seconds=10), till or Till())
    purse.expect(Budget(cpu_seconds=cost))
    return purse


def reserved(purse):
    return anyio.run(purse.reserve)


def test_without_bounds_everything_is_had():
    purse = Purse(Budget(), lambda: Budget(seconds=1e9, cpu_seconds=1e9))
    assert not purse.bounded
    assert isinstance(reserved(purse), Reservation)


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        (Budget(seconds=10), "10 s"),
        (Budget(cpu_seconds=10), "CPU time"),
        (Budget(money=10), "budget of 10 was"),
    ],
)
def test_what_is_spent_is_spent(bounds, word):
    till = Till()
    purse = Purse(bounds, till)
    assert isinstance(reserved(purse), Reservation)
    till.spent = Budget(seconds=10, cpu_seconds=10, money=10)
    purse = Purse(bounds, till)
    why = reserved(purse)
    assert word in why
    assert anyio.run(purse.watch) in why


def test_what_is_expected_not_to_fit_is_not_begun():
    purse = expecting(11)
    assert "expected to cost (11 s)" in reserved(purse)


def test_what_is_set_aside_is_waited_for_and_comes_back():
    async def work():
        purse = expecting(6)
        first = await purse.reserve()
        got = []

        async def second():
            got.append(await purse.reserve())

        async with anyio.create_task_group() as tasks:
            with first.held():
                tasks.start_soon(second)
                await anyio.wait_all_tasks_blocked()
                assert not got
                first.settle(ResourceUse(cpu_seconds=2))
        assert purse.expected.cpu_seconds == 2
        return got[0]

    assert isinstance(anyio.run(work), Reservation)


def test_time_for_which_a_run_gave_way_is_not_spent():
    assert meter(lambda: 0.0, lambda: 1000.0)().seconds < 0
    assert meter(lambda: 7.0, lambda: 0.0)().cpu_seconds >= 7


def test_a_spent_budget_leaves_the_rest_inconclusive_and_says_so():
    till = Till()
    gate = FakeGate("one", h="hang")
    run = gate.run

    async def dear(toolbox, candidate):
        till.spent = Budget(cpu_seconds=till.spent.cpu_seconds + 4)
        return await run(toolbox, candidate)

    gate.run = dear
    purse = Purse(Budget(cpu_seconds=10), till)
    names = ["a", "b", "h", "c"]
    verdicts = graded(
        FakeBench(["one"]), [gate], [make_candidate(name) for name in names], jobs=1, purse=purse
    )
    decisions = [verdict.decision for verdict in verdicts]
    assert decisions == [Decision.ACCEPTED, Decision.ACCEPTED, Decision.INCONCLUSIVE, Decision.INCONCLUSIVE]
    assert all("budget of 10 s of CPU time" in verdict.reason for verdict in verdicts[2:])
    assert gate.cancelled == ["h"]


def test_candidates_that_cost_what_is_left_are_not_begun():
    till = Till()
    gate = FakeGate("tests")

    async def run(_toolbox, candidate):
        gate.ran.append(candidate.name)
        till.spent = Budget(cpu_seconds=till.spent.cpu_seconds + 3)
        return passed("tests", evidence={"n": 1}, use=ResourceUse(seconds=1, cpu_seconds=3))

    gate.run = run
    candidates = [make_candidate(f"c{number}") for number in range(40)]
    purse = expecting(3, till)
    verdicts = graded(FakeBench(["tests"]), [gate], candidates, jobs=1, purse=purse)
    assert len(gate.ran) == 3
    assert "no room" in verdicts[-1].reason


def test_work_ends_with_the_budget_that_pays_for_it():
    till = Till()
    ended = []

    async def work():
        try:
            till.spent = Budget(cpu_seconds=10)
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    assert anyio.run(expecting(1, till).within, work) is None
    assert ended == [True]
    assert anyio.run(expecting(1, till).within, work) is None
    assert ended == [True], "what is spent pays for no beginning"


@pytest.mark.parametrize("bounds", [Budget(), Budget(cpu_seconds=10)])
def test_work_that_can_be_paid_for_comes_to_what_it_comes_to(bounds):
    async def work():
        return 3

    assert anyio.run(Purse(bounds, Till()).within, work) == 3
