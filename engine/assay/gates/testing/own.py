"""The candidate's own new tests, where only the base's decide: run apart, after those.

Promises: the outcomes are evidence of what the candidate's author checked, never proof: passing own tests
turn nothing into a pass. Own tests that fail, twice, would break the branch that they land on, and so would
tests of the base that pass there and fail as the candidate changed them: what follows is the policy's
(`tests.own`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from assay.gates.testing import aside
from assay.gates.testing.bench import Bench
from assay.gates.testing.confirm import Confirmation
from assay.gates.testing.judge import MESSAGE_LIMIT, Trial, bounded, enriched, failure, finding, spoilt
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Case, Suite
from assay.gates.testing.trusted import own_files
from assay.model.outcome import Finding, GateResult, Outcome, Severity, infra
from assay.policy.schema import FlakyRule

FAILING = "tests/own-failing"
UNFINISHED = "tests/own-unfinished"


async def own_tests(bench: Bench, trial: Trial, result: GateResult) -> GateResult:
    """Run the tests that the base does not have, in the candidate's own tree."""
    rules, candidate = bench.toolbox.policy.tests, bench.candidate
    suffixes = {PurePosixPath(case.file).suffix for case in bench.on_base.suite.cases}
    files = own_files(bench.toolbox.repo, candidate, rules, suffixes)
    if not files or not rules.tests_of_base:
        return result
    assert candidate.tree is not None
    part = aside.Part(
        tree=candidate.tree,
        select=as_in_ids(files, bench.on_base.suite),
        label=f"own tests of {candidate.name}",
    )
    run = await aside.run(bench, part)
    if run.ended is not Ended.COMPLETE:
        return _unfinished(bench, run, result, rules.own)
    known = bench.on_base.suite.by_id()
    cases = own_cases(known, run.suite, files)
    suspects = [case.id for case in cases if case.result.bad]
    confirmation = await aside.confirmed(bench, part, suspects, known)
    if confirmation.trouble is not None and rules.own is Severity.ERROR:
        return spoilt(confirmation.trouble, bench.use)
    return _judged(bench, cases, confirmation, result)


def own_cases(known: Mapping[str, Case], found: Suite, files: Iterable[str]) -> tuple[Case, ...]:
    """The cases of `found` in these files that are not `known` to the base, or that it passes and that fail
    here. A file that cannot be collected is a case. Pure."""
    wanted = frozenset(files)
    return tuple(
        case
        for case in found.cases
        if case.file in wanted and (case.id not in known or (case.result.bad and known[case.id].result.good))
    )


def as_in_ids(files: Sequence[str], base: Suite) -> tuple[str, ...]:
    """Paths as test ids spell them: relative to pytest's root directory, which may be below the top. Pure."""
    for case in base.cases:
        named = case.id.split("::", 1)[0]
        if case.file and case.file != named and case.file.endswith(f"/{named}"):
            top = case.file.removesuffix(named)
            return tuple(posixpath.relpath(path, top) for path in files)
    return tuple(files)


def _judged(
    bench: Bench, cases: Sequence[Case], confirmation: Confirmation, result: GateResult
) -> GateResult:
    rules = bench.toolbox.policy.tests
    by_id = {case.id: case for case in cases}
    guilty = (*confirmation.culprits, *confirmation.unproven)
    confirmed = result.detail.get("confirmed", 0) + len(confirmation.culprits)
    passed = [case.id for case in cases if case.result.good]
    detail: dict[str, Any] = bounded({"own_passed": passed, "own_failed": sorted(guilty)})
    detail |= _with_flaky(result, confirmation) | {"confirmed": confirmed}
    findings = [
        finding(FAILING, test, by_id[test], f"{failure(test, by_id[test])} (the candidate's own)", rules.own)
        for test in guilty
    ]
    told = enriched(result, bench.use, findings, detail, own_tests=len(passed))
    if told.outcome is Outcome.FAILED or not confirmation.flaky or rules.own is not Severity.ERROR:
        return told
    if rules.flaky is FlakyRule.INCONCLUSIVE:
        test, (bad, runs) = next(iter(confirmation.flaky.items()))
        reason = f"the new test {test} is flaky: it failed in {bad} of {runs} runs"
        return infra(told.gate, reason, findings=told.findings, detail=told.detail, use=told.use)
    return told


def _with_flaky(result: GateResult, confirmation: Confirmation) -> dict[str, Any]:
    """The result's own lists of flaky tests and these: a result that chance had a hand in is not kept."""
    flaky = confirmation.flaky
    return {
        "flaky": [*result.detail.get("flaky", ()), *sorted(flaky)],
        "flaky_rates": {**result.detail.get("flaky_rates", {}), **{t: list(r) for t, r in flaky.items()}},
    }


def _unfinished(bench: Bench, run: Run, result: GateResult, severity: Severity) -> GateResult:
    """The own tests did not run to their end: no evidence, and if they are to pass, no pass."""
    if run.ended.machine and severity is Severity.ERROR:
        return spoilt(run, bench.use)
    words = f"the candidate's own new tests do not run to their end: pytest {run.why}"[:MESSAGE_LIMIT]
    findings: tuple[Finding, ...] = ()
    if not run.ended.machine:
        findings = (finding(UNFINISHED, "", None, words, severity),)
    detail = {"own_passed": [], "own_failed": [], "own_unfinished": words}
    return enriched(result, bench.use, findings, detail, own_tests=0)
