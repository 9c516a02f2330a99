"""Grading a candidate several times over: fresh every time, and only agreement makes a verdict."""

import anyio
from tests.grade.fakes import FakeBench, FakeGate, make_candidate

from assay.grade.engine import grade
from assay.model.outcome import Outcome, infra
from assay.model.verdict import Decision


def run(bench, gates, candidates, **more):
    recorded = []

    async def record(verdict):
        recorded.append(verdict)

    async def main():
        return await grade(bench, gates, candidates, jobs=2, record=record, **more)

    got = anyio.run(main)
    assert [verdict.candidate for verdict in recorded] == [verdict.candidate for verdict in got]
    return got


def test_each_gate_runs_each_time_and_nothing_is_cached():
    bench, gate = FakeBench(gates=("one",)), FakeGate("one")
    run(bench, [gate], [make_candidate("a")])
    memory = dict(bench.memory)
    (verdict,) = run(bench, [gate], [make_candidate("a")], repeat=3)
    assert gate.ran == ["a"] * 4
    assert (verdict.decision, verdict.cached) == (Decision.ACCEPTED, False)
    assert (verdict.repeats.runs, verdict.repeats.agreed, verdict.repeats.differences) == (3, True, ())
    assert bench.memory == memory


def test_verdicts_that_differ_are_none():
    gate = FakeGate("one", a=["pass", Outcome.FAILED, "pass"])
    (verdict,) = run(FakeBench(gates=("one",)), [gate], [make_candidate("a")], repeat=3)
    assert verdict.decision is Decision.INCONCLUSIVE
    assert verdict.rejected_by is None
    assert verdict.reason.startswith(
        "3 gradings do not agree: verdict: accepted in 2 of 3 runs, rejected in 1 of 3 runs"
    )
    assert not verdict.repeats.agreed


def test_invariant_6_machine_trouble_in_one_of_them_is_no_rejection_and_no_accept():
    trouble = infra("one", "no space")
    gate = FakeGate("one", a=["pass", trouble, trouble, "pass"])  # trouble is tried twice
    (verdict,) = run(FakeBench(gates=("one",)), [gate], [make_candidate("a")], repeat=3)
    assert verdict.decision is Decision.INCONCLUSIVE


def test_once_is_as_ever():
    (verdict,) = run(FakeBench(gates=("one",)), [FakeGate("one")], [make_candidate("a")], repeat=1)
    assert verdict.repeats is None


def test_one_decision_is_announced_for_each_candidate():
    bench, events = FakeBench(gates=("one",)), []
    bench.observer = events.append
    run(bench, [FakeGate("one")], [make_candidate("a")], repeat=3)
    assert [type(event).__name__ for event in events].count("Decided") == 1


class Reader(FakeGate):
    """Asks for what is remembered, and remembers."""

    async def run(self, toolbox, candidate):
        self.ran.append((await toolbox.recall("tests:base:x"), await toolbox.recall("lint/x")))
        await toolbox.remember("lint/y", b"1")
        return await super().run(toolbox, candidate)


def test_what_is_known_of_the_base_is_shared_and_nothing_else():
    bench, gate = FakeBench(gates=("one",)), Reader("one")
    bench.memory = {"tests:base:x": b"base", "lint/x": b"candidate"}
    run(bench, [gate], [make_candidate("a")], repeat=2)
    assert gate.ran[0] == (b"base", None)
    assert "lint/y" not in bench.memory
