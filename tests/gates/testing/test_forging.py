"""Forged passes in real jails: none is accepted; and what honest projects do is never called tampering."""

import sys
from contextlib import AsyncExitStack

import anyio
import pytest
from msgspec import structs
from tests.gates.testing.fake import FakeToolbox, Project
from tests.gates.testing.forgeries import BASE, FILES, FORGERIES
from tests.gates.testing.honest import HONEST

from assay.gates.testing import base
from assay.gates.tests import TestsGate
from assay.model.outcome import Outcome
from assay.policy.schema import Environment
from assay.repo.repository import Repository
from assay.sandbox.environment import discover
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe

QUICK = ("runner-call", "makereport", "equal-to-all", "asserts-for-a-moment", "jump-over-an-assert", "atexit")
FORGING = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in FORGERIES]
COMMON = ("unittest", "decorators", "conftest-alters-reports", "helpers-and-wildcards")
ODD = [pytest.param(name, marks=() if name in COMMON else pytest.mark.slow, id=name) for name in HONEST]
CANDIDATE_FAULT = (Outcome.TAMPERED, Outcome.FAILED, Outcome.EXHAUSTED)


class JailToolbox(FakeToolbox):
    """The fake toolbox over real jails, each run with layers of its own."""

    def __init__(self, project, sandbox, layers):
        plain = project.toolbox
        super().__init__(plain.repo, plain.base, plain.policy, plain.sandbox.scratch, sys.executable)
        self.policy = structs.replace(
            plain.policy, environment=Environment(set={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
        )
        self.sandbox = sandbox
        self._layers = layers

    async def environment(self):
        return discover(self.repo.root, self.policy.environment, {"VIRTUAL_ENV": sys.prefix})

    async def stack(self, tree):
        async def of_base():
            return self._layers.base(self.base.tree)

        async def of_tree():
            return self._layers.over(bottom, self.base.tree, tree)

        bottom = await self.once("stack:base", of_base)
        return bottom if tree == self.base.tree else await self.once(f"stack:{tree}", of_tree)


@pytest.fixture
def in_jail(tmp_path):
    """Grade changes of a project in jails: the results, and the base's run."""
    found = probe()
    if found.tier is None:
        pytest.skip("no jail on this host")

    def grade(files, changes, **rules):
        project = Project(tmp_path, files, **{"from_base": True, "grace": 20.0, "confirm": 0, **rules})

        async def run():
            async with AsyncExitStack() as stack:
                sandbox = await stack.enter_async_context(open_sandbox(found, lambda call: None))
                (tmp_path / "root").mkdir()
                repo = Repository(project.git, tmp_path / "root", None)
                project.toolbox.repo = repo
                layers = stack.enter_context(LayerStore.open(repo, found))
                toolbox = JailToolbox(project, sandbox, layers)
                results = [await TestsGate().run(toolbox, project.candidate(change)) for change in changes]
                return results, (await base.results(toolbox, project.base.tree)).suite

        return anyio.run(run)

    return grade


@pytest.mark.jail
@pytest.mark.parametrize("name", FORGING)
def test_a_forged_pass_is_not_accepted(in_jail, name):
    [got], _ = in_jail(FILES, [{"lib.py": FORGERIES[name]}])
    assert got.outcome in CANDIDATE_FAULT, got.reason
    assert got.reason


@pytest.mark.jail
def test_a_deviation_is_seen_twice_before_it_is_believed(in_jail):
    forged = [{"lib.py": FORGERIES["runner-call"]}, {"lib.py": BASE + "\nHARMLESS = 1\n"}]
    [got, harmless], _ = in_jail(FILES, forged, confirm=1)
    assert got.outcome is Outcome.TAMPERED
    assert "its own body was not executed" in got.reason
    assert got.detail["tampering"]
    assert {finding.rule for finding in got.findings} >= {"tests/forged-result", "tests/canary"}
    assert harmless.outcome is Outcome.PASSED


@pytest.mark.jail
@pytest.mark.parametrize("name", ODD)
def test_what_an_honest_project_does_is_no_tampering(in_jail, name):
    files, changes = HONEST[name]
    [got], suite = in_jail(files, [changes])
    assert got.outcome is Outcome.PASSED, got.reason
    assert suite.canaries.planned == 4
    assert suite.canaries.ran == 4


CLOCK = "import time\n\n\ndef work():\n    time.sleep(0.3)\n"
STOPS_IT = """
import time
from unittest import mock


def work():
    time.time = mock.Mock(return_value=time.time())
    time.sleep(0.3)
"""
TIMED = """
import time
from unittest import mock
from lib import work


def test_quick():
    start = time.time()
    work()
    assert time.time() - start < 0.1


@mock.patch("time.time")
def test_of_its_own(stopped):
    assert time.time() is stopped.return_value
"""


@pytest.mark.jail
@pytest.mark.slow
def test_a_mock_of_the_product_does_not_hide_behind_one_of_a_test(in_jail):
    [got], _ = in_jail({"lib.py": CLOCK, "tests/test_it.py": TIMED}, [{"lib.py": STOPS_IT}])
    assert got.outcome is Outcome.TAMPERED, got.reason
