"""Grading many candidates: order, concurrency, early stop, deadline, equal trees, errors."""

import anyio
import pytest
from tests.grade.fakes import FakeBench, FakeGate, make_candidate

from assay.grade.engine import grade
from assay.model.errors import BadInput
from assay.model.outcome import Outcome, Skip, infra, passed
from assay.model.verdict import Decision


def graded(bench, gates, candidates, **options):
    recorded = []

    async def record(verdict):
        recorded.append(verdict)

    async def scenario():
        return await grade(bench, gates, candidates, record=record, **{"jobs": 2, **options})

    verdicts = anyio.run(scenario)
    assert {v.candidate for v in verdicts} == {v.candidate for v in recorded}
    assert len(recorded) == len(candidates)
    assert bench.leases == 0
    return verdicts


def test_one_verdict_each_in_the_order_given(bench):
    gates = [FakeGate("one", b=Outcome.FAILED), FakeGate("two")]
    verdicts = graded(bench, gates, [make_candidate(name) for name in "abc"])
    assert [v.candidate for v in verdicts] == ["a", "b", "c"]
    assert [v.decision for v in verdicts] == [Decision.ACCEPTED, Decision.REJECTED, Decision.ACCEPTED]
    assert verdicts[1].rejected_by == "one"


def test_a_gate_runs_only_if_the_cheaper_ones_passed(bench):
    gates = [FakeGate("one", b=Outcome.FAILED), FakeGate("two")]
    verdicts = graded(bench, gates, [make_candidate(name) for name in "ab"])
    assert gates[1].ran == ["a"]
    assert verdicts[1].gates[1].skip is Skip.NOT_REACHED


def test_equal_trees_are_graded_once_and_share_the_verdict(bench):
    gates = [FakeGate("one"), FakeGate("two")]
    first = make_candidate("a")
    same = make_candidate("z", tree=first.tree, equivalent_to="a")
    verdicts = graded(bench, gates, [first, same])
    assert gates[0].ran == ["a"]
    assert verdicts[1].decision is Decision.ACCEPTED
    assert verdicts[1].candidate == "z"
    assert verdicts[1].use.seconds == 0


def test_first_k_cancels_the_rest_at_once(bench):
    gate = FakeGate("one", h="hang")
    verdicts = graded(FakeBench(["one"]), [gate], [make_candidate(name) for name in ["h", "a", "b"]], first=1)
    decisions = {v.candidate: v.decision for v in verdicts}
    assert decisions["a"] is Decision.ACCEPTED
    assert decisions["h"] is Decision.INCONCLUSIVE
    assert gate.cancelled == ["h"]
    assert "accepted already" in verdicts[0].reason


def test_a_deadline_leaves_the_unfinished_inconclusive(bench):
    gate = FakeGate("one", h="hang")
    verdicts = graded(FakeBench(["one"]), [gate], [make_candidate("a"), make_candidate("h")], seconds=0.3)
    assert verdicts[0].decision is Decision.ACCEPTED
    assert verdicts[1].decision is Decision.INCONCLUSIVE
    assert "time limit" in verdicts[1].reason


def test_bad_input_found_by_a_gate_stops_the_run(bench):
    gates = [FakeGate("one", a=BadInput("no such rule", where="assay.toml")), FakeGate("two")]
    with pytest.raises(BadInput, match=r"assay\.toml"):
        graded(bench, gates, [make_candidate("a"), make_candidate("b")])


def test_invariant_6_blame_fairly_a_gate_that_raises_is_our_own_trouble(bench):
    gates = [FakeGate("one", a=ZeroDivisionError("oops")), FakeGate("two")]
    (verdict,) = graded(bench, gates, [make_candidate("a")])
    assert verdict.decision is Decision.INCONCLUSIVE
    assert verdict.gates[0].outcome is Outcome.INFRA
    assert "ZeroDivisionError" in verdict.reason


def test_trouble_of_the_machine_is_tried_once_more(bench):
    gates = [FakeGate("one", a=[infra("one", "no space"), "pass"]), FakeGate("two")]
    (verdict,) = graded(bench, gates, [make_candidate("a")])
    assert verdict.decision is Decision.ACCEPTED
    assert gates[0].ran == ["a", "a"]


def test_invariant_8_same_inputs_same_verdict_and_it_says_that_it_was_cached(bench):
    gates = [FakeGate("one"), FakeGate("two", b=Outcome.FAILED)]
    candidates = [make_candidate(name) for name in "ab"]
    cold = graded(bench, gates, candidates)
    warm = graded(bench, gates, candidates)
    assert [v.decision for v in cold] == [v.decision for v in warm]
    assert [v.reason for v in cold] == [v.reason for v in warm]
    assert all(v.cached for v in warm)
    assert not any(v.cached for v in cold)
    assert gates[0].ran == ["a", "b"]


def test_what_chance_or_the_machine_had_a_hand_in_is_never_cached(bench):
    flaky = FakeGate("two")

    async def run(_toolbox, candidate):
        flaky.ran.append(candidate.name)
        return passed("two", evidence={"tests": 1}, detail={"flaky": ["t::a"]})

    flaky.run = run
    gates = [FakeGate("one", b=infra("one", "disk full")), flaky]
    candidates = [make_candidate(name) for name in "ab"]
    graded(bench, gates, candidates)
    graded(bench, gates, candidates)
    assert flaky.ran.count("a") == 2
    assert gates[0].ran.count("b") == 4


def test_a_damaged_cache_entry_is_a_miss(bench):
    gates = [FakeGate("one"), FakeGate("two")]
    graded(bench, gates, [make_candidate("a")])
    bench.memory = dict.fromkeys(bench.memory, b"\x00garbage")
    (verdict,) = graded(bench, gates, [make_candidate("a")])
    assert verdict.decision is Decision.ACCEPTED
    assert not verdict.cached


def test_candidates_that_hang_in_a_costly_gate_do_not_keep_the_rest_from_being_rejected():
    hanging = [make_candidate(name) for name in ["h1", "h2"]]
    others = [make_candidate(f"r{number}") for number in range(6)]
    quick = FakeGate("lint", **{candidate.name: Outcome.FAILED for candidate in others})
    costly = FakeGate("tests", h1="hang", h2="hang")
    verdicts = graded(FakeBench(["lint", "tests"]), [quick, costly], hanging + others, jobs=2, seconds=0.5)
    assert [v.decision for v in verdicts[2:]] == [Decision.REJECTED] * 6
    assert [v.decision for v in verdicts[:2]] == [Decision.INCONCLUSIVE] * 2


def test_no_more_than_jobs_candidates_are_in_costly_gates():
    running, most = 0, 0
    gate = FakeGate("tests")

    async def run(_toolbox, _candidate):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.01)
        running -= 1
        return passed("tests", evidence={"tests": 1})

    gate.run = run
    graded(FakeBench(["tests"]), [gate], [make_candidate(f"c{number}") for number in range(9)], jobs=3)
    assert most == 3
