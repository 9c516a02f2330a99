"""What evidence lacks of what a policy demands."""

import pytest

from assay.model.evidence import Branch, Evidence, Fate, LinesSeen, Mutant
from assay.policy.stakes import EvidenceRules
from assay.risk.evidence.shortfalls import shortfalls

SEEN = LinesSeen(path="a.py", executed=(1, 2), missed=(3,))


def mutants(**fates):
    return tuple(
        Mutant(path="a.py", line=1, operator="", before="", after="", fate=Fate(fate))
        for fate, count in fates.items()
        for _ in range(count)
    )


FOUND = Evidence(
    files=(SEEN,),
    branches=(Branch(path="a.py", line=1, target=3),),
    mutants=mutants(survived=1, killed=3, unreached=5),
)


def test_a_policy_that_demands_nothing_lacks_nothing():
    assert shortfalls(None, EvidenceRules()) == ()
    assert shortfalls(FOUND, EvidenceRules()) == ()


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"max_missed": 0}, "1 changed lines are run by no test; the policy allows 0"),
        ({"max_branches": 0}, "1 ways out of changed lines are taken by no test; the policy allows 0"),
        ({"max_survivors": 0}, "1 mutants of changed lines are noticed by no test; the policy allows 0"),
        ({"min_killed": 0.9}, "tests notice 3 of 4 mutants; the policy demands 90%"),
        ({"max_false_green": 0.5}, "green may be false with a chance of up to 0.88; the policy allows 0.5"),
    ],
)
def test_each_demand_that_is_not_met_is_one_sentence(rules, words):
    assert shortfalls(FOUND, EvidenceRules(**rules)) == (words,)


@pytest.mark.parametrize(
    "rules", [{"max_missed": 1}, {"max_branches": 1}, {"max_survivors": 1}, {"min_killed": 0.75}]
)
def test_what_is_met_is_not_named(rules):
    assert shortfalls(FOUND, EvidenceRules(**rules)) == ()


def test_silence_is_no_evidence_but_a_diff_without_code_needs_none():
    rules = EvidenceRules(max_missed=0, min_killed=0.8)
    assert shortfalls(None, rules) == ("the policy demands evidence, and none was gathered",)
    assert shortfalls(Evidence(missing="pytest was killed"), rules) == ("pytest was killed",)
    assert shortfalls(Evidence(), rules) == ()
    covered = Evidence(files=(LinesSeen(path="a.py", executed=(1,), missed=()),), unmade=4)
    assert shortfalls(covered, rules) == ("no mutant was decided; the policy demands that tests notice 80%",)


def test_a_file_that_cannot_be_watched_is_lacking_beside_others_that_are():
    seen = LinesSeen(path="a.py", executed=(1,), missed=())
    half = Evidence(files=(seen,), mutants=mutants(killed=3), unseen=("b.py",))
    words = "whether tests run the changed lines of b.py cannot be seen"
    assert shortfalls(half, EvidenceRules(max_missed=0)) == (words,)
    assert shortfalls(half, EvidenceRules(max_survivors=0)) == ()
