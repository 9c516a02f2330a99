from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import Finding, GateResult, Outcome, Severity, Skip, passed, skipped
from assay.policy.schema import Policy, RiskRules
from assay.repo import diff
from assay.repo.repository import open_repository
from assay.risk.score import assess, band, score
from assay.risk.topics import Touched
from assay.risk.weights import MOST_FOR_TOPICS, WEIGHTS

POLICY = Policy(name="default")
TESTED = (passed("tests", evidence={"tests": 12}),)
BASE = {
    "src/app.py": b"def total(items):\n    return sum(items)\n",
    "src/auth.py": b"def check(user):\n    return bool(user)\n",
    "tests/test_app.py": b"def test_total():\n    assert True\n",
}


@pytest.fixture
def repo(tmp_path: Path):
    pygit2.init_repository(str(tmp_path / "repo"), bare=True)
    return open_repository(tmp_path / "repo")


@pytest.fixture
def candidate_of(repo):
    def tree(files: Mapping[str, bytes]) -> Oid:
        index = pygit2.Index()
        for path, data in files.items():
            index.add(pygit2.IndexEntry(path, repo.git.create_blob(data), pygit2.enums.FileMode.BLOB))
        return Oid(str(index.write_tree(repo.git)))

    def candidate(**edits: bytes) -> Candidate:
        base, after = tree(BASE), tree({**BASE, **edits})
        return Candidate(
            id="c",
            name="c",
            source="test",
            base=Base(commit=None, tree=base),
            tree=after,
            changes=diff.changes(repo, base, after),
        )

    return candidate


def features(risk) -> set[str]:
    return {part.feature for part in risk.contributions}


def test_the_effects_add_up_to_the_score(repo, candidate_of):
    candidate = candidate_of(
        **{"src/app.py": b"def total(items, tax):\n    if tax:\n        return 1\n    return 0\n"}
    )
    risk = assess(repo, candidate, POLICY, TESTED)
    assert risk.score == pytest.approx(sum(part.effect for part in risk.contributions), abs=1e-9)
    assert {"code-lines", "control-flow", "signatures", "nesting"} <= features(risk)
    assert all(part.words for part in risk.contributions)


def test_no_probability_is_invented(repo, candidate_of):
    for edits in ({}, {"src/auth.py": b"x = 1\n" * 900}):
        risk = assess(repo, candidate_of(**edits), POLICY, ())
        assert (risk.calibrated, risk.probability) == (False, None)


def test_a_small_tested_change_is_low_and_the_same_in_a_sensitive_place_is_not(repo, candidate_of):
    small = assess(repo, candidate_of(**{"src/app.py": BASE["src/app.py"] + b"\n\nX = 1\n"}), POLICY, TESTED)
    assert small.band == "low"
    edit = b"def check(user):\n    if not user:\n        return False\n    return user.active\n"
    sensitive = assess(repo, candidate_of(**{"src/auth.py": edit}), POLICY, TESTED)
    assert sensitive.band == "medium"
    assert sensitive.contributions[0].words == "touches authentication: src/auth.py"


def test_a_large_scattered_untested_change_is_high(repo, candidate_of):
    block = b"def f(a):\n    if a:\n        for b in a:\n            while b:\n                b -= 1\n" * 20
    edits = {f"pkg{n}/mod{n}.py": block for n in range(12)}
    assert assess(repo, candidate_of(**edits), POLICY, ()).band == "high"


def test_a_test_of_a_sensitive_place_is_no_sensitive_place(repo, candidate_of):
    risk = assess(repo, candidate_of(**{"tests/test_auth.py": b"def test_login(): pass\n"}), POLICY, ())
    assert risk.score < 0.05


def test_the_policys_own_sensitive_globs_count(repo, candidate_of):
    policy = Policy(name="p", risk=RiskRules(sensitive=("src/app.*",)))
    risk = assess(repo, candidate_of(**{"src/app.py": b"x = 1\n"}), policy, TESTED)
    assert risk.contributions[0].feature == "topic: sensitive by policy"


