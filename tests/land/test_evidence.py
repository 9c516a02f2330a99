"""Evidence from the request to the report, the ledger and the profile."""

import os
import sys

import anyio
import pytest
from tests.land.support import Yard

from assay.grade.budget import Purse
from assay.land.flow import grade
from assay.land.request import Request
from assay.ledger.ledger import Ledger
from assay.model.evidence import Fate
from assay.model.verdict import Decision
from assay.policy.stakes import Collect

pytestmark = pytest.mark.jail
ENVIRON = {**os.environ, "VIRTUAL_ENV": sys.prefix}
FILES = {
    "clip.py": b"def clip(text, size):\n    return text\n",
    "test_clip.py": b"from clip import clip\n\n\ndef test_clip():\n    assert clip('hel', 3) == 'hel'\n",
}
PATCH = """--- a/clip.py
+++ b/clip.py
@@ -1,2 +1,4 @@
 def clip(text, size):
-    return text
+    if size < 0:
+        raise ValueError(size)
+    return text[:size]
"""


@pytest.fixture
def graded(tmp_path):
    yard = Yard(tmp_path / "repo", FILES)
    patch, broken = tmp_path / "clip.patch", tmp_path / "broken.patch"
    patch.write_text(PATCH)
    broken.write_text(PATCH.replace("text[:size]", "text[:1]"))
    rules = tmp_path / "rules.toml"
    rules.write_text('extends = "default"\ngates = ["apply", "compile", "tests"]\n')

    def graded(evidence, **given):
        request = Request(
            repo=yard.root,
            sources=(str(patch), str(broken)),
            policy=str(rules),
            evidence=evidence,
            environ=ENVIRON,
            **given,
        )
        return yard, anyio.run(lambda: grade(request))

    return graded


def test_evidence_is_in_the_report_the_ledger_and_the_profile(graded):
    yard, report = graded(Collect.MUTANTS)
    good, bad = report.candidates
    assert (good.verdict, bad.verdict) == (Decision.ACCEPTED, Decision.REJECTED)
    (seen,) = good.risk.evidence.files
    assert (seen.executed, seen.missed) == ((2, 4), (3,))
    assert {mutant.line: mutant.fate for mutant in good.risk.evidence.mutants} == {
        2: Fate.SURVIVED,
        3: Fate.UNREACHED,
        4: Fate.KILLED,
    }
    assert 0.3 < good.risk.false_green <= 1
    assert bad.risk.evidence is bad.risk.false_green is None
    assert report.patch_set.members == (good.id,)
    assert report.delta.risk.evidence == good.risk.evidence
    assert report.delta.risk.probability == good.risk.probability
    assert "evidence" in {share.what for share in report.profile.spent}
    with Ledger.open(yard.root / ".git" / "assay") as ledger:
        steps = [step.payload for step in ledger.steps(report.transaction)]
    (told,) = [payload["evidence"] for payload in steps if "evidence" in payload]
    assert list(told) == [good.id]


def test_nothing_is_gathered_unasked(graded):
    _, report = graded(None)
    assert {candidate.risk.evidence for candidate in report.candidates} == {None}


def test_a_budget_that_grading_has_spent_pays_for_no_evidence(graded, monkeypatch):
    async def within(purse, work):
        assert purse.bounded
        return

    monkeypatch.setattr(Purse, "within", within)
    _, report = graded(Collect.MUTANTS, budget_cpu=600.0)
    good = report.candidates[0]
    assert good.verdict is Decision.ACCEPTED
    assert good.risk.evidence.missing == "the budget of the run was spent before it was gathered"
