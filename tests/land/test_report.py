"""The report's exit codes: accepted, rejected, inconclusive, for each command."""

import pytest

from assay.land.report import exit_code
from assay.model.candidate import Base
from assay.model.errors import Exit
from assay.model.report import CandidateReport, Landed, PatchSet, PolicyStamp, Report
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision

ACCEPTED, REJECTED, INCONCLUSIVE = Decision.ACCEPTED, Decision.REJECTED, Decision.INCONCLUSIVE


def candidate(decision, name="a", equivalent_to=None):
    return CandidateReport(
        id=name,
        name=name,
        source=name,
        tree=None,
        ref=None,
        verdict=decision,
        reason="",
        rejected_by=None,
        equivalent_to=equivalent_to,
        cached=False,
        seconds=0,
        cpu_seconds=0,
        gates=(),
        risk=None,
    )


def report(*decisions, command="grade", **rest):
    return Report(
        transaction="t",
        command=command,
        base=Base(commit=None, tree="0" * 40),
        policy=PolicyStamp(name="p", digest="d"),
        isolation=Isolation(backend="b", tier=Tier.NONE),
        candidates=tuple(candidate(decision, str(n)) for n, decision in enumerate(decisions)),
        **rest,
    )


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ((ACCEPTED,), Exit.ACCEPTED),
        ((ACCEPTED, ACCEPTED), Exit.ACCEPTED),
        ((ACCEPTED, REJECTED), Exit.REJECTED),
        ((ACCEPTED, INCONCLUSIVE), Exit.INCONCLUSIVE),
        ((REJECTED, INCONCLUSIVE), Exit.REJECTED),
    ],
)
@pytest.mark.parametrize("command", ["grade", "check"])
def test_grading_is_accepted_only_if_every_candidate_is(command, decisions, code):
    assert exit_code(report(*decisions, command=command)) is code


def test_with_first_k_it_takes_k_accepted_and_no_more():
    assert exit_code(report(ACCEPTED, INCONCLUSIVE, REJECTED), first=1) is Exit.ACCEPTED
    assert exit_code(report(ACCEPTED, INCONCLUSIVE), first=2) is Exit.INCONCLUSIVE


def test_with_first_k_what_is_undecided_outranks_what_is_rejected_while_it_could_still_be_enough():
    assert exit_code(report(ACCEPTED, INCONCLUSIVE, REJECTED), first=2) is Exit.INCONCLUSIVE
    assert exit_code(report(INCONCLUSIVE, REJECTED, REJECTED), first=2) is Exit.REJECTED


def test_equal_trees_count_once_towards_first_k():
    twins = report(ACCEPTED, REJECTED)
    twins = type(twins)(
        **{
            **{f: getattr(twins, f) for f in twins.__struct_fields__},
            "candidates": (candidate(ACCEPTED, "0"), candidate(ACCEPTED, "1", "0"), candidate(REJECTED, "2")),
        }
    )
    assert exit_code(twins, first=2) is Exit.REJECTED


def patch_set(verdict, *members):
    return PatchSet(members=members, left_out=(), conflicts=(), tree=None, verdict=verdict)


def test_landing():
    landed = Landed(ref="refs/heads/main", old="0", new="1")
    done = report(ACCEPTED, REJECTED, command="land", landed=landed, patch_set=patch_set(ACCEPTED, "0"))
    assert exit_code(done) is Exit.ACCEPTED
    dry = report(ACCEPTED, command="land", patch_set=patch_set(ACCEPTED, "0"))
    assert exit_code(dry) is Exit.ACCEPTED
    nothing = report(REJECTED, command="land", patch_set=patch_set(None))
    assert exit_code(nothing) is Exit.REJECTED
    undecided = report(ACCEPTED, command="land", patch_set=patch_set(INCONCLUSIVE, "0"))
    assert exit_code(undecided) is Exit.INCONCLUSIVE
    nobody_graded = report(INCONCLUSIVE, command="land", patch_set=patch_set(None))
    assert exit_code(nobody_graded) is Exit.INCONCLUSIVE
