"""The gate over the shipped sample in real jails: cases of the corpus that reach the tests."""

import sys

import anyio
import pytest
from tests.gates.testing.fake import FakeToolbox

from assay.gates.tests import TestsGate
from assay.model.candidate import Proposal
from assay.model.outcome import Outcome, Resource
from assay.policy.schema import MIB, Environment, Limits, Policy, Tests
from assay.repo.apply import apply
from assay.repo.repository import open_repository
from assay.sandbox.environment import discover
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from assay_fixtures import build_sample, corpus

pytestmark = pytest.mark.jail

PASSING = corpus(["good-feature", "good-rename", "joint-signature-b"])
FAILING = tuple(case for case in corpus() if case.gate == "tests")
OTHERS = corpus(["deletes-a-test"])
POLICY = Policy(
    name="test",
    # The plugins of Assay's own environment, which runs the sample here, are slow to load.
    environment=Environment(set={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
    limits=Limits(memory=512 * MIB, pids=128),
    tests=Tests(from_base=True, grace=5.0, slowdown=1.0, confirm=1),
)


class JailToolbox(FakeToolbox):
    """The fake toolbox with the real sandbox, layers and environment."""

    def __init__(self, repo, base, scratch, sandbox, layers):
        super().__init__(repo, base, POLICY, scratch, sys.executable)
        self.sandbox = sandbox
        self._layers = layers

    async def environment(self):
        return discover(self.repo.root, self.policy.environment, {"VIRTUAL_ENV": sys.prefix})

    async def stack(self, tree):
        bottom = await self.once("base", self._base)
        if tree == self.base.tree:
            return bottom
        return await self.once(tree, lambda: self._over(bottom, tree))

    async def _base(self):
        return self._layers.base(self.base.tree)

    async def _over(self, bottom, tree):
        return self._layers.over(bottom, self.base.tree, tree)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Gate results of the corpus by name, all in one transaction."""
    found = probe()
    if found.tier is None:
        pytest.skip("no jail on this host")
    scratch = tmp_path_factory.mktemp("jail")
    repo = open_repository(build_sample(scratch / "stockroom"))

    async def grade():
        results = {}
        async with open_sandbox(found, lambda call: None) as sandbox:
            with LayerStore.open(repo, found) as layers:
                toolbox = JailToolbox(repo, repo.head(), scratch, sandbox, layers)
                for case in (*PASSING, *FAILING, *OTHERS):
                    proposal = Proposal(name=case.name, source="corpus", patch=case.patch)
                    candidate = apply(repo, toolbox.base, proposal)
                    results[case.name] = await TestsGate().run(toolbox, candidate)
        return results

    return anyio.run(grade)


@pytest.mark.parametrize("case", PASSING, ids=lambda case: case.name)
def test_the_accepted_pass(results, case):
    got = results[case.name]
    assert got.outcome is Outcome.PASSED, got.reason
    assert got.evidence["tests"] >= 40


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_the_rejected_are_rejected_with_a_test_or_a_reason(results, case):
    got = results[case.name]
    assert got.outcome in (Outcome.FAILED, Outcome.EXHAUSTED, Outcome.TAMPERED), got.reason
    assert case.family not in ("breaks-a-test",) or got.detail["confirmed"]


def test_a_hang_is_told_from_a_failure(results):
    got = results["hangs"]
    assert (got.outcome, got.resource) == (Outcome.EXHAUSTED, Resource.TIME)
    assert "while tests/" in got.reason


def test_a_memory_hog_is_told_from_a_failure(results):
    got = results["memory-hog"]
    # A request that the machine itself refuses is an ordinary failure.
    assert got.resource is Resource.MEMORY or "MemoryError" in got.reason


def test_a_forged_success_is_tampering(results):
    assert results["leaves-early"].outcome is Outcome.TAMPERED


def test_invariant_3_a_deleted_test_is_back(results):
    got = results["deletes-a-test"]
    assert got.detail["restored"] == ["tests/test_report.py"]
    assert got.evidence["tests"] >= 41
