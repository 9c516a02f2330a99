"""What is kept of flaky tests from one transaction to the next."""

import anyio
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing import health
from assay.gates.testing.suite import Case, Result, Suite

NAMES = st.sampled_from(["a", "b", "c"])
RATES = st.dictionaries(
    NAMES, st.integers(1, 900).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
)


class Memory:
    def __init__(self):
        self.kept = {}

    async def recall(self, key):
        return self.kept.get(key)

    async def remember(self, key, value):
        self.kept[key] = value


def suite(**results):
    return Suite(cases=tuple(Case(id=test, result=result) for test, result in results.items()))


@given(RATES, RATES)
def test_tallies_add_up_and_stay_rates(known, more):
    total = health.added(known, more)
    assert total.keys() == known.keys() | more.keys()
    for test, (bad, runs) in total.items():
        assert 1 <= bad <= runs <= 1000
        if test in known and test in more and known[test][1] + more[test][1] <= 1000:
            assert (bad, runs) == tuple(map(sum, zip(known[test], more[test], strict=True)))


def test_of_too_many_the_latest_stay():
    total = health.added({f"old{n}": (1, 2) for n in range(1000)}, {"new": (1, 2), "old999": (1, 2)})
    assert len(total) == 1000
    assert total["new"] == (1, 2)
    assert "old0" not in total


def test_a_run_in_which_it_passed_counts_for_what_is_known_only():
    found = suite(a=Result.PASSED, b=Result.PASSED, c=Result.FAILED)
    assert health.passes({"a": (1, 3), "c": (1, 3)}, found) == {"a": (0, 1)}


def test_rates_accumulate_over_transactions():
    memory = Memory()
    anyio.run(health.record, memory, {"a": (1, 3)})
    anyio.run(health.record, memory, {"b": (1, 2)}, [suite(a=Result.PASSED, b=Result.PASSED)])
    assert anyio.run(health.recorded, memory) == {"a": (1, 4), "b": (1, 2)}


def test_nothing_is_written_where_nothing_is_flaky():
    memory = Memory()
    anyio.run(health.record, memory, {}, [suite(a=Result.PASSED)])
    assert memory.kept == {}


def test_a_damaged_memory_is_a_miss():
    memory = Memory()
    anyio.run(health.record, memory, {"a": (1, 3)})
    memory.kept = dict.fromkeys(memory.kept, b"\xc1")
    assert anyio.run(health.recorded, memory) == {}


def test_slow_tests_are_told_slowest_first():
    cases = [Case(id=str(n), result=Result.PASSED, seconds=float(n)) for n in (0, 2, 5)]
    assert list(health.slowest(Suite(cases=tuple(cases)))) == ["5", "2"]
