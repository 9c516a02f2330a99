"""Which attempts count as behaving alike, of made-up verdicts and answers."""

import pytest

from assay.model.candidate import Base, Candidate, Change, ChangeKind, Oid
from assay.model.outcome import GateResult, Outcome
from assay.model.report import Alike
from assay.model.risk import Risk
from assay.model.verdict import Decision, Verdict
from assay.patchset.alike.clusters import clusters, vector

BASE = Base(commit=None, tree=Oid("base"))


def attempt(name, tree="", lines=1):
    change = Change(
        kind=ChangeKind.MODIFIED, path="a.py", old_path="a.py", old_mode=0o100644, new_mode=0o100644,
        old_blob="0", new_blob=name, added_lines=lines, deleted_lines=0,
    )  # fmt: skip
    return Candidate(
        id=name, name=name, source="", base=BASE, tree=Oid(tree or name), changes=(change,), instance="t"
    )


def verdict(name, risk=0.0, decision=Decision.ACCEPTED, outcome=Outcome.PASSED, **detail):
    tests = GateResult(gate="tests", outcome=outcome, reason="so", detail=detail)
    return Verdict(
        candidate=name,
        decision=decision,
        reason="",
        rejected_by=None,
        gates=(tests,),
        risk=Risk(band="", score=risk, calibrated=False, probability=None, contributions=()),
    )


def found(attempts, verdicts, texts=({}, {}, {}), answers=None):
    by_id = {one.candidate: one for one in verdicts}
    return clusters(attempts, by_id, texts, answers or {}, probed=answers is not None)


def members(result):
    return [cluster.members for cluster in result]


def test_attempts_of_which_tests_say_the_same_are_together():
    passing = [verdict("a", newly_passing=["t::x"]), verdict("b", newly_passing=["t::x"]), verdict("c")]
    result = found([attempt("c"), attempt("a"), attempt("b")], [passing[2], *passing[:2]])
    assert members(result) == [("a", "b"), ("c",)]
    assert (result[0].size, result[0].attempts, result[0].how) == (2, 3, Alike.TESTS)


def test_tests_that_only_one_has_say_nothing():
    own = verdict("b", newly_passing=["t::x", "t::mine"], new_tests=["t::mine"], cut={"new_tests": 300})
    assert vector(verdict("a", newly_passing=["t::x"])) == vector(own)


def test_probes_part_accepted_attempts_and_not_rejected_ones():
    attempts = [attempt(name) for name in "abcde"]
    failing = {"decision": Decision.REJECTED, "outcome": Outcome.FAILED, "newly_failing": ["t::x"]}
    verdicts = [*(verdict(name) for name in "abc"), verdict("d", **failing), verdict("e", **failing)]
    answers = {"a": ("value 1",), "b": ("value 2",), "c": ("value 2",)}
    result = found(attempts, verdicts, answers=answers)
    assert members(result) == [("b", "c"), ("d", "e"), ("a",)]
    assert [cluster.how for cluster in result[:2]] == [Alike.PROBES, Alike.TESTS]


def test_who_could_not_be_probed_is_with_its_text_only():
    attempts = [attempt(name) for name in "abc"]
    verdicts = [verdict(name) for name in "abc"]
    same_text = ({}, {}, {"a": "x", "b": "y", "c": "x"})
    result = found(attempts, verdicts, same_text, answers={"a": (), "b": ()})
    assert members(result) == [("a", "b", "c")]
    assert members(found(attempts, verdicts, answers={"a": (), "b": ()})) == [("a", "b"), ("c",)]


def test_one_text_does_not_join_behaviours_that_differ():
    attempts = [attempt(name) for name in "abcd"]
    verdicts = [verdict(name) for name in "abcd"]
    texts = ({}, {"a": "x", "b": "x", "c": "x", "d": "d"}, {})
    result = found(attempts, verdicts, texts, answers={"b": ("1",), "c": ("2",), "d": ("2",)})
    assert members(result) == [("a", "b"), ("c", "d")]


def test_equal_texts_of_another_decision_are_apart():
    text = {"a": "x", "b": "x"}
    flaky = verdict("b", decision=Decision.INCONCLUSIVE, flaky=["t::x"])
    assert len(found([attempt("a"), attempt("b")], [verdict("a"), flaky], ({}, text, text))) == 2


@pytest.mark.parametrize("strange", [{"outcome": Outcome.INFRA}, {"flaky": ["t::x"]}])
def test_what_cannot_be_relied_on_says_nothing(strange):
    assert vector(verdict("a", **strange)) is None


def test_which_private_tests_fail_is_not_told_by_groups():
    hidden = {"decision": Decision.REJECTED, "outcome": Outcome.FAILED, "private": {}}
    assert vector(verdict("a", **hidden)) is None


def test_the_strongest_sense_is_named_and_the_choice_explained():
    attempts = [attempt("a", lines=9), attempt("b", lines=2)]
    verdicts = [verdict("a", risk=0.1), verdict("b", risk=0.1)]
    texts = ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 1})
    (cluster,) = found(attempts, verdicts, texts)
    assert (cluster.how, cluster.representative) == (Alike.ORDER, "b")
    assert cluster.why.endswith("b stands for them, which is the smallest diff")
    (cluster,) = found(attempts, [verdict("a"), verdict("b", risk=0.2)], texts)
    assert cluster.why.endswith("a stands for them, which looks least risky")
