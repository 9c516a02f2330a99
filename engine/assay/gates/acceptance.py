"""The acceptance gate: hidden tests from outside the repository, and lists of tests that must pass.

Promises: the tests enter a tree that is kept in memory and shown to the jails of this gate alone, after the
other gates have passed; nothing of the candidate stands in their place. The base is run with the same files
first, so that what it fails too is known. A required test passes only if it ran and passed; what the base
fails too although it should pass never rejects a candidate (invariant 6). A pass counts required tests that
passed, at least one (invariant 5).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from assay.gates.examining import GATE, TASKS
from assay.gates.protocol import Toolbox
from assay.gates.testing import base
from assay.gates.testing.exam import examine
from assay.gates.testing.exam_words import discreet, merged
from assay.gates.testing.package import Package, digest
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, infra

REVISION = 1
"""Raised when the meaning of a kept result changes."""


class AcceptanceGate:
    """Runs what it is given. Of several `packages`, a candidate is examined by those of its own tasks."""

    name = GATE

    def __init__(self, packages: Sequence[Package] = ()) -> None:
        self._packages = tuple(packages)

    async def version(self, toolbox: Toolbox) -> str:
        """All that test results depend on; the content of the tests is told per candidate."""
        return f"{GATE}/{REVISION}:{base.configuration(toolbox)}"

    def about(self, candidate: Candidate) -> str:
        """The content of the tests and lists by which this candidate is examined."""
        return digest(self._of(candidate))

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate that has a tree: by the tests of its task, or of each of its tasks."""
        results: dict[str, GateResult] = {}
        for package in self._of(candidate):
            result = structs.replace(await examine(toolbox, candidate, package), gate=GATE)
            if result.outcome is not Outcome.PASSED:
                return self._shown(toolbox, result)
            results[package.instance] = result
        if not results:
            return infra(GATE, "no acceptance tests were given for this candidate's task")
        whole = next(iter(results.values())) if len(results) == 1 else merged(results)
        return self._shown(toolbox, whole)

    def _of(self, candidate: Candidate) -> tuple[Package, ...]:
        if len(self._packages) == 1:
            return self._packages
        tasks = candidate.instance.split(TASKS)
        return tuple(package for package in self._packages if package.instance in tasks)

    def _shown(self, toolbox: Toolbox, result: GateResult) -> GateResult:
        return result if toolbox.policy.acceptance.show else discreet(result)
