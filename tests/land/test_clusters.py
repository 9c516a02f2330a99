"""Attempts at one task in clusters, from the records to the report and the choice."""

import json
import os
import sys

import anyio
import pytest
from tests.land.support import Yard

from assay.land.flow import grade
from assay.land.request import Request

pytestmark = pytest.mark.jail
ENVIRON = {**os.environ, "VIRTUAL_ENV": sys.prefix}
FILES = {
    "clip.py": b"def clip(text, size):\n    return text\n",
    "test_clip.py": b"from clip import clip\n\n\ndef test_clip():\n    assert clip('hello', 3) == 'hel'\n",
}
BODIES = {
    "only-three": "text[:3]",
    "slice": "text[:size]",
    "spelt-out": 'text[0:size] + ""',
}


@pytest.fixture
def graded(tmp_path):
    """The report on attempts that are probed."""
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

    rules = tmp_path / "rules.toml"
    gates = 'gates = ["apply", "compile", "tests"]\n'
    rules.write_text(f'extends = "agent"\n{gates}[grade]\nclusters = "probes"\n[tests]\nconfirm = 0\n')
    request = Request(repo=yard.root, sources=(str(source),), policy=str(rules), environ=ENVIRON)
    return anyio.run(lambda: grade(request))


def test_probes_have_the_larger_cluster_chosen(graded):
    report = graded
    sizes = {candidate.name: candidate.cluster.size for candidate in report.candidates}
    assert sorted(sizes.values()) == [1, 2, 2], sizes
    by_id = {candidate.id: candidate for candidate in report.candidates}
    (member,) = report.patch_set.members
    assert by_id[member].cluster.size == 2
    assert by_id[member].cluster.representative == member
    assert any("behaves like 2 of 3 attempts" in left.why for left in report.patch_set.left_out)
