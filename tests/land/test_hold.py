"""What the policy holds does not land by itself, and the risk of a set is that of its members."""

import os
import sys

import anyio
import pytest
from tests.land.support import Yard

from assay.land.flow import exit_code, grade, land
from assay.land.request import Request
from assay.model.errors import BadInput, Exit
from assay.model.verdict import Decision

pytestmark = pytest.mark.jail
ENVIRON = {**os.environ, "VIRTUAL_ENV": sys.prefix}
GATES = 'extends = "default"\ngates = ["apply", "compile"]\n'
PATCH = """--- a/{0}.py
+++ b/{0}.py
@@ -1 +1,2 @@
 x = 1
+y = 2
"""


@pytest.fixture
def yard(tmp_path):
    return Yard(tmp_path / "repo", {"one.py": b"x = 1\n", "two.py": b"x = 1\n"})


def request(yard, rules):
    place = yard.root.parent
    (place / "rules.toml").write_text(GATES + rules)
    for name in ("one", "two"):
        (place / f"{name}.patch").write_text(PATCH.format(name))
    sources = (str(place / "one.patch"), str(place / "two.patch"))
    return Request(repo=yard.root, sources=sources, policy=str(place / "rules.toml"), environ=ENVIRON)


def test_what_is_held_for_review_does_not_land_and_says_why(yard):
    dear = '[risk]\nhold = "review"\n[[risk.at]]\npaths = ["one.py"]\ndefect = 1e4\n'
    asked = request(yard, dear)
    report = anyio.run(lambda: land(asked, onto="main"))
    one, two = report.candidates
    assert (one.verdict, two.verdict) == (Decision.ACCEPTED, Decision.ACCEPTED)
    assert report.landed is not None
    assert report.patch_set.members == (two.id,)
    (left,) = report.patch_set.left_out
    assert left.id == one.id
    assert left.why.startswith("held for ")


def test_where_everything_is_held_nothing_lands(yard):
    asked = request(yard, '[risk]\nhold = "reject"\n[risk.cost]\ndefect = 1e9\n')
    report = anyio.run(lambda: land(asked, onto="main"))
    assert report.landed is None
    assert len(report.patch_set.left_out) == 2
    assert report.patch_set.members == ()
    assert exit_code(report) is Exit.REJECTED


def test_the_risk_of_a_set_is_made_of_its_members(yard):
    asked = request(yard, "")
    report = anyio.run(lambda: grade(asked))
    risk = report.delta.risk
    own = [candidate.risk.probability for candidate in report.candidates]
    assert max(own) <= risk.probability <= sum(own) + 1e-6
    assert sum(part.effect for part in risk.contributions) == pytest.approx(risk.probability, abs=1e-5)
    assert {part.feature.partition(":")[0] for part in risk.contributions} >= {"member"}
    assert "at least one of these 2 changes" in risk.prior.event
    costs = {option.action.value: option.cost for option in risk.advice.options}
    alone = {option.action.value: option.cost for option in report.candidates[0].risk.advice.options}
    assert costs["reject"] == 2 * alone["reject"]


def test_a_train_refuses_a_policy_that_demands_evidence_and_gathers_none(yard):
    from assay.land.train.watch import watch

    asked = request(yard, "[evidence]\nmax_missed = 0\n")
    with pytest.raises(BadInput, match="has none gathered"):
        anyio.run(lambda: watch(asked, onto="main", tell=lambda _: None, until_idle=True))


def test_a_place_in_the_history_that_is_not_known_is_for_a_person(yard):
    asked = request(yard, '[risk]\nhold = "review"\nreview_from = 0.9\n')
    report = anyio.run(lambda: land(asked, onto="main"))
    assert report.landed is None
    assert {left.why for left in report.patch_set.left_out} == {
        "held for review: its place among this repository's past changes is not known, "
        "and the policy goes by it"
    }
