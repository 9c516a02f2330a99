"""What is learnt from results: chances and costs; and what teaches nothing."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from assay.grade.posterior import KEY, Belief, Posteriors, known, learn
from assay.model.outcome import ResourceUse, Skip, exhausted, failed, infra, passed, skipped
from assay.model.verdict import Decision, Verdict

USE = ResourceUse(seconds=9.0, cpu_seconds=2.0)


def verdict(*results):
    return Verdict(
        candidate="c", decision=Decision.REJECTED, reason="", rejected_by=None, gates=tuple(results)
    )


def learnt(bench, *results):
    async def work():
        await learn(bench, [verdict(*results)])
        return await known(bench)

    return anyio.run(work)


def test_rejections_passes_and_costs_are_learnt_from_run_to_run(bench):
    learnt(bench, passed("tests", evidence={"n": 1}, use=USE))
    belief = learnt(bench, failed("tests", "no", use=USE)).of("tests")
    assert belief.rejected == 1
    assert 0.9 < belief.others < 1
    assert belief.cost / belief.seen == pytest.approx(2.0)


def test_what_runs_in_the_engine_costs_the_time_it_took(bench):
    belief = learnt(bench, passed("scope", evidence={"n": 1}, use=ResourceUse(seconds=0.5))).of("scope")
    assert belief.cost == 0.5


@pytest.mark.parametrize(
    "result",
    [
        infra("tests", "no disk", use=USE),
        skipped("tests", Skip.NOT_REACHED, "lint settled it"),
        skipped("tests", Skip.CANCELLED, "the time limit was reached"),
        replace(failed("tests", "no", use=USE), cached=True),
        replace(failed("tests", "no"), equivalent_to="other"),
    ],
)
def test_what_was_not_really_run_or_was_the_machines_trouble_teaches_nothing(bench, result):
    assert learnt(bench, result) == Posteriors()


def test_a_gate_that_had_nothing_to_do_teaches_that(bench):
    belief = learnt(bench, skipped("lint", Skip.NOT_APPLICABLE, "no Python file changes")).of("lint")
    assert belief.others == 1


def test_running_out_is_a_rejection(bench):
    belief = learnt(bench, exhausted("tests", "time", "more than 3 s", use=USE)).of("tests")
    assert belief.rejected == 1


def test_a_damaged_memory_is_no_memory(bench):
    bench.memory[KEY] = b"\x00nonsense"
    assert anyio.run(known, bench) == Posteriors()


@given(st.lists(st.booleans(), max_size=300))
def test_a_chance_is_a_chance_and_what_is_long_past_fades(rejections):
    belief = Belief()
    for rejected in rejections:
        belief = belief.after(rejected=rejected, cost=1.0)
        assert 0 < belief.rejects < 1
    late = belief
    for _ in range(500):
        late = late.after(rejected=False, cost=1.0)
    assert late.rejects < 0.05


def test_of_a_gate_never_seen_its_place_tells_the_least_cost():
    costs = Posteriors().costs(["tests", "mine", "lint"])
    assert costs["tests"] <= costs["mine"] <= costs["lint"]


def test_what_comes_late_is_expected_to_cost_less_where_others_reject_before():
    cheap, dear = Belief(rejected=50, others=50, cost=1.0), Belief(rejected=1, others=99, cost=300.0)
    posteriors = Posteriors(gates={"lint": cheap, "tests": dear})
    late, early = posteriors.expected(["lint", "tests"]), posteriors.expected(["tests", "lint"])
    assert 1.5 < late < 2 < early < 3.1
    assert Posteriors().expected(["lint", "tests"]) == 0


def test_how_those_fare_with_others_who_passed_alone_is_learnt_and_is_no_gates_matter():
    start = Posteriors()
    good, bad = start.in_company(passed=20, failed=0), start.in_company(passed=0, failed=5)
    assert bad.fares < start.fares < good.fares < 1
    assert good.expected(["tests"]) == start.expected(["tests"])
    assert good.costs(["apply", "tests"]) == start.costs(["apply", "tests"])
