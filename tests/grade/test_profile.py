"""Where a run's time went, and what it did without."""

import pytest
from tests.grade.fakes import make_candidate

from assay.gates.testing import pressing
from assay.grade.profile import BASE, ENGINE, PREPARING, WAITING, WARM, Tally, profile
from assay.model.event import Decided, GateEnded, GateStarted
from assay.model.outcome import GateResult, Outcome, ResourceUse, Skip, failed, passed, skipped
from assay.model.tool import Ending, ToolCall
from assay.model.verdict import Decision, Verdict
from assay.sandbox.backend import Standing
from assay.sandbox.jail import Warming

SUITE = {"seconds": 4.0, "cpu_seconds": 3.0, "bodies": 2.0}


def suite_result(seconds=4.0, *, ran=10, quick=False, bodies=2.0, **given):
    detail = {
        "selected": {"ran": ran, "of": 10, "why": ""},
        "base_cost": SUITE,
        "run_cost": {"seconds": seconds, "cpu_seconds": seconds, "bodies": bodies},
        "quick": quick,
    }
    use = ResourceUse(seconds=seconds, cpu_seconds=seconds)
    return GateResult(
        gate="tests", outcome=Outcome.PASSED, evidence={"tests": 1}, detail=detail, use=use, **given
    )


def lint(seconds=1.0, **given):
    return passed("lint", evidence={"files": 1}, use=ResourceUse(seconds=seconds, cpu_seconds=0.5), **given)


def verdict(name, *gates):
    return Verdict(
        candidate=name, decision=Decision.ACCEPTED, reason="r", rejected_by=None, gates=tuple(gates)
    )


def folded(verdicts, tally=None, candidates=None, seconds=10.0):
    candidates = candidates or [make_candidate(each.candidate) for each in verdicts]
    return profile(tally or Tally(), candidates, verdicts, seconds=seconds, engine_cpu=0.25)


def shares(found):
    return {share.what: (share.seconds, share.cpu_seconds, share.count) for share in found}


def call(label="tests of a", seconds=1.0, cpu=0.5, warm=False):
    return ToolCall(
        label=label,
        argv=(),
        environment_digest="",
        ending=Ending.EXITED,
        exit_code=0,
        use=ResourceUse(seconds=seconds, cpu_seconds=cpu),
        warm=warm,
    )


def test_a_run_without_savings_cost_what_brute_force_costs():
    found = folded([verdict(name, lint(), suite_result()) for name in "ab"])
    assert found.saved == ()
    assert found.brute_force is not None
    assert (found.brute_force.seconds, found.brute_force.cpu_seconds) == (10.0, 7.0)
    assert "2 candidates that apply" in found.brute_force.how
    assert found.per_minute == 12.0
    assert shares(found.spent)["tests"][0] == 8.0
    assert shares(found.spent)["lint"] == (2.0, 0.0, 2)


def test_calls_are_told_apart_by_whom_they_are_for():
    tally = Tally()
    tally.ran(call("prepare"), "", "")
    tally.ran(call("tests on the base"), "", "tests")
    tally.ran(call(), "a", "tests")
    tally.ran(call("bandit worker"), "", "")
    tally.ran(call("suspect tests on the base"), "a", "tests")
    found = folded([verdict("a", lint(), suite_result())], tally)
    spent = shares(found.spent)
    assert spent[PREPARING] == (1.0, 0.5, 1)
    assert spent[BASE] == (1.0, 0.5, 1)
    assert spent["tests"] == (4.0, 1.0, 1)
    assert spent["bandit worker"] == (1.0, 0.5, 1)
    assert spent[ENGINE] == (0.0, 0.25, 1)
    assert found.cpu_seconds == 2.75


def test_a_worker_that_waits_to_be_asked_takes_no_time_of_the_bases_tests():
    tally = Tally()
    tally.ran(call("tests on the base", seconds=2.0, cpu=1.5), "", "tests")
    tally.ran(call(pressing.LABEL, seconds=100.0, cpu=0.5), "", "tests")
    base, press = tally.calls["the base's tests"], tally.calls[pressing.LABEL]
    assert (base.seconds, base.cpu_seconds) == (2.0, 1.5)
    assert (press.seconds, press.cpu_seconds) == (0.5, 0.5)


