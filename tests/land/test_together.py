"""The set that lands, and each commit of it: real trees and merges, verdicts by what is in a tree."""

from __future__ import annotations

from types import SimpleNamespace

import anyio
import pytest
from tests.land.support import Yard

from assay.land.findings import Findings
from assay.land.together import verify_set
from assay.model.report import Confidence
from assay.model.verdict import Decision, Verdict
from assay.policy.schema import Policy, SetRules, Suspected


class Judge:
    """A session that decides by a tree's files, and counts; it remembers nothing."""

    jobs = 1

    def __init__(self, repo, rule):
        self.repo, self.rule, self.asked = repo, rule, []
        self.bench = self

    async def recall(self, key):
        return None

    async def remember(self, key, value):
        pass

    def keep(self, candidates):
        return {}

    async def grade(self, candidates, *, landing=False):
        return tuple(self.verdict(candidate, asked=True) for candidate in candidates)

    def verdict(self, candidate, *, asked=False):
        files = {entry.path for entry in self.repo.files(candidate.tree)}
        decision = self.rule(files & set("abcdef"))
        if asked:
            self.asked.append("".join(sorted(files & set("abcdef"))))
        rejected_by = "tests" if decision is Decision.REJECTED else None
        return Verdict(
            candidate=candidate.id, decision=decision, reason="by rule", rejected_by=rejected_by, gates=()
        )


def findings(judge, candidates, rules):
    """What a run has found out that accepted these as the judge says, on a ledger that keeps nothing."""
    job = SimpleNamespace(
        policy=Policy(name="test", set=rules),
        request=SimpleNamespace(full=True),
        repo=judge.repo,
        base=candidates[0].base,
        candidates=candidates,
    )
    ledger = SimpleNamespace(remember=lambda key, value: None)
    found = Findings(job, SimpleNamespace(ledger=ledger), judge)  # type: ignore[arg-type]
    found.verdicts = tuple(map(judge.verdict, candidates))
    return found


def verified(yard, names, rule, *, every_commit=True):
    """The set of those who each add a file of their name, and what was graded for it."""
    repo = yard.repo
    candidates = tuple(yard.candidate(name, {name: name.encode()}) for name in names)
    judge = Judge(repo, rule)
    found = findings(judge, candidates, SetRules(probes=0))

    async def run():
        await verify_set(found, every_commit=every_commit)

    anyio.run(run)
    assert found.patch_set is not None
    return found.patch_set, judge.asked


def fails_on(*bad):
    return lambda files: Decision.REJECTED if files in [set(one) for one in bad] else Decision.ACCEPTED


def names(members):
    return "".join(member.removeprefix("id-") for member in members)


def test_every_commit_of_the_chain_is_graded_and_none_twice(yard):
    found, asked = verified(yard, "abcd", fails_on())
    assert names(found.members) == "abcd"
    # The first is the first member's own tree, which has its verdict.
    assert sorted(asked) == ["ab", "abc", "abcd"]


def test_only_the_tip_is_graded_where_that_is_wanted(yard):
    found, asked = verified(yard, "abcd", fails_on("ab"), every_commit=False)
    assert names(found.members) == "abcd"
    assert asked == ["abcd"]


def test_a_member_that_needs_a_later_one_lands_after_it(yard):
    found, asked = verified(yard, "abc", fails_on("ab"))
    assert names(found.members) == "acb"
    assert found.left_out == ()
    assert sorted(asked) == ["ab", "abc", "ac"]


def test_a_member_whose_commit_is_good_nowhere_is_left_out_with_the_reason(yard):
    found, _ = verified(yard, "abc", fails_on("ab", "bc", "ac"))
    assert len(found.members) == 1
    assert found.verdict is Decision.ACCEPTED
    assert {"id-b"} <= {left.id for left in found.left_out}
    (why,) = {left.why for left in found.left_out if left.id == "id-b"}
    assert "its own commit would not be good" in why
    assert "by rule" in why


@pytest.mark.parametrize("every_commit", [True, False])
def test_a_commit_without_a_verdict_lands_nothing_and_blames_nobody(yard, every_commit):
    def rule(files):
        return Decision.INCONCLUSIVE if files == {"a", "b"} else Decision.ACCEPTED

    found, asked = verified(yard, "abc", rule, every_commit=every_commit)
    assert found.verdict is (Decision.INCONCLUSIVE if every_commit else Decision.ACCEPTED)
    assert found.left_out == ()
    assert asked.count("ab") == (2 if every_commit else 0)


CONST = {"const.py": b"LIMIT = 3000\n"}


@pytest.mark.parametrize(("suspected", "members"), [(Suspected.ASK, 2), (Suspected.APART, 1)])
def test_a_suspicion_parts_two_where_the_policy_says_so(tmp_path, suspected, members):
    yard = Yard(tmp_path / "yard", {"const.py": b"LIMIT = 3\n", "app.py": b"A = 1\n"})
    people = (
        yard.candidate("unit", CONST),
        yard.candidate("user", {"use.py": b"from const import LIMIT\n\nX = LIMIT * 2\n"}),
    )
    judge = Judge(yard.repo, fails_on())
    found = findings(judge, people, SetRules(probes=0, suspected=suspected))

    async def run():
        await verify_set(found, every_commit=False)

    anyio.run(run)
    patch_set = found.patch_set
    assert patch_set is not None and len(patch_set.members) == members
    assert [c.confidence for c in patch_set.suspected] == [Confidence.SUSPECTED]
    assert patch_set.conflicts == ()
    assert len(patch_set.left_out) == 2 - members
