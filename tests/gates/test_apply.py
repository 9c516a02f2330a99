"""The apply gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.gates.apply import ApplyGate
from assay.model.candidate import ApplyProblem, Base, Candidate, Oid, ProblemKind
from assay.model.outcome import Outcome, Skip

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench


def broken(problem: ApplyProblem | None) -> Candidate:
    return Candidate(
        id="c", name="c", source="s", base=Base(commit=None, tree=Oid("0" * 40)), tree=None, problem=problem
    )


def test_passes_with_the_number_of_files(bench: Bench) -> None:
    result = bench.run(ApplyGate(), {"a": "1", "b": "1"}, {"a": "2", "c": "3"})
    assert result.outcome is Outcome.PASSED
    assert result.evidence["files"] >= 2


def test_names_file_hunk_and_reason(bench: Bench) -> None:
    problem = ApplyProblem(
        kind=ProblemKind.DOES_NOT_APPLY, message="the context is not found", path="src/a.py", hunk=2, line=14
    )
    result = bench.grade(ApplyGate(), broken(problem))
    assert result.outcome is Outcome.FAILED
    assert result.reason == "src/a.py, hunk 2: the context is not found"
    (finding,) = result.findings
    assert (finding.rule, finding.path, finding.line) == ("apply/does-not-apply", "src/a.py", 14)


def test_does_not_repeat_what_the_applier_said(bench: Bench) -> None:
    problem = ApplyProblem(
        kind=ProblemKind.DOES_NOT_APPLY, message="hunk 2 of src/a.py does not fit", path="src/a.py", hunk=2
    )
    assert bench.grade(ApplyGate(), broken(problem)).reason == "hunk 2 of src/a.py does not fit"


def test_no_tree_and_no_reason_is_no_failure_of_the_candidate(bench: Bench) -> None:
    assert bench.grade(ApplyGate(), broken(None)).outcome is Outcome.INFRA


def test_an_empty_candidate_is_no_pass(bench: Bench) -> None:
    assert bench.run(ApplyGate(), {"a": "1"}, {"a": "1"}).skip is Skip.NOT_APPLICABLE
