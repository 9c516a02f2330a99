from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest

from assay.model.candidate import Base, Candidate, Oid
from assay.policy.schema import Policy
from assay.policy.stakes import Costs, RiskRules
from assay.repo import diff
from assay.repo.repository import open_repository
from assay.risk.background import Background
from assay.risk.chosen import usual
from assay.risk.score import assess, at_stake

POLICY = Policy(name="default")
KNOWN = Background(models=usual(), why="nobody has looked")
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


def test_the_effects_add_up_to_the_probability(repo, candidate_of):
    candidate = candidate_of(
        **{"src/app.py": b"def total(items, tax):\n    if tax:\n        return 1\n    return 0\n"}
    )
    risk = assess(repo, candidate, POLICY, (), KNOWN)
    assert risk.calibrated
    assert risk.probability == risk.score
    assert risk.score == pytest.approx(sum(part.effect for part in risk.contributions), abs=1e-9)
    assert risk.contributions[0].feature == "base"
    assert {"size", "structure"} <= {part.feature for part in risk.contributions}
    assert all(part.words for part in risk.contributions)


def test_event_interval_and_doubts_come_along(repo, candidate_of):
    risk = assess(repo, candidate_of(**{"src/app.py": b"x = 1\n"}), POLICY, (), KNOWN)
    assert risk.prior.event == "a later fix within 365 days touches lines of this change"
    assert risk.interval.low < risk.probability < risk.interval.high
    assert "nobody has looked" in risk.prior.doubts
    assert risk.reverted.event == "the change is reverted within 30 days"
    assert risk.advice is not None


def test_a_small_change_is_low_and_a_large_scattered_one_is_not(repo, candidate_of):
    small = assess(repo, candidate_of(**{"src/app.py": BASE["src/app.py"] + b"X = 1\n"}), POLICY, (), KNOWN)
    assert small.band == "low"
    block = b"def f(a):\n    if a:\n        for b in a:\n            while b:\n                g(b)\n" * 20
    large = assess(repo, candidate_of(**{f"pkg/mod{n}.py": block for n in range(6)}), POLICY, (), KNOWN)
    assert large.band != "low"
    assert large.probability > 2 * small.probability


def test_a_sensitive_place_makes_a_defect_dearer_and_not_likelier(repo, candidate_of):
    edit = b"def check(user):\n    return bool(user) or None\n"
    ordinary, sensitive = candidate_of(**{"src/app.py": edit}), candidate_of(**{"src/auth.py": edit})
    dear, usual = at_stake(sensitive.changes, POLICY), at_stake(ordinary.changes, POLICY)
    assert dear.defect > usual.defect
    assert "authentication (src/auth.py)" in dear.why
    land = assess(repo, sensitive, POLICY, (), KNOWN).advice.options
    assert any("authentication" in option.words for option in land)


def test_a_test_of_a_sensitive_place_is_no_sensitive_place(repo, candidate_of):
    candidate = candidate_of(**{"tests/test_auth.py": b"def test_login(): pass\n"})
    assert at_stake(candidate.changes, POLICY).why == ""
    risk = assess(repo, candidate, POLICY, (), KNOWN)
    assert any("touches no program text" in doubt for doubt in risk.prior.doubts)


def test_the_policys_own_sensitive_globs_count(repo, candidate_of):
    policy = Policy(name="p", risk=RiskRules(sensitive=("src/app.*",)))
    candidate = candidate_of(**{"src/app.py": b"x = 1\n"})
    assert "sensitive by policy" in at_stake(candidate.changes, policy).why


def test_what_it_would_be_without_one_of_its_files(repo, candidate_of):
    block = b"def f(a):\n    if a:\n        return g(a)\n    return h(a)\n" * 30
    dear = Policy(name="p", risk=RiskRules(cost=Costs(defect=9000, review=1)))
    risk = assess(repo, candidate_of(**{"a.py": block, "b.py": b"x = 1\n"}), dear, (), KNOWN)
    assert any(each.startswith("without a.py: ") for each in risk.advice.unless)


def test_odd_files_are_no_trouble(repo, candidate_of):
    odd = {
        "a.py": b"\x00\xff" * 400,
        "b.py": b"x" * 3_000_000,
        "c\n\x1b.py": b"\xff\xfe\n",
        "d.py": b"",
        "e.py": b"\t" * 5_000 + b"if x:\n",
    }
    candidate = candidate_of(**odd)
    risk = assess(repo, candidate, POLICY, (), KNOWN)
    assert 0 <= risk.score <= 1
    assert assess(repo, candidate, POLICY, (), KNOWN) == risk
    assert any("too large" in doubt for doubt in risk.prior.doubts)


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
    assert assess(repo, candidate, POLICY, (), KNOWN).band == "low"


def test_a_candidate_without_a_tree_has_no_risk_to_speak_of(repo):
    candidate = Candidate(id="n", name="n", source="t", base=Base(commit=None, tree=Oid("0" * 40)), tree=None)
    risk = assess(repo, candidate, POLICY, (), KNOWN)
    assert (risk.band, risk.contributions) == ("unknown", ())
