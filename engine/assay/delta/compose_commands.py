"""The commands that follow from a report: land what was accepted, look at what was not.

Promises: pure. They name refs, ids and options, which no candidate chooses, and keep to the policy and the
options of the run: what lands is held to no other rules than what was graded.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.outcome import Severity
from assay.model.report import CandidateReport, Report
from assay.model.verdict import Decision
from assay.policy.overrides import ABOUT_TESTS, ACCEPTANCE, ALLOW, REQUIRE, TRUST_TESTS

SHORT = 10
"""Characters of a commit's name."""

_MOST_REFS = 6
_PACKS = ("default", "strict", "fast")
"""The packs that `land` does not take by itself."""
_LANDS_UNDER = ("agent", "assay.toml")
_VALUES = {ALLOW: " GLOB", ACCEPTANCE: " TESTS", REQUIRE: " LIST"}
"""What an option is to be given once more, which a report does not keep."""
_MEANT = "  # if its tests are meant to change"


def commands(report: Report) -> Iterator[str]:
    """One line each, as it can be typed, but for words in capitals."""
    if report.landed is not None:
        yield f"git show {report.landed.new[:SHORT]}"
        return
    candidates = [c for c in report.candidates if c.equivalent_to is None]
    accepted = _chosen(report, candidates)
    if report.command == "grade" and accepted:
        refs = [c.ref for c in accepted if c.ref]
        sources = " ".join(refs) if refs and len(refs) <= _MOST_REFS else "SOURCE..."
        yield f"assay land {sources} --onto BRANCH{_options(report)}"
    refused = [c for c in candidates if c.verdict is not Decision.ACCEPTED]
    if not refused:
        return
    yield f"assay audit show {report.transaction}"
    if refused[0].ref and report.command != "check":
        yield f"git show {refused[0].ref}"
    by_tests = next((c for c in refused if c.ref and _for_its_tests_alone(c)), None)
    if by_tests is not None and report.command != "check":
        yield f"assay grade {by_tests.ref}{_options(report)} {TRUST_TESTS}{_MEANT}"


def _options(report: Report) -> str:
    """The options that hold another run to the same rules."""
    name = report.policy.name
    words = "" if name in _LANDS_UNDER else f" --policy {name if name in _PACKS else 'FILE'}"
    return words + "".join(f" {option}{_VALUES.get(option, '')}" for option in report.policy.overrides)


def _for_its_tests_alone(candidate: CandidateReport) -> bool:
    """Whether what rejects a candidate is that it changes tests of the base, and nothing else."""
    found = [finding for gate in candidate.gates for finding in gate.findings]
    rules = {finding.rule for finding in found if finding.severity is Severity.ERROR}
    return candidate.rejected_by == "scope" and bool(rules) and rules <= ABOUT_TESTS


def _chosen(report: Report, candidates: list[CandidateReport]) -> list[CandidateReport]:
    """The accepted candidates, narrowed to the patch set where one was chosen."""
    members = report.patch_set.members if report.patch_set else ()
    return [c for c in candidates if c.verdict is Decision.ACCEPTED and (not members or c.id in members)]
