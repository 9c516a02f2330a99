"""`--trust-tests` end to end: what rejects a changed test, and what the report says when it does not."""

import os
import sys

import anyio
import pytest
from msgspec import structs
from tests.land.support import Yard, git, write

from assay.land import flow
from assay.land.request import Request
from assay.model.verdict import Decision

pytestmark = pytest.mark.jail

FILES = {
    "lib.py": b"def double(x):\n    return 2 * x\n",
    "tests/test_lib.py": b"from lib import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
}
POLICY = b"""
extends = "agent"
gates = ["apply", "scope", "tests"]

[environment.set]
PYTEST_DISABLE_PLUGIN_AUTOLOAD = "1"

[tests]
base_runs = 1
perturb = false
"""
CHANGED = {
    "lib.py": b"def double(x):\n    return 2 * x + 1\n",
    "tests/test_lib.py": FILES["tests/test_lib.py"].replace(b"== 4", b"== 5"),
}


def test_a_changed_test_rejects_unless_the_user_vouches_for_it(tmp_path):
    yard = Yard(tmp_path / "yard", {**FILES, "assay.toml": POLICY})
    git(yard.root, "checkout", "-q", "-b", "change")
    write(yard.root, CHANGED)
    git(yard.root, "commit", "-q", "-a", "-m", "five")
    git(yard.root, "checkout", "-q", "main")
    asked = Request(repo=yard.root, sources=("change",), environ={**os.environ, "VIRTUAL_ENV": sys.prefix})
    plain = anyio.run(flow.grade, asked)
    trusted = anyio.run(flow.grade, structs.replace(asked, trust_tests=True))
    assert plain.candidates[0].verdict is Decision.REJECTED
    assert trusted.candidates[0].verdict is Decision.ACCEPTED
    assert plain.policy.overrides == ()
    assert trusted.policy.overrides == ("--trust-tests",)
    assert plain.policy.digest != trusted.policy.digest
    assert any("--trust-tests" in note for note in trusted.notes)
    assert trusted.delta is not None
    found = [each for each in trusted.delta.findings_introduced if each.rule == "tests/trusted"]
    assert [each.path for each in found] == ["tests/test_lib.py"]
