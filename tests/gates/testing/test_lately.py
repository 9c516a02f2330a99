"""Single tests of the base, asked once for several candidates."""

import anyio
import pytest
from tests.gates.testing.fake import Once

from assay.gates.testing import lately
from assay.gates.testing.conditions import USUAL, Conditions
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Case, Result, Suite


class Base:
    """Answers for the base, and remembers what it was asked."""

    def __init__(self, ended=Ended.COMPLETE, **bad):
        self.asked = []
        self.bad = bad
        self.ended = ended

    async def __call__(self, tests):
        self.asked.append(tuple(tests))
        cases = tuple(Case(id=test, result=self.bad.get(test, Result.PASSED)) for test in tests)
        return Run(suite=Suite(cases=cases), ended=self.ended)


def ask(toolbox, base, *tests, conditions=USUAL, turn=1):
    run = anyio.run(lambda: lately.asked(toolbox, "tree", conditions, tests, turn, base))
    return {case.id: case.result for case in run.suite.cases}


def test_what_passed_a_moment_ago_is_not_asked_again():
    toolbox, base = Once(), Base()
    assert ask(toolbox, base, "a", "b") == {"a": Result.PASSED, "b": Result.PASSED}
    assert ask(toolbox, base, "b", "c") == {"b": Result.PASSED, "c": Result.PASSED}
    assert ask(toolbox, base, "a", "c") == {"a": Result.PASSED, "c": Result.PASSED}
    assert base.asked == [("a", "b"), ("c",)]


@pytest.mark.parametrize("result", [Result.FAILED, Result.ERROR, Result.SKIPPED])
def test_invariant_6_what_excuses_a_candidate_is_asked_each_time(result):
    toolbox, base = Once(), Base(a=result)
    assert ask(toolbox, base, "a") == {"a": result}
    assert ask(toolbox, base, "a") == {"a": result}
    assert base.asked == [("a",), ("a",)]


def test_old_answers_are_asked_anew(monkeypatch):
    toolbox, base = Once(), Base()
    ask(toolbox, base, "a")
    monkeypatch.setattr(lately, "FRESH_SECONDS", -1.0)
    ask(toolbox, base, "a")
    assert base.asked == [("a",), ("a",)]


def test_a_run_that_came_to_no_end_is_handed_on_and_not_believed():
    toolbox = Once()
    crashed = Base(ended=Ended.CRASHED)
    run = anyio.run(lambda: lately.asked(toolbox, "tree", USUAL, ["a"], 1, crashed))
    assert run.ended is Ended.CRASHED
    ask(toolbox, crashed, "a")
    assert len(crashed.asked) == 2


def test_conditions_are_kept_apart():
    toolbox, base = Once(), Base()
    ask(toolbox, base, "a")
    ask(toolbox, base, "a", conditions=Conditions(hash_seed=7))
    assert len(base.asked) == 2


def test_one_lucky_run_counts_once_in_a_hearing():
    toolbox, base = Once(), Base()
    for turn in (1, 2, 3):
        ask(toolbox, base, "a", turn=turn)
    assert base.asked == [("a",)] * 3
    for turn in (1, 2, 3):
        ask(toolbox, base, "a", turn=turn)
    assert len(base.asked) == 3
