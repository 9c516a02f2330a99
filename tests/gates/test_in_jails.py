"""Every static gate once through the real thing: jails, layers and the run's own toolbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from tests.gates.static_fakes import PROGRAM, Content, FakeToolbox, Scratch

from assay.gates.command import CommandGate
from assay.gates.compile import CompileGate
from assay.gates.lint import LintGate
from assay.gates.protocol import Gate
from assay.gates.security import SecurityGate
from assay.gates.tools import own_interpreter, own_interpreter_binds
from assay.model.candidate import Base, Candidate
from assay.model.outcome import GateResult, Outcome
from assay.model.tool import ToolCall
from assay.policy.schema import Command, Policy
from assay.sandbox.environment import ProjectEnvironment
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe
from assay.sandbox.spec import Stack

pytestmark = pytest.mark.jail

OLD: dict[str, Content] = {
    "pyproject.toml": "[tool.ruff.lint]\nselect = ['F', 'I']\n",
    "pkg/__init__.py": "",
    "pkg/a.py": "x = 1\n",
    "tool": (PROGRAM, "#!/bin/sh\nexit 0\n"),
}
SHELL = "import subprocess\n\n\ndef go(c):\n    subprocess.call(c, shell=True)\n"


class JailToolbox(FakeToolbox):
    """The tests' toolbox over real jails and layers."""

    layers: LayerStore

    async def environment(self) -> ProjectEnvironment:
        return ProjectEnvironment(python=own_interpreter(), mounts=own_interpreter_binds(), digest="e")

    async def stack(self, tree: str) -> Stack:
        bottom = self.layers.base(self.base.tree)
        return bottom if tree == self.base.tree else self.layers.over(bottom, self.base.tree, tree)


@asynccontextmanager
async def bench(
    scratch: Scratch, base: Base, tmp_path: Path, calls: list[ToolCall]
) -> AsyncIterator[JailToolbox]:
    found = probe()
    if found.tier is None:
        pytest.skip("no jail on this host")
    with LayerStore.open(scratch.repo, found) as layers:
        async with open_sandbox(found, calls.append) as sandbox:
            toolbox = JailToolbox(scratch, base, Policy(name="test"), tmp_path)
            toolbox.layers, toolbox.sandbox = layers, sandbox
            try:
                yield toolbox
            finally:
                await toolbox.close()


def grade(
    tmp_path: Path, gates: list[Gate], new: dict[str, Content]
) -> tuple[list[GateResult], list[ToolCall]]:
    scratch = Scratch(tmp_path / "repo")
    candidate: Candidate = scratch.candidate(OLD, {**OLD, **new})
    calls: list[ToolCall] = []

    async def main() -> list[GateResult]:
        async with bench(scratch, candidate.base, tmp_path, calls) as toolbox:
            return [await gate.run(toolbox, candidate) for gate in gates]

    return anyio.run(main), calls


def test_invariant_4_good_and_bad_are_told_apart_inside_jails(tmp_path: Path) -> None:
    command = CommandGate(Command(name="tool", run=("./tool",)))
    gates: list[Gate] = [CompileGate(), LintGate(), SecurityGate(), command]
    good, calls = grade(tmp_path / "good", gates, {"pkg/a.py": "x = 2\n", "pkg/b.py": "y = 1\n"})
    assert [(result.gate, result.outcome) for result in good] == [
        (gate.name, Outcome.PASSED) for gate in gates
    ], [result.reason for result in good]
    # What ran, ran in a jail: each gate's program is among the recorded calls.
    labels = {call.label for call in calls}
    assert {"compile worker", "ruff worker", "bandit worker", "tool"} <= labels

    bad = {"pkg/a.py": SHELL, "pkg/b.py": "def f(:\n", "tool": (PROGRAM, "#!/bin/sh\nexit 1\n")}
    results, _ = grade(tmp_path / "bad", [CompileGate(), LintGate(), command], bad)
    assert [result.outcome for result in results] == [Outcome.FAILED] * 3
    results, _ = grade(tmp_path / "shell", [SecurityGate()], {"pkg/a.py": SHELL})
    assert [finding.rule for finding in results[0].findings] == ["B602"]
    assert results[0].outcome is Outcome.FAILED