def test_waiting_is_from_one_gates_end_to_the_next_ones_start():
    tally = Tally()
    for event, now in [
        (GateStarted(candidate="a", gate="lint"), 1.0),
        (GateEnded(candidate="a", result=lint()), 2.0),
        (GateStarted(candidate="a", gate="tests"), 5.0),
        (GateEnded(candidate="a", result=suite_result()), 9.0),
        (Decided(verdict=verdict("a", lint())), 9.0),
    ]:
        tally.take(event, now)
    assert (tally.waiting.seconds, tally.waiting.count) == (3.0, 1)
    assert shares(folded([verdict("a", lint())], tally).spent)[WAITING] == (3.0, 0.0, 1)


def test_a_tally_forgets_candidates_that_are_decided():
    tally = Tally()
    for number in range(100):
        tally.take(GateEnded(candidate=str(number), result=lint()), 1.0)
        tally.take(Decided(verdict=verdict(str(number), lint())), 1.0)
    assert not tally._since


def test_cached_answers_save_what_they_took_when_they_were_made():
    found = folded([verdict("a", lint(cached=True), suite_result(cached=True))])
    assert shares(found.saved) == {"cache": (5.0, 4.5, 2)}
    assert {"lint", "tests"}.isdisjoint(shares(found.spent))


def test_equal_trees_and_shared_answers_save_the_other_ones_cost():
    a = verdict("a", lint(), suite_result())
    twin = verdict("b", lint(), suite_result())
    near = verdict("c", lint(), suite_result(seconds=0.0, equivalent_to="a"))
    candidates = [make_candidate("a"), make_candidate("b", equivalent_to="a"), make_candidate("c")]
    saved = shares(folded([a, twin, near], candidates=candidates).saved)
    assert saved == {"equivalence": (5.0 + 4.0, 4.5 + 4.0, 2)}


def test_a_shared_answer_out_of_the_cache_is_counted_once():
    near = verdict("c", lint(cached=True), suite_result(seconds=0.0, equivalent_to="a", cached=True))
    saved = shares(folded([verdict("a", lint(), suite_result()), near]).saved)
    assert saved["cache"] == (1.0, 0.5, 1)
    assert saved["equivalence"] == (4.0, 4.0, 1)


def test_a_selection_saves_its_share_of_the_bodies():
    saved = shares(folded([verdict("a", suite_result(seconds=2.0, ran=3))]).saved)
    assert saved == {"selection": (pytest.approx(1.4), pytest.approx(1.05), 1)}


def test_a_warm_start_saves_what_a_cold_one_takes_more():
    tally = Tally()
    tally.ran(call(warm=True), "a", "tests")
    tally.ran(call(warm=True), "a", "tests")
    saved = shares(folded([verdict("a", suite_result(seconds=2.5, quick=True))], tally).saved)
    assert saved == {"warmth": (3.0, 2.0, 2)}


def test_what_was_not_reached_saves_what_it_costs_others():
    reason = "the lint gate settled it"
    early = verdict("b", failed("lint", "bad"), skipped("tests", Skip.NOT_REACHED, reason))
    saved = shares(folded([verdict("a", lint(), suite_result()), early]).saved)
    assert saved == {"early stop": (4.0, 3.0, 1)}


def test_warm_interpreters_are_part_of_what_was_spent():
    tally = Tally()
    tally.ran(call(warm=True), "a", "tests")
    warming = Warming(
        standing=Standing(count=2, seconds=1.5, cpu_seconds=1.25),
        cold=(("no warm interpreter started", 3),),
        left_out=(("grpc", "starts threads"),),
    )
    found = profile(tally, [], [], seconds=5.0, engine_cpu=0.25, warming=warming)
    assert shares(found.spent)[WARM] == (1.5, 1.25, 2)
    assert found.cpu_seconds == 2.0
    assert [(each.why, each.count) for each in found.cold_starts] == [("no warm interpreter started", 3)]
    assert [(each.module, each.why) for each in found.left_out] == [("grpc", "starts threads")]


def test_where_nothing_is_known_of_the_base_there_is_no_brute_force():
    found = folded([verdict("a", lint())], seconds=0.0)
    assert found.brute_force is None
    assert found.per_minute == 0.0
