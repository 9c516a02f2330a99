"""Attempts at one task in clusters, from the records to the report and the choice."""

import json

import anyio
import pytest
from tests.land.support import Yard

from assay.land.flow import grade
from assay.land.request import Request

pytestmark = pytest.mark.jail
FILES = {
    "clip.py": b"def clip(text, size):\n    return text\n",
    "test_clip.py": b"from clip import clip\n\n\ndef test_clip():\n    assert clip('hello', 3) == 'hel'\n",
}
BODIES = {
    "only-three": "text[:3]",
    "slice": "text[:size]",
    "spelt-out": 'text[0:size] + ""',
    "wrong": "text[1:]",
}


@pytest.fixture
def graded(tmp_path):
    """The report on attempts, by name, under some policy for clusters."""
    yard = Yard(tmp_path / "repo", FILES)
    records = [
        {
            "instance_id": "clip",
            "model_name_or_path": name,
            "model_patch": "--- a/clip.py\n+++ b/clip.py\n@@ -1,2 +1,2 @@\n def clip(text, size):\n"
            f"-    return text\n+    return {body}\n",
        }
        for name, body in BODIES.items()
    ]
    source = tmp_path / "attempts.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))

    def run(clusters):
        rules = tmp_path / "rules.toml"
        gates = 'gates = ["apply", "compile", "tests"]\n'
        rules.write_text(f'extends = "agent"\n{gates}[grade]\nclusters = "{clusters}"\n')
        request = Request(repo=yard.root, sources=(str(source),), policy=str(rules))
        return anyio.run(lambda: grade(request))

    return run


def test_probes_have_the_larger_cluster_chosen(graded):
    report = graded("probes")
    sizes = {candidate.name: candidate.cluster.size for candidate in report.candidates}
    assert sorted(sizes.values()) == [1, 1, 2, 2], sizes
    by_id = {candidate.id: candidate for candidate in report.candidates}
    (member,) = report.patch_set.members
    assert by_id[member].cluster.size == 2
    assert by_id[member].cluster.representative == member
    assert any("behaves like 2 of 4 attempts" in left.why for left in report.patch_set.left_out)


def test_tests_alone_do_not_tell_accepted_attempts_apart(graded):
    report = graded("tests")
    assert sorted(candidate.cluster.size for candidate in report.candidates) == [1, 3, 3, 3]
    assert all(candidate.cluster is None for candidate in graded("off").candidates)
