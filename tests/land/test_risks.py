"""Risks of one run: equal candidates are assessed once, and what is rejected is not taken apart."""

from types import SimpleNamespace

import pytest
from tests.land.support import Yard

from assay.land import risks as module
from assay.land.risks import Risks
from assay.model.outcome import Finding, Severity, failed, passed
from assay.model.verdict import Decision, Verdict
from assay.policy.schema import Policy
from assay.risk.background import background

TWO = {"one.py": b"x = 1\ny = 2\n", "two.py": b"x = 1\ny = 2\n"}


@pytest.fixture
def risks(tmp_path, monkeypatch):
    """Risks of a yard's candidates, and each call of `assess` with what it was given by name."""
    yard = Yard(tmp_path / "repo", {"one.py": b"x = 1\n", "two.py": b"x = 1\n"})
    calls = []
    real = module.assess

    def assess(*arguments, **rest):
        calls.append(rest)
        return real(*arguments, **rest)

    monkeypatch.setattr(module, "assess", assess)
    policy = Policy(name="test")
    found = Risks(SimpleNamespace(repo=yard.repo, policy=policy))
    found._known = background(yard.repo, yard.candidate("c", TWO).base, None, seconds=1.0)
    return yard, found, calls


def verdict(candidate, *results, decision=Decision.ACCEPTED):
    return Verdict(candidate=candidate.id, decision=decision, reason="r", rejected_by=None, gates=results)


def test_equal_candidates_are_assessed_once_and_come_to_what_they_come_to_alone(risks):
    yard, found, calls = risks
    one, other, third = (yard.candidate(name, TWO) for name in ("one", "other", "third"))
    first = found.of(one, verdict(one, passed("tests", evidence={"tests": 1})), None)
    assert found.of(other, verdict(other, passed("tests", evidence={"tests": 1})), None) is first
    assert len(calls) == 1
    hit = Finding(rule="r", path="one.py", line=1, message="m", severity=Severity.REVIEW, fingerprint="f")
    found.of(third, verdict(third, passed("tests", evidence={"tests": 1}, findings=(hit,))), None)
    assert len(calls) == 2
    found.of(third, verdict(third), None)
    assert [bool(rest["wanted"]) for rest in calls] == [True, True, False]


def test_what_is_rejected_is_not_asked_what_it_would_be_without_one_of_its_files(risks):
    yard, found, calls = risks
    one = yard.candidate("one", TWO)
    kept = found.of(one, verdict(one), None)
    gone = found.of(one, verdict(one, failed("lint", "why"), decision=Decision.REJECTED), None)
    assert [rest["apart"] for rest in calls] == [True, False]
    assert gone.probability == kept.probability


def test_only_what_is_accepted_is_advised_to_land(risks):
    yard, found, _ = risks
    one = yard.candidate("one", TWO)
    said = {
        decision: found.of(one, verdict(one, failed("lint", "why"), decision=decision), None)
        for decision in Decision
    }
    assert said[Decision.ACCEPTED].advice is not None
    assert said[Decision.REJECTED].advice is None and said[Decision.INCONCLUSIVE].advice is None
    assert len({risk.probability for risk in said.values()}) == 1
