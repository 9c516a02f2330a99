"""The apply gate: a candidate that could not be applied says which hunk of which file, and why.

Promises: free; it only reads what applying the patch already found out.
"""

from __future__ import annotations

from assay.gates.files import display
from assay.gates.fingerprint import fingerprint
from assay.gates.protocol import Toolbox
from assay.model.candidate import ApplyProblem, Candidate
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, infra, passed, skipped


class ApplyGate:
    """Passes what has a tree; fails the rest with the place of the first problem."""

    name = "apply"

    async def version(self, toolbox: Toolbox) -> str:
        """Constant: the answer is part of the candidate."""
        return "apply/1"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        if candidate.problem is not None:
            finding = _finding(candidate.problem)
            return failed(self.name, finding.message, findings=(finding,))
        if candidate.tree is None:
            return infra(self.name, "the candidate has neither a tree nor a reason for having none")
        if not candidate.changes:
            return skipped(self.name, Skip.NOT_APPLICABLE, "the candidate changes nothing")
        return passed(self.name, evidence={"files": len(candidate.changes)})


def _finding(problem: ApplyProblem) -> Finding:
    hunk = f"hunk {problem.hunk}" if problem.hunk else ""
    path = display(problem.path) if problem.path else ""
    # The applier may already name the place in its sentence; saying it twice helps nobody.
    path = "" if path and path in problem.message else path
    hunk = "" if hunk and hunk in problem.message else hunk
    place = ", ".join(part for part in (path, hunk) if part)
    rule = f"apply/{problem.kind}"
    return Finding(
        rule=rule,
        path=problem.path,
        line=problem.line,
        message=f"{place}: {problem.message}" if place else problem.message,
        severity=Severity.ERROR,
        fingerprint=fingerprint(rule, problem.path, str(problem.hunk), problem.message),
    )
