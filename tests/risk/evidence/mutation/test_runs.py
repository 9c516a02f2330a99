"""What a run over a mutant says."""

import pytest

from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.evidence import Fate
from assay.model.outcome import Resource
from assay.risk.evidence.mutation.runs import BY_TIME, verdict

GOOD = frozenset({"t::a", "t::b"})


def run(ended=Ended.COMPLETE, running=(), resource=None, killed=False, **results):
    cases = tuple(Case(id=f"t::{name}", result=Result(result)) for name, result in results.items())
    return Run(
        suite=Suite(cases=cases, running=running), ended=ended, resource=resource, killed=killed, why="w"
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (run(a="passed", b="passed"), (Fate.SURVIVED, "")),
        (run(a="passed", b="failed"), (Fate.KILLED, "t::b")),
        (run(a="error"), (Fate.KILLED, "t::a")),
        (run(a="passed", other="failed"), (Fate.SURVIVED, "")),
        (run(), (Fate.SURVIVED, "")),
        (run(Ended.EXHAUSTED, resource=Resource.TIME), (Fate.KILLED, BY_TIME)),
        (run(Ended.EXHAUSTED, resource=Resource.MEMORY), (Fate.UNDECIDED, "")),
        (run(Ended.INFRA), (Fate.UNDECIDED, "")),
        (run(Ended.CRASHED, killed=True), (Fate.UNDECIDED, "")),
        (run(Ended.CRASHED, running=("t::a",)), (Fate.KILLED, "t::a")),
        (run(Ended.REFUSED), (Fate.KILLED, "")),
    ],
)
def test_the_fate_follows_from_how_the_run_ended(found, expected):
    assert verdict(found, GOOD) == expected


def test_a_run_that_was_ended_early_has_not_asked_everybody():
    case = Case(id="t::other", result=Result.FAILED)
    suite = Suite(cases=(case,), cut_short=True)
    assert verdict(Run(suite=suite, ended=Ended.COMPLETE), GOOD) == (Fate.UNDECIDED, "")


def test_a_file_that_cannot_be_collected_any_more_was_noticed():
    case = Case(id="t" + COLLECTION, result=Result.ERROR)
    assert verdict(Run(suite=Suite(cases=(case,)), ended=Ended.COMPLETE), GOOD)[0] is Fate.KILLED
