"""Who is blamed after re-runs, and what is run for it."""

import anyio
import pytest

from assay.gates.testing.confirm import BATCH, Reruns, confirm
from assay.gates.testing.health import TIMES
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite


class Side:
    """Scripted re-runs: what fails alone and in company, one list per run; the last one repeats."""

    def __init__(self, alone=((),), whole=((),), tests=("a", "b"), ended=Ended.COMPLETE):
        self.scripts = {"alone": list(alone), "whole": list(whole)}
        self.tests, self.ended, self.log = tests, ended, []

    def _run(self, kind, tests):
        script = self.scripts[kind]
        failing = script.pop(0) if len(script) > 1 else script[0]
        self.log.append(kind)
        results = {test: Result.FAILED if test in failing else Result.PASSED for test in tests}
        cases = tuple(Case(id=test, result=result) for test, result in results.items())
        return Run(suite=Suite(cases=cases), ended=self.ended, why="x")

    async def alone(self, tests):
        return self._run("alone", tests)

    async def whole(self):
        return self._run("whole", self.tests)


def judge(suspects, candidate, base, known=("a", "b"), times=1, shaky=()):
    reruns = Reruns(
        candidate_alone=candidate.alone,
        base_alone=base.alone,
        candidate_whole=candidate.whole,
        base_whole=base.whole,
    )
    cases = {test: Case(id=test, result=Result.PASSED) for test in known}
    return anyio.run(confirm, suspects, cases, reruns, times, shaky)


def test_fails_again_alone_and_the_base_passes():
    candidate, base = Side(alone=["a"]), Side()
    assert judge(["a"], candidate, base).culprits == ("a",)
    assert (candidate.log, base.log) == (["alone"], ["alone"])


def test_passes_on_every_rerun_is_flaky():
    got = judge(["a"], Side(), Side())
    assert (got.culprits, got.flaky) == ((), {"a": (1, 3)})


def test_invariant_6_what_fails_on_the_base_as_well_is_not_blamed():
    got = judge(["a"], Side(alone=["a"], whole=["a"]), Side(alone=["a"], whole=["a"]))
    assert (got.culprits, got.flaky) == ((), {"a": (3, 3)})


def test_broken_isolation_is_found_though_the_test_passes_alone():
    assert judge(["a"], Side(whole=["a"]), Side()).culprits == ("a",)


def test_a_test_that_needs_company_is_judged_in_company():
    """It fails alone on both sides; in order it passes on the base and fails on the candidate."""
    assert judge(["a"], Side(alone=["a"], whole=["a"]), Side(alone=["a"])).culprits == ("a",)
    lonely = judge(["a"], Side(alone=["a"]), Side(alone=["a"]))
    assert (lonely.culprits, lonely.on_base) == ((), frozenset()), "in order the base never failed it"


def test_one_pass_in_several_reruns_acquits():
    assert judge(["a"], Side(alone=["a", ""]), Side(), times=2).flaky == {"a": (2, 4)}


def test_the_base_has_to_pass_every_time():
    candidate = Side(alone=["a"])
    assert judge(["a"], candidate, Side(alone=["", "a"]), times=2).culprits == ()


@pytest.mark.parametrize("slow_for", range(1, 8))
def test_a_stretch_in_which_the_machine_fails_both_sides_convicts_nobody(slow_for):
    """A test of time, while the machine is busy for so many runs: longer than the candidate's, or not."""
    runs = 0

    class Busy(Side):
        def _run(self, kind, tests):
            nonlocal runs
            runs += 1
            self.scripts[kind] = [["a"] if runs <= slow_for else []]
            return super()._run(kind, tests)

    assert judge(["a"], Busy(), Busy(), times=3).culprits == ()


def test_a_new_test_is_not_asked_of_the_base():
    base = Side()
    assert judge(["n"], Side(alone=["n"]), base).culprits == ("n",)
    assert base.log == []


def test_collecting_a_file_is_asked_of_the_base():
    test = "t.py" + COLLECTION
    assert judge([test], Side(alone=[test]), Side()).culprits == (test,)
    both = Side(alone=[test], whole=[test], tests=(test,))
    assert judge([test], both, both).culprits == ()


def test_with_a_culprit_at_hand_the_wavering_are_not_proven():
    got = judge(["a", "b"], Side(alone=["a"]), Side())
    assert (got.culprits, got.unproven) == (("a",), ("b",))


def test_of_many_suspects_a_batch_is_enough():
    many = [f"t{number:04}" for number in range(BATCH * 3)]
    candidate = Side(alone=[set(many)])
    got = judge(many, candidate, Side(), known=many)
    assert candidate.log == ["alone"]
    assert len(got.culprits) == BATCH
    assert sorted((*got.culprits, *got.unproven)) == many


def test_later_batches_are_run_if_the_first_acquits():
    many = [f"t{number:04}" for number in range(BATCH * 2)]
    last = many[-1]
    got = judge(many, Side(alone=[{last}], tests=many), Side(), known=many)
    assert got.culprits == (last,)


def test_a_test_known_to_be_flaky_needs_more_proof():
    base = Side()
    assert judge(["a"], Side(alone=["a"]), base, shaky={"a"}).culprits == ("a",)
    assert base.log == ["alone"] * TIMES
    candidate = Side(alone=["a", "a", ""])
    got = judge(["a"], candidate, Side(), shaky={"a"})
    assert (got.culprits, got.flaky, candidate.log) == ((), {"a": (3, 4)}, ["alone"] * 3)


def test_one_failure_on_the_base_acquits_a_flaky_test_and_speaks_for_nothing_else():
    got = judge(["a"], Side(alone=["a"]), Side(alone=["", "a", ""]), shaky={"a"})
    assert (got.culprits, got.flaky) == ((), {"a": (3, 3)})
    assert (got.shared, got.on_base) == ((), {"a"})


def test_steady_suspects_come_first_and_one_culprit_is_enough():
    candidate = Side(alone=["ab"])
    got = judge(["a", "b"], candidate, Side(), shaky={"a"})
    assert (got.culprits, got.unproven, candidate.log) == (("b",), (), ["alone"])


@pytest.mark.parametrize("ended", [Ended.INFRA, Ended.CANCELLED])
def test_invariant_6_a_spoilt_rerun_convicts_nobody(ended):
    for candidate, base in ((Side(ended=ended), Side()), (Side(alone=["a"]), Side(ended=ended))):
        got = judge(["a"], candidate, base)
        assert got.culprits == ()
        assert got.trouble is not None


def test_a_rerun_that_crashes_acquits_nobody():
    class Crash(Side):
        def _run(self, kind, tests):
            return Run(suite=Suite(running=("a",)), ended=Ended.CRASHED, why="x")

    assert judge(["a"], Crash(), Side()).culprits == ("a",)
