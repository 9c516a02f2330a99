"""Both cores busy while candidates are graded: nobody is blamed for that."""

import os
import subprocess
import sys
from contextlib import contextmanager

import anyio
import pytest
from msgspec import structs
from tests.gates.testing.test_jail import JailToolbox

from assay.gates.tests import TestsGate
from assay.model.candidate import Proposal
from assay.model.outcome import Outcome
from assay.repo.apply import apply
from assay.repo.repository import open_repository
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from assay_fixtures import build_sample, corpus

pytestmark = [pytest.mark.jail, pytest.mark.slow]

CASES = corpus(["good-feature", "good-rename", "breaks-a-test", "breaks-imports", "memory-hog"])
_BURN = "import os\nwhile os.getppid() == {parent}:\n    sum(range(100_000))\n"


@contextmanager
def busy():
    """Four programs for each core that do nothing but count."""
    program = _BURN.format(parent=os.getpid())
    burners = [
        subprocess.Popen([sys.executable, "-S", "-c", program]) for _ in range(4 * (os.cpu_count() or 1))
    ]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def test_invariant_6_verdicts_under_load_are_those_of_a_quiet_machine(tmp_path):
    found = probe()
    if found.tier is None:
        pytest.skip("no jail on this host")
    repo = open_repository(build_sample(tmp_path / "stockroom"))

    async def grade(toolbox, case):
        candidate = apply(repo, toolbox.base, Proposal(name=case.name, source="corpus", patch=case.patch))
        result = await TestsGate().run(toolbox, candidate)
        return result.outcome, result.detail.get("newly_failing"), result.detail.get("lost")

    async def main():
        async with open_sandbox(found, lambda call: None) as sandbox:
            with LayerStore.open(repo, found) as layers:
                toolbox = JailToolbox(repo, repo.head(), tmp_path, sandbox, layers)
                # A limit that a busy machine breaks: the base's own time, as it was when nothing else ran.
                tests = structs.replace(toolbox.policy.tests, grace=0.0, slowdown=1.5, perturb=True)
                toolbox.policy = structs.replace(toolbox.policy, tests=tests)
                quiet = [await grade(toolbox, case) for case in CASES]
                toolbox.forget()
                with busy():
                    return quiet, [await grade(toolbox, case) for case in CASES]

    quiet, loaded = anyio.run(main)
    assert Outcome.PASSED in {outcome for outcome, _, _ in quiet}
    for case, before, after in zip(CASES, quiet, loaded, strict=True):
        assert after == before, case.name
