"""Which candidates stand for others, before anything is graded."""

import pytest
from tests.land.support import Yard

from assay.land.job import collect, prepare, with_candidates
from assay.land.request import Request

PATCH = "--- a/pkg.py\n+++ b/pkg.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"


@pytest.fixture
def standing(tmp_path):
    """For two patches to the same effect: whom each is equivalent to, by the request's options."""
    yard = Yard(tmp_path / "repo", {"pkg.py": b"x = 1\n"})
    for name in ("one.patch", "two.patch"):
        (tmp_path / name).write_text(PATCH)
    sources = (str(tmp_path / "one.patch"), str(tmp_path / "two.patch"))

    def asked(**options):
        job = prepare("grade", Request(repo=yard.root, sources=sources, **options), default_pack="agent")
        one, two = with_candidates(job, collect(job)).candidates
        return one.equivalent_to, two.equivalent_to == one.id

    return asked


def test_equal_trees_are_graded_once(standing):
    assert standing() == (None, True)


def test_the_slow_way_grades_each(standing):
    assert standing(full=True) == (None, False)


def test_a_policy_can_have_each_graded(standing, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('extends = "agent"\n[grade]\nequivalence = "off"\n')
    assert standing(policy=str(rules)) == (None, False)
