"""What a running train knows: how long a verdict holds, and what is told when somebody leaves."""

from __future__ import annotations

import msgspec
import pytest

from assay.land.train.line import ATTEMPTS, Line
from assay.land.train.memory import Memory
from assay.land.train.schedule import Outcome
from assay.land.train.told import What
from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import GateResult
from assay.model.outcome import Outcome as GateOutcome
from assay.model.verdict import Decision, Verdict
from assay.policy.load import load, nothing_on_the_base


def base(digit):
    return Base(commit=Oid(digit * 40), tree=Oid(digit * 40))


ONE, TWO = base("1"), base("2")


def verdict(decision, **detail):
    gate = GateResult(gate="tests", outcome=GateOutcome.PASSED, reason="", detail=detail)
    return Verdict(candidate="c", decision=decision, reason="by rule", rejected_by=None, gates=(gate,))


@pytest.fixture
def told():
    return []


@pytest.fixture
def line(told):
    return Line(Memory(), told.append)


@pytest.fixture(scope="module")
def policy():
    return load("fast", default_pack="fast", base_reader=nothing_on_the_base)


def outcome(line, policy, on, tree="t"):
    answer = line.answer(policy, on, tree)
    return None if answer is None else answer.outcome


def test_a_pass_holds_for_its_tree_wherever_the_branch_is(line, policy):
    line.learn(policy, ONE, "t", verdict(Decision.ACCEPTED))
    assert outcome(line, policy, TWO) is Outcome.PASSED
    assert outcome(line, policy, ONE, "other") is None
    assert outcome(line, msgspec.structs.replace(policy, digest="another"), ONE) is None


def test_a_pass_that_overlooked_what_fails_on_the_base_holds_there_only(line, policy):
    line.learn(policy, ONE, "t", verdict(Decision.ACCEPTED, pre_existing=["test_old"]))
    assert outcome(line, policy, ONE) is Outcome.PASSED
    assert outcome(line, policy, TWO) is None


@pytest.mark.parametrize(
    ("decision", "kept"), [(Decision.REJECTED, Outcome.FAILED), (Decision.INCONCLUSIVE, Outcome.UNSURE)]
)
def test_a_failure_holds_on_its_base_only(line, policy, decision, kept):
    line.learn(policy, ONE, "t", verdict(decision))
    assert outcome(line, policy, ONE) is kept
    assert outcome(line, policy, TWO) is None
    line.forget(TWO, policy)
    assert outcome(line, policy, ONE) is None


def test_who_gets_no_verdict_is_passed_over_until_the_branch_moves_and_not_for_ever(line):
    assert line.waits("k", ONE)
    for on in (ONE, TWO, ONE)[: ATTEMPTS - 1]:
        assert line.put_off("k", "name", "why", on)
        assert not line.waits("k", on)
        assert line.waits("k", TWO if on is ONE else ONE)
    assert not line.put_off("k", "name", "why", ONE)


def test_who_has_left_waits_no_more_and_everything_is_told(line, told):
    line.evict("a", "one", "why", ONE)
    line.land({"b": "two"}, "c" * 40)
    assert not line.waits("a", TWO)
    assert not line.waits("b", TWO)
    assert [(one.what, one.name, one.why) for one in told] == [
        (What.EVICTED, "one", "why"),
        (What.LANDED, "two", ""),
    ]


def test_a_branch_that_others_move_is_told_and_one_that_the_train_moves_is_not(line, told):
    line.at("a" * 40)
    line.land({"k": "name"}, "b" * 40)
    line.at("b" * 40)
    assert [one.what for one in told] == [What.LANDED]
    line.at("c" * 40)
    assert told[-1].what is What.MOVED


def car(on):
    return Candidate(id="c", name="c", source="", base=on, tree=Oid("9" * 40))


def rejected(**detail):
    gate = GateResult(gate="tests", outcome=GateOutcome.FAILED, reason="why", detail=detail)
    return Verdict(
        candidate="c", decision=Decision.REJECTED, reason="why", rejected_by="tests", gates=(gate,)
    )


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (rejected(newly_failing=["t"]), Outcome.FAILED),
        (rejected(own_missing=["t"]), Outcome.FAILED),
        (rejected(), None),
    ],
)
def test_who_newly_fails_a_test_fails_it_on_what_the_train_lands_before_it(line, policy, found, kept):
    line.learn(policy, ONE, "bad", found)
    line.carry(policy, ONE, TWO)
    assert outcome(line, policy, TWO, "bad") is None, "nothing is known of the new tip"
    line.learn(policy, ONE, TWO.tree, verdict(Decision.ACCEPTED))
    line.carry(policy, ONE, TWO)
    line.forget(TWO, policy)
    assert outcome(line, policy, TWO, "bad") is kept


def test_what_overlooks_old_failures_carries_none_on(line, policy):
    line.learn(policy, ONE, "bad", rejected(newly_failing=["t"]))
    line.learn(policy, ONE, TWO.tree, verdict(Decision.ACCEPTED, pre_existing=["t"]))
    line.carry(policy, ONE, TWO)
    assert outcome(line, policy, TWO, "bad") is None


def test_a_verdict_alone_holds_until_the_move_has_to_do_with_it(line, policy, told):
    line.accept(policy, "k", car(ONE), verdict(Decision.ACCEPTED))
    line.forget(TWO, policy)
    assert line.alone(policy, "k") is not None
    assert line.alone(msgspec.structs.replace(policy, digest="another"), "k") is None
    line.look_again("k", "name", "it uses what was pushed", TWO)
    assert line.alone(policy, "k") is None
    assert (told[-1].what, told[-1].why) == (What.TOUCHED, "it uses what was pushed")


def test_who_fails_on_a_later_tip_is_told_where_it_passed(line, policy):
    line.accept(policy, "k", car(ONE), verdict(Decision.ACCEPTED))
    assert line.blame("k", "it fails", ONE) == "it fails"
    told = "it passed on 111111111111, and fails with what has landed since: it fails"
    assert line.blame("k", "it fails", TWO) == told
    assert line.blame("unknown", "it fails", TWO) == "it fails"


def test_a_problem_is_told_once_as_long_as_it_lasts(line, told):
    for problems in (("x",), ("x",), (), ("x",)):
        line.problems(problems)
    assert len(told) == 2
