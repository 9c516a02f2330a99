"""A scratch project for the tests gate."""

import anyio
import pytest
from tests.gates.testing.fake import Project

from assay.gates.tests import TestsGate

LIB = "def double(x):\n    return 2 * x\n"
TESTS = "from lib import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


@pytest.fixture
def project(tmp_path):
    """Makes a project of one module and one passing test, with these files over it (None: not there)."""

    def make(files=None, **rules):
        all_files = {"lib.py": LIB, "tests/test_lib.py": TESTS} | (files or {})
        return Project(
            tmp_path, {path: text for path, text in all_files.items() if text is not None}, **rules
        )

    return make


@pytest.fixture
def grade():
    """Run the gate on a candidate of a project, given as changed files."""

    def grade(project, changes, renames=None):
        candidate = project.candidate(changes, renames)
        return anyio.run(TestsGate().run, project.toolbox, candidate)

    return grade