@pytest.mark.parametrize(
    ("results", "counted"),
    [
        ((), True),
        (TESTED, False),
        ((skipped("tests", Skip.NOT_APPLICABLE, "no tests"),), True),
        ((GateResult(gate="tests", outcome=Outcome.FAILED, reason="r", evidence={"tests": 3}),), True),
        ((passed("lint", evidence={"files": 3}),), True),
    ],
)
def test_only_tests_that_passed_are_evidence(repo, candidate_of, results, counted):
    risk = assess(repo, candidate_of(**{"src/app.py": b"x = 1\n"}), POLICY, results)
    assert ("no-tests-ran" in features(risk)) is counted


def test_new_warnings_count_and_notes_do_not(repo, candidate_of):
    def found(severity: Severity) -> tuple[GateResult, ...]:
        one = Finding(rule="r", path="p", line=1, message="m", severity=severity, fingerprint="f")
        return (passed("lint", evidence={"files": 1}, findings=(one,)),)

    candidate = candidate_of(**{"src/app.py": b"x = 1\n"})
    assert "findings" in features(assess(repo, candidate, POLICY, found(Severity.WARNING)))
    assert "findings" not in features(assess(repo, candidate, POLICY, found(Severity.NOTE)))


def test_odd_files_are_no_trouble(repo, candidate_of):
    odd = {
        "a.py": b"\x00\xff" * 400,
        "b.py": b"x" * 3_000_000,
        "c\n\x1b.py": b"\xff\xfe\n",
        "d.py": b"",
        "e.py": b"\t" * 5_000 + b"if x:\n",
    }
    candidate = candidate_of(**odd)
    risk = assess(repo, candidate, POLICY, ())
    assert 0 <= risk.score <= 1
    assert assess(repo, candidate, POLICY, ()) == risk
    assert "binary-files" in features(risk)


def test_a_submodule_is_no_trouble(repo, candidate_of):
    base = candidate_of().base.tree
    builder = repo.git.TreeBuilder(repo.git[base])
    builder.insert("sub", "1" * 40, pygit2.enums.FileMode.COMMIT)
    after = Oid(str(builder.write()))
    candidate = Candidate(
        id="s",
        name="s",
        source="t",
        base=Base(commit=None, tree=base),
        tree=after,
        changes=diff.changes(repo, base, after),
    )
    assert assess(repo, candidate, POLICY, ()).band == "low"


def test_a_candidate_without_a_tree_has_no_risk_to_speak_of(repo):
    candidate = Candidate(id="n", name="n", source="t", base=Base(commit=None, tree=Oid("0" * 40)), tree=None)
    risk = assess(repo, candidate, POLICY, ())
    assert (risk.band, risk.contributions) == ("unknown", ())


VALUES = st.dictionaries(
    st.sampled_from([weight.feature for weight in WEIGHTS]), st.floats(0, 1e6, allow_nan=False)
)
TOPICS = st.lists(
    st.builds(Touched, name=st.text(max_size=5), points=st.sampled_from([0.1, 0.25]), path=st.just("p"))
)


@given(VALUES, TOPICS)
def test_any_score_is_in_range_and_the_sum_of_its_effects(values, topics):
    risk = score(values, topics, RiskRules())
    assert 0 <= risk.score <= 1
    assert risk.score == pytest.approx(sum(part.effect for part in risk.contributions), abs=1e-9)
    assert risk.band == band(risk.score, RiskRules())


@given(st.sampled_from(WEIGHTS), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_of_a_feature_never_lowers_the_score(weight, one, other):
    low, high = sorted((one, other))
    assert 0 <= weight.effect(low) <= weight.effect(high) <= weight.points


def test_all_points_together_are_the_stated_ones():
    most = sum(weight.points for weight in WEIGHTS) + MOST_FOR_TOPICS
    full = {weight.feature: weight.full for weight in WEIGHTS}
    risk = score(full, [Touched(name=str(n), points=0.25, path="p") for n in range(9)], RiskRules())
    assert most > 1
    assert risk.score == 1
    assert risk.contributions[-1].feature == "cap"


@pytest.mark.parametrize(("value", "expected"), [(0.34, "low"), (0.35, "medium"), (0.65, "high")])
def test_bands_start_where_the_policy_says(value, expected):
    assert band(value, RiskRules()) == expected
